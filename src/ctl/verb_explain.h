#ifndef CTL_VERB_EXPLAIN_H
#define CTL_VERB_EXPLAIN_H

/*
 * explain [--json] [--config FILE] [--now INSTANT] [--trust PEM] [--intermediates PEM]
 *         [--holidays CSV] FILE|-
 *
 * Judges a record as the daemon would, with the built-in defaults where no configuration is given,
 * and writes each link's verdict with its trail; with --json one object (INTERFACES.md, "Offline
 * verbs"). A FILE named *.ndjson, and a standard input whose first line is an object by itself,
 * holds a record a line, and one object a line is written. Returns the program's exit status: 0
 * when every link is accepted or none, 1 when one is refused or held, 2 for wrong usage or when a
 * record cannot be read (named on standard error; the other lines are judged all the same).
 */
int verb_explain(int argc, char **argv);

#endif
