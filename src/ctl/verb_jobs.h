#ifndef CTL_VERB_JOBS_H
#define CTL_VERB_JOBS_H

/*
 * The verbs that look into the store itself, beside a daemon or without one: `jobs` lists, `show`
 * tells one job's life, `retry` gives a failed one another go. They return the exit status: 0, 1 (a
 * fault, or no such job), 2 (wrong usage or configuration).
 */
int verb_jobs(int argc, char **argv);
int verb_show(int argc, char **argv);
int verb_retry(int argc, char **argv);

#endif
