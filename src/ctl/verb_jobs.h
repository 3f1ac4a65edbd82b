#ifndef CTL_VERB_JOBS_H
#define CTL_VERB_JOBS_H

/*
 * The verbs that look into the store itself, beside a daemon or without one: `jobs` lists, `show`
 * tells one job's life. They return the exit status (enum store_status).
 */
int verb_jobs(int argc, char **argv);
int verb_show(int argc, char **argv);

#endif
