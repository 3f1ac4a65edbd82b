#ifndef OPS_JOURNAL_H
#define OPS_JOURNAL_H

/*
 * Sends the log to the journal with fields (MESSAGE, PRIORITY, SYSLOG_IDENTIFIER and the entry's
 * own) when standard error is connected to it ($JOURNAL_STREAM names its device and inode); plain
 * lines on standard error elsewhere.
 */
void journal_init(const char *identifier);

#endif
