#include "mock/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

struct ledger {
	int fd;
	int64_t lines;
};

static bool ledger_count(struct ledger *ledger, const char *path, struct error *error)
{
	char block[65536];
	off_t offset = 0;
	ssize_t size, i;

	while ((size = pread(ledger->fd, block, sizeof(block), offset)) > 0) {
		for (i = 0; i < size; i++)
			ledger->lines += block[i] == '\n';
		offset += size;
	}
	if (size < 0)
		return error_set(
			error, ERROR_PERMANENT, "%s: cannot be read: %s", path, strerror(errno));
	return true;
}

bool ledger_open(const char *path, struct ledger **ledger, struct error *error)
{
	struct ledger made = {.fd = -1, .lines = 0};

	if (path != NULL)
		made.fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	else
		made.fd = memfd_create("ledger", MFD_CLOEXEC);
	if (path == NULL)
		path = "the ledger in memory";
	if (made.fd < 0)
		return error_set(
			error, ERROR_PERMANENT, "%s: cannot be opened: %s", path, strerror(errno));
	if (!ledger_count(&made, path, error)) {
		close(made.fd);
		return false;
	}
	*ledger = xmemdup(&made, sizeof(made));
	return true;
}

void ledger_free(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	close(ledger->fd);
	free(ledger);
}

static struct json_object *text_or_null(const char *text)
{
	return text == NULL ? NULL : json_object_new_string(text);
}

void ledger_append(struct ledger *ledger, int64_t now_ms, const struct ledger_entry *entry)
{
	struct json_object *line = json_object_new_object();
	struct buffer out = {0};
	ssize_t written;

	json_object_object_add(line, "n", json_object_new_int64(++ledger->lines));
	json_object_object_add(line, "t", json_object_new_int64(now_ms));
	json_object_object_add(line, "service", json_object_new_string(entry->service));
	json_object_object_add(line, "code", json_object_new_string(entry->code));
	json_object_object_add(line, "fqdn", json_object_new_string(entry->fqdn));
	json_object_object_add(line, "idempotency_key", text_or_null(entry->idempotency_key));
	json_object_object_add(line, "fingerprint", json_object_new_string(entry->fingerprint));
	json_object_object_add(line, "fault", text_or_null(entry->fault));
	json_object_object_add(line, "effect", json_object_new_boolean(entry->effect));
	json_object_object_add(line, "replayed", json_object_new_boolean(entry->replayed));
	json_object_object_add(line, "status", json_object_new_int(entry->status));
	buffer_append_text(&out, json_object_to_json_string_ext(line,
					 JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	buffer_append_char(&out, '\n');
	json_object_put(line);
	/* One write a line: a reader at the same time never sees half of one. */
	written = write(ledger->fd, out.data, out.length);
	if (written < 0 || (size_t)written != out.length) {
		fprintf(stderr, "certinstall-mock: the ledger cannot be written: %s\n",
			written < 0 ? strerror(errno) : "disk full");
		abort();
	}
	buffer_free(&out);
}

bool ledger_read(
	const struct ledger *ledger, size_t maximum, struct buffer *out, struct error *error)
{
	struct stat status;
	char block[65536];
	const char *line_end;
	off_t offset = 0;
	ssize_t size;
	bool inside;

	if (fstat(ledger->fd, &status) != 0)
		return error_set(
			error, ERROR_TEMPORARY, "ledger cannot be read: %s", strerror(errno));
	if (status.st_size > (off_t)maximum)
		offset = status.st_size - (off_t)maximum;
	inside = offset > 0;
	while ((size = pread(ledger->fd, block, sizeof(block), offset)) > 0) {
		offset += size;
		line_end = inside ? memchr(block, '\n', (size_t)size) : NULL;
		if (inside && line_end == NULL)
			continue;
		if (inside)
			buffer_append(out, line_end + 1, (size_t)(block + size - line_end - 1));
		else
			buffer_append(out, block, (size_t)size);
		inside = false;
	}
	if (size < 0)
		return error_set(
			error, ERROR_TEMPORARY, "ledger cannot be read: %s", strerror(errno));
	return true;
}
