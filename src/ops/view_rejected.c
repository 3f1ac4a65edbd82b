#include "ops/view_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/words.h"

/*
 * What the spool set aside: a file's bad lines in rejected/, and beside them, as NAME.reason, why,
 * line by line. Whoever may write into the spool may have put anything there.
 */
#define ENTRIES_MAX 10000
#define FILES_MAX 200
#define FILE_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define ALL_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define TOLD_MAX 5

static const char suffix[] = ".reason";

struct entry {
	char *name; /* of the records, without the suffix */
	int64_t at_ms;
};

struct search {
	const char *names[2]; /* as it is normal, and as it was typed */
	struct json_object *say;
	int directory;
	struct entry *entries;
	size_t count;
	size_t bytes; /* read so far */
	size_t told;
	bool more; /* not all was looked through */
};

/* ---- which files ---- */

static void add_entry(struct search *search, const char *name)
{
	size_t length = strlen(name), suffix_length = sizeof(suffix) - 1;
	struct stat status;

	if (name[0] == '.' || length <= suffix_length ||
		strcmp(name + length - suffix_length, suffix) != 0 ||
		fstatat(search->directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	search->entries =
		xreallocarray(search->entries, search->count + 1, sizeof(*search->entries));
	search->entries[search->count++] =
		(struct entry){.name = xstrndup(name, length - suffix_length),
			.at_ms = (int64_t)status.st_mtim.tv_sec * 1000};
}

/* The newest first. */
static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	if (left->at_ms != right->at_ms)
		return left->at_ms < right->at_ms ? 1 : -1;
	return strcmp(left->name, right->name);
}

static bool list(struct search *search)
{
	int fd = openat(search->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *found;
	size_t i;

	if (stream == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	for (i = 0; i < ENTRIES_MAX && (found = readdir(stream)) != NULL; i++)
		add_entry(search, found->d_name);
	search->more = i == ENTRIES_MAX;
	closedir(stream);
	if (search->count > 0)
		qsort(search->entries, search->count, sizeof(*search->entries), compare_entries);
	return true;
}

/* False when it is none that can be read, or more than is looked through. */
static bool read_file(struct search *search, const char *name, struct buffer *text)
{
	int fd = openat(search->directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	char part[16384];
	ssize_t got = -1;

	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		while (text->length <= FILE_BYTES_MAX && (got = read(fd, part, sizeof(part))) > 0)
			buffer_append(text, part, (size_t)got);
	}
	/* Of a record, which holds a key. */
	explicit_bzero(part, sizeof(part));
	close(fd);
	search->bytes += text->length;
	if (text->length > FILE_BYTES_MAX)
		search->more = true;
	return got == 0;
}

/* ---- what is in them ---- */

static bool is_of_name(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '.' || byte == '_' ||
	       byte == '*' || byte >= 0x80;
}

/* Whether NAME stands by itself in what may be no JSON at all. */
static bool holds(const char *text, size_t length, const char *name)
{
	size_t size = strlen(name), i;

	for (i = 0; i + size <= length; i++) {
		if ((i == 0 || !is_of_name((unsigned char)text[i - 1])) &&
			strncasecmp(text + i, name, size) == 0 &&
			(i + size == length || !is_of_name((unsigned char)text[i + size])))
			return true;
	}
	return false;
}

static bool holds_either(const struct search *search, const char *text, size_t length)
{
	return holds(text, length, search->names[0]) || holds(text, length, search->names[1]);
}

/* The length of the line at *AT of TEXT, of which SIZE bytes are left; moves behind it. */
static const char *next_line(const char **at, const char *end, size_t *length)
{
	const char *line = *at, *close = memchr(line, '\n', (size_t)(end - line));

	*length = (size_t)((close != NULL ? close : end) - line);
	*at = close != NULL ? close + 1 : end;
	return line;
}

static void tell(
	struct search *search, const struct entry *entry, const char *reason, size_t length)
{
	char when[VIEW_WHEN_MAX];

	search->told++;
	view_when(when, entry->at_ms);
	view_say(search->say,
		_("A record that names it was rejected on %s and is not in force: %s, %.*s. See "
		  "\"certinstallctl rejected\"."),
		when, entry->name, (int)length, reason);
}

/* The reasons are one a line, in the order of the records, where those are one a line. */
static void look_through(struct search *search, const struct entry *entry,
	const struct buffer *records, const struct buffer *reasons)
{
	const char *record = (const char *)records->data, *record_end = record + records->length;
	const char *reason = (const char *)reasons->data, *reason_end = reason + reasons->length;
	size_t record_length, reason_length;

	if (strncmp(reason, "line ", 5) != 0) {
		const char *first = next_line(&reason, reason_end, &reason_length);

		if (holds_either(search, record, records->length))
			tell(search, entry, first, reason_length);
		return;
	}
	while (record < record_end && reason < reason_end && search->told < TOLD_MAX) {
		const char *one = next_line(&record, record_end, &record_length);
		const char *why = next_line(&reason, reason_end, &reason_length);

		if (holds_either(search, one, record_length))
			tell(search, entry, why, reason_length);
	}
}

static void look_at(struct search *search, const struct entry *entry)
{
	char *name = xasprintf("%s%s", entry->name, suffix);
	struct buffer records = {0}, reasons = {0};

	if (read_file(search, name, &reasons) && read_file(search, entry->name, &records) &&
		records.length > 0 && reasons.length > 0)
		look_through(search, entry, &records, &reasons);
	buffer_free(&records);
	buffer_free(&reasons);
	free(name);
}

void view_rejected(const struct view_context *view, const char *normal, const char *typed,
	struct json_object *sentences)
{
	struct search search = {.names = {normal, typed}, .say = sentences};
	char *path = xasprintf("%s/rejected", view->config->spool);
	size_t i;

	search.directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (search.directory < 0 || !list(&search)) {
		if (errno != ENOENT)
			view_say(sentences, _("%s cannot be looked through: %s."), path,
				strerror(errno));
	}
	for (i = 0; i < search.count && i < FILES_MAX && search.bytes < ALL_BYTES_MAX &&
		    search.told < TOLD_MAX;
		i++)
		look_at(&search, &search.entries[i]);
	if (search.more || i < search.count)
		view_say(sentences,
			_("Not all of %s was looked through, the newest files first; see "
			  "\"certinstallctl rejected\"."),
			path);
	for (i = 0; i < search.count; i++)
		free(search.entries[i].name);
	free(search.entries);
	if (search.directory >= 0)
		close(search.directory);
	free(path);
}
