#include "ops/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Else every entry would name the line of the call below. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/clock.h"
#include "ops/journal_private.h"

/* MESSAGE, PRIORITY and SYSLOG_IDENTIFIER come before an entry's own fields. */
#define OWN_FIELDS 3
#define FIELDS_MAX (OWN_FIELDS + 16)

bool journal_is_stream(const char *stream, int fd)
{
	uintmax_t device, inode;
	struct stat status;
	char *end = NULL;

	if (stream == NULL || *stream < '0' || *stream > '9')
		return false;
	errno = 0;
	device = strtoumax(stream, &end, 10);
	if (errno != 0 || *end != ':' || end[1] < '0' || end[1] > '9')
		return false;
	inode = strtoumax(end + 1, &end, 10);
	return errno == 0 && *end == '\0' && fstat(fd, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

size_t journal_line(char target[JOURNAL_LINE_MAX], bool stamped, int64_t now_ms,
	enum log_level level, const char *message)
{
	char time[CIVIL_INSTANT_MAX] = "";
	const char *name = "";
	int length;

	if (stamped)
		civil_format_instant(time, now_ms, TOKYO_OFFSET_MIN);
	if (level == LOG_LEVEL_ERROR)
		name = "error: ";
	else if (level == LOG_LEVEL_WARNING)
		name = "warning: ";
	else if (level == LOG_LEVEL_DEBUG)
		name = "debug: ";
	length = snprintf(
		target, JOURNAL_LINE_MAX, "%s%s%s%s\n", time, stamped ? " " : "", name, message);
	if (length < 0)
		return 0;
	if (length >= JOURNAL_LINE_MAX) {
		length = JOURNAL_LINE_MAX - 1;
		target[length - 1] = '\n';
	}
	return (size_t)length;
}

/* Whoever looks at a terminal sees when lines come. */
static bool to_terminal;

static void write_line(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	char line[JOURNAL_LINE_MAX];
	size_t length;

	(void)context;
	(void)fields;
	(void)field_count;
	length = journal_line(line, !to_terminal, clock_wall_ms(clock_system()), level, message);
	/* One write, so that lines of two processes do not mix. */
	if (write(STDERR_FILENO, line, length) < 0) {
		/* Nobody is left to be told. */
	}
}

static void send_entry(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	struct iovec vectors[FIELDS_MAX];
	char *texts[FIELDS_MAX];
	size_t i, count = 0;

	texts[count++] = xasprintf("MESSAGE=%s", message);
	texts[count++] = xasprintf("PRIORITY=%d", (int)level);
	texts[count++] = xasprintf("SYSLOG_IDENTIFIER=%s", (const char *)context);
	for (i = 0; i < field_count && count < FIELDS_MAX; i++)
		texts[count++] = xasprintf("%s=%s", fields[i].name, fields[i].value);
	for (i = 0; i < count; i++)
		vectors[i] = (struct iovec){texts[i], strlen(texts[i])};
	/* Without a journal to take it, standard error may still be read by somebody. */
	if (sd_journal_sendv(vectors, (int)count) < 0)
		write_line(NULL, level, message, NULL, 0);
	for (i = 0; i < count; i++)
		free(texts[i]);
}

void journal_init(const char *identifier)
{
	static char kept[64];

	snprintf(kept, sizeof(kept), "%s", identifier);
	to_terminal = isatty(STDERR_FILENO) == 1;
	if (journal_is_stream(getenv("JOURNAL_STREAM"), STDERR_FILENO))
		log_set_sink(send_entry, kept);
	else
		log_set_sink(write_line, NULL);
}
