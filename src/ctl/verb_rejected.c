#include "ctl/verb_rejected.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/file.h"
#include "base/text.h"
#include "ctl/calendar_request.h"
#include "ctl/store_request.h"

/* A file of reasons has some thousand lines at most; more is another's. */
#define REASONS_MAX ((size_t)1024 * 1024)
#define REASON_MAX 600

struct listing {
	bool json;
	size_t count;
	struct json_object *records;
	struct json_object *files;
};

/* ---- the feed's ---- */

static void list_record(void *context, const struct store_set_aside *entry)
{
	struct listing *listing = context;
	char at[CIVIL_INSTANT_MAX], digest[65], revision[24] = "-";

	civil_format_instant(at, entry->at_ms, TOKYO_OFFSET_MIN);
	if (listing->json) {
		struct json_object *object = json_object_new_object();

		text_hex(digest, entry->digest, sizeof(entry->digest));
		json_object_object_add(object, "id", json_object_new_int64(entry->id));
		json_add_text(object, "source", entry->source);
		json_object_object_add(object, "contract",
			entry->contract[0] != '\0' ? json_object_new_string(entry->contract)
						   : NULL);
		json_object_object_add(object, "revision",
			entry->revision >= 0 ? json_object_new_int64(entry->revision) : NULL);
		json_add_text(object, "at", at);
		json_add_text(object, "digest_sha256", digest);
		json_add_text(object, "reason", entry->reason);
		json_object_array_add(listing->records, object);
		return;
	}
	if (entry->revision >= 0)
		snprintf(revision, sizeof(revision), "%" PRId64, entry->revision);
	if (listing->count++ == 0)
		printf("%8s %-16s %8s %-25s %s\n", "ID", "CONTRACT", "REVISION", "SINCE", "REASON");
	printf("%8" PRId64 " %-16s %8s %-25s %s\n", entry->id,
		entry->contract[0] != '\0' ? entry->contract : "-", revision, at, entry->reason);
}

/* ---- the spool's ---- */

static int is_reason(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 7 &&
	       strcmp(entry->d_name + length - 7, ".reason") == 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The lines of TEXT, made fit for a terminal. */
static void list_lines(struct listing *listing, char *text, struct json_object *reasons)
{
	char *rest = NULL, *line, clean[REASON_MAX];

	for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		text_sanitise(clean, sizeof(clean), line, strlen(line));
		if (listing->json)
			json_object_array_add(reasons, json_object_new_string(clean));
		else
			printf("    %s\n", clean);
	}
}

static bool list_file(
	struct listing *listing, const char *directory, const char *name, struct error *error)
{
	char *path = xasprintf("%s/%s", directory, name), clean[NAME_MAX + 1], *copy;
	struct json_object *object = NULL, *reasons = NULL;
	struct buffer text = {0};
	bool done = file_read(path, REASONS_MAX, &text, error);

	if (done) {
		text_sanitise(clean, sizeof(clean), name, strlen(name) - 7);
		if (listing->json) {
			object = json_object_new_object();
			reasons = json_object_new_array();
			json_add_text(object, "file", clean);
			json_object_object_add(object, "reasons", reasons);
			json_object_array_add(listing->files, object);
		} else {
			listing->count++;
			printf("%s/%s\n", directory, clean);
		}
		copy = buffer_steal_text(&text);
		list_lines(listing, copy, reasons);
		free(copy);
	}
	buffer_free(&text);
	free(path);
	return done;
}

static bool list_spool(struct listing *listing, const char *spool, struct error *error)
{
	char *directory = xasprintf("%s/rejected", spool);
	struct dirent **names = NULL;
	int count = scandir(directory, &names, is_reason, compare_names), i;
	bool done = true;

	if (count < 0 && errno != ENOENT)
		done = error_set(error, ERROR_TEMPORARY, "%s: cannot be read: %s", directory,
			strerror(errno));
	for (i = 0; i < count; i++) {
		done = done && list_file(listing, directory, names[i]->d_name, error);
		free(names[i]);
	}
	free(names);
	free(directory);
	return done;
}

/* ---- the verb ---- */

static int list(struct store_request *request)
{
	struct listing listing = {.json = request->json};
	struct json_object *object = json_object_new_object();
	struct error error;
	bool done;

	listing.records = json_object_new_array();
	listing.files = json_object_new_array();
	json_object_object_add(object, "records", listing.records);
	json_object_object_add(object, "files", listing.files);
	done = store_set_aside_list(request->store, list_record, &listing, &error);
	if (done && request->config->spool != NULL)
		done = list_spool(&listing, request->config->spool, &error);
	if (done && request->json) {
		json_print(object);
		putchar('\n');
	} else {
		if (done && listing.count == 0)
			puts("nothing was set aside");
		json_object_put(object);
	}
	return done ? STORE_DONE : store_request_fault(request, error.text);
}

static int discard(struct store_request *request)
{
	struct error error;
	int64_t id;
	bool found;

	if (!store_request_id(request, request->discard, &id))
		return STORE_USAGE;
	if (!store_set_aside_discard(request->store, id, &found, &error))
		return store_request_fault(request, error.text);
	if (!found)
		return store_request_fault(request, "there is no such record");
	if (request->json)
		printf("{\"discarded\":%" PRId64 "}\n", id);
	else
		printf("record %" PRId64 " is discarded\n", id);
	return STORE_DONE;
}

int verb_rejected(int argc, char **argv)
{
	static const struct store_verb verb = {"rejected", "",
		"  --discard ID     forgets a set-aside record of the feed; the files of the "
		"spool\n"
		"                   are deleted by hand\n",
		STORE_TAKES_DISCARD};
	struct store_request request;
	int status;

	if (store_request_begin(&request, &verb, argc, argv, &status)) {
		if (request.operand_count > 0) {
			store_request_fault(&request, "takes no operands");
			status = STORE_USAGE;
		} else {
			status = request.discard != NULL ? discard(&request) : list(&request);
		}
	}
	return store_request_end(&request, status);
}
