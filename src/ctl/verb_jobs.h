#ifndef CTL_VERB_JOBS_H
#define CTL_VERB_JOBS_H

/* The verb `jobs`: lists what is in the store. Returns the exit status (enum store_status). */
int verb_jobs(int argc, char **argv);

#endif
