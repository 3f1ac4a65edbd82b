#include "ctl/verb_jobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/words.h"
#include "ctl/store_request.h"
#include "ctl/table.h"
#include "ctl/view_request.h"
#include "ops/json_say.h"

#define QUERY_HELP                                                                                 \
	"  --state STATE    only jobs in it (scheduled, retrying, failed, refused, ...);\n"        \
	"                   several: again, or with commas\n"                                      \
	"  --service ID     only jobs of this service\n"                                           \
	"  --contract CODE  only jobs of this contract\n"                                          \
	"  --fqdn NAME      only jobs of this host name\n"                                         \
	"  --due-after DAY  only jobs due on it or later (2026-11-24, or an instant)\n"            \
	"  --due-before DAY only jobs due up to its end\n"                                         \
	"  --overdue        only jobs that should have been done\n"                                \
	"  --sort KEY       by id (the default), due, state, service, fqdn, or next (when they\n"  \
	"                   are acted on)\n"                                                       \
	"  --limit N        the first N\n"

/* ---- jobs ---- */

struct listing {
	const struct store_request *request;
	struct table *table; /* NULL for JSON */
	size_t count;
};

static enum paint paint_of(const char *state, bool overdue)
{
	enum job_state known;

	if (overdue)
		return PAINT_RED;
	if (!job_state_from_name(state, &known))
		return PAINT_PLAIN;
	if (known == JOB_INSTALLED)
		return PAINT_GREEN;
	if (known == JOB_FAILED || known == JOB_REFUSED)
		return PAINT_RED;
	return known == JOB_RETRYING || known == JOB_HELD ? PAINT_YELLOW : PAINT_PLAIN;
}

static void list_row(struct table *table, struct json_object *job)
{
	const char *state = json_said_text(job, "state"), *holder = json_said_text(job, "holder");
	const char *why = json_said_text(json_said(job, "overdue"), "text");
	enum paint paint = paint_of(state, why != NULL);
	char due[WHEN_TEXT_MAX];

	view_when_text(due, job, "due");
	table_cell(table, PAINT_PLAIN, "%" PRId64, json_said_int(job, "job"));
	table_cell(table, paint, "%s", state);
	table_cell(table, PAINT_PLAIN, "%s", json_said_text(job, "contract"));
	table_cell(table, PAINT_PLAIN, "%s", json_said_text(job, "service"));
	table_cell(table, PAINT_PLAIN, "%s", due);
	if (holder != NULL)
		table_cell(table, PAINT_PLAIN, _("%s, waits for %s"), json_said_text(job, "fqdn"),
			holder);
	else if (why != NULL)
		table_cell(
			table, PAINT_PLAIN, _("%s, overdue: %s"), json_said_text(job, "fqdn"), why);
	else
		table_cell(table, PAINT_PLAIN, "%s", json_said_text(job, "fqdn"));
}

/* One page of the answer; *LAST is its last job's number. */
static void list_page(struct listing *listing, struct json_object *jobs, int64_t *last)
{
	size_t i, count = json_object_array_length(jobs);

	for (i = 0; i < count; i++) {
		struct json_object *job = json_object_array_get_idx(jobs, i);

		*last = json_said_int(job, "job");
		if (listing->table != NULL)
			list_row(listing->table, job);
		else
			printf("%s%s", listing->count > 0 ? "," : "", json_line(job));
		listing->count++;
	}
	if (listing->table != NULL)
		table_flush(listing->table);
}

/* Page after page, where the order is the numbers'; else all at once. */
static bool list(struct listing *listing, bool *more, struct error *error)
{
	struct view_jobs_query query = listing->request->query;
	size_t limit = query.limit;
	bool paged = query.sort == VIEW_SORT_ID;

	do {
		size_t left = limit > 0 ? limit - listing->count : VIEW_JOBS_MAX;
		struct json_object *answer;

		query.limit = paged && left > VIEW_JOBS_DEFAULT ? VIEW_JOBS_DEFAULT : left;
		if (!view_request_jobs(listing->request, &query, &answer, error))
			return false;
		list_page(listing, json_said(answer, "jobs"), &query.after_id);
		*more = json_said_bool(answer, "more");
		json_object_put(answer);
	} while (paged && *more && (limit == 0 || listing->count < limit));
	return true;
}

static int run_jobs(struct store_request *request)
{
	const struct table_column columns[] = {
		{_("JOB"), true, 0},
		{_("STATE"), false, 0},
		{_("CONTRACT"), false, 8},
		{_("SERVICE"), false, 6},
		{_("DUE"), false, 0},
		{_("FQDN"), false, 12},
	};
	struct listing listing = {.request = request};
	struct error error;
	bool done, more = false;

	if (request->json)
		fputs("{\"jobs\":[", stdout);
	else
		listing.table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	done = list(&listing, &more, &error);
	if (listing.table != NULL)
		table_end(listing.table);
	if (request->json)
		printf("],\"more\":%s}\n", more ? "true" : "false");
	else if (done && listing.count == 0)
		puts(_("no jobs"));
	else if (done && more)
		puts(_("... and more"));
	return done ? STORE_DONE : store_request_fault(request, error.text);
}

int verb_jobs(int argc, char **argv)
{
	static const struct store_verb verb = {"jobs", "", QUERY_HELP, STORE_TAKES_QUERY};
	struct store_request request;
	int status;

	if (store_request_begin_asking(&request, &verb, argc, argv, &status))
		status = run_jobs(&request);
	return store_request_end(&request, status);
}
