#ifndef CTL_VERB_ACTS_H
#define CTL_VERB_ACTS_H

/* What operators change; each returns the exit status. */
int verb_retry(int argc, char **argv);
int verb_cancel(int argc, char **argv);
int verb_release(int argc, char **argv);
int verb_pause(int argc, char **argv);
int verb_resume(int argc, char **argv);
int verb_import(int argc, char **argv);

#endif
