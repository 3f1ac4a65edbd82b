#ifndef CTL_VERB_CALENDAR_H
#define CTL_VERB_CALENDAR_H

/*
 * The offline verbs that answer from the calendar alone; they need no daemon and no store. ARGV[0]
 * is the verb, the rest its options and operands. They write to standard output, and what is wrong,
 * with what to do about it, to standard error. Each returns the program's exit status: 0 done, 1 a
 * disk or pipe did not do its part, 2 wrong usage or a file that cannot be taken.
 */

/*
 * due --service ID [--config FILE] [--holidays CSV] [--json] INSTANT…
 *
 * Writes the due instant of each INSTANT (RFC 3339) on a line of its own, in Japanese time, in the
 * order given; "-" stands for the lines of standard input, of which there may be any number; empty
 * ones are passed over. With
 * --json {"service","due":[{"instant","due"}]}. Stops at the first instant that is none or lies
 * outside the years of which the holidays are known.
 */
int verb_due(int argc, char **argv);

/*
 * holidays [--holidays CSV] [--json] FROM TO
 *
 * Writes "YYYY-MM-DD,name" for each national holiday of the years FROM to TO. With --json
 * {"from","to","holidays":[{"date","name"}]}.
 */
int verb_holidays(int argc, char **argv);

/*
 * calendar [--config FILE] [--holidays CSV] [--json] YYYY-MM
 *
 * Draws the month, a '*' before each closed day; below it why each one is closed that is no mere
 * weekend, and how many business days there are. With --json
 * {"month","business_days","days":[{"date","weekday","business","kind","why"}]}.
 */
int verb_calendar(int argc, char **argv);

#endif
