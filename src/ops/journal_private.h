#ifndef OPS_JOURNAL_PRIVATE_H
#define OPS_JOURNAL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

/* The parts of the journal's sink that are tested by themselves. */

/* True when STREAM, as $JOURNAL_STREAM has it ("device:inode"), is what FD is open to. */
bool journal_is_stream(const char *stream, int fd);

#define JOURNAL_LINE_MAX 2200
/*
 * The line of an entry, with its break: "2026-11-22T17:24:35+09:00 warning: ..." or, when STAMPED
 * is false (a terminal), without the time. Returns its length.
 */
size_t journal_line(char target[JOURNAL_LINE_MAX], bool stamped, int64_t now_ms,
	enum log_level level, const char *message);

#endif
