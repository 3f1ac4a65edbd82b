#include "ctl/verb_jobs.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/clock.h"
#include "base/text.h"
#include "ctl/calendar_request.h"
#include "ctl/store_request.h"
#include "domain/overdue.h"

#define FILTER_HELP                                                                                \
	"  --state STATE    only jobs in it (scheduled, retrying, failed, refused, ...)\n"         \
	"  --service ID     only jobs of this service\n"                                           \
	"  --contract CODE  only jobs of this contract\n"                                          \
	"  --fqdn NAME      only jobs of this host name\n"                                         \
	"  --overdue        only jobs that should have been done\n"

#define OVERDUE_TEXT_MAX 96

/* Why JOB is overdue, as TEXT too; "" when it is not. */
static enum overdue overdue_of(const struct store_job *job, char text[OVERDUE_TEXT_MAX])
{
	enum overdue overdue = job_overdue(
		job->state, job->due_ms, job->revoked_ms, clock_wall_ms(clock_system()));

	overdue_text(overdue, job->due_ms, job->revoked_ms, text, OVERDUE_TEXT_MAX);
	return overdue;
}

static void add_overdue(struct json_object *object, const struct store_job *job)
{
	struct json_object *overdue = NULL;
	char text[OVERDUE_TEXT_MAX];
	enum overdue why = overdue_of(job, text);

	if (why != OVERDUE_NOT) {
		overdue = json_object_new_object();
		json_add_text(overdue, "reason", overdue_name(why));
		json_add_text(overdue, "text", text);
	}
	json_object_object_add(object, "overdue", overdue);
}

/* The contract that a held job waits for, NULL for any other; to be freed. */
static char *holder_of(struct store *store, const struct store_job *job)
{
	struct store_tenant *tenants;
	char *holder = NULL;
	struct error error;
	size_t i, count;

	if (job->state != JOB_HELD || !store_tenants_of_pair(store, job->service, job->service_code,
					      &tenants, &count, &error))
		return NULL;
	for (i = 0; i < count && holder == NULL; i++) {
		if (tenants[i].holds)
			holder = xstrdup(tenants[i].contract);
	}
	store_tenants_free(tenants, count);
	return holder;
}

static struct json_object *job_json(struct store *store, const struct store_job *job)
{
	char *holder = holder_of(store, job);
	struct json_object *object = json_object_new_object();
	char fingerprint[FINGERPRINT_TEXT_MAX];

	text_hex(fingerprint, job->fingerprint, FINGERPRINT_SIZE);
	json_object_object_add(object, "job", json_object_new_int64(job->id));
	json_add_text(object, "contract", job->contract);
	json_add_text(object, "service", job->service);
	json_add_text(object, "service_code", job->service_code);
	json_add_text(object, "fqdn", job->fqdn);
	json_add_text(object, "fingerprint_sha256", fingerprint);
	json_add_text(object, "state", job_state_name(job->state));
	if (holder != NULL)
		json_add_text(object, "holder", holder);
	else
		json_object_object_add(object, "holder", NULL);
	free(holder);
	json_add_instant(object, "due", job->due_ms);
	json_add_instant(object, "next", job->next_ms);
	json_object_object_add(object, "attempts", json_object_new_int(job->attempts));
	json_object_object_add(object, "guarded", json_object_new_boolean(job->guarded));
	json_add_text(object, "detail", job->detail);
	json_add_instant(object, "replaced_revoked", job->revoked_ms);
	add_overdue(object, job);
	return object;
}

/* ---- jobs ---- */

struct listing {
	const struct store_request *request;
	size_t count;
};

static void list_job(void *context, const struct store_job *job)
{
	struct listing *listing = context;
	char due[CIVIL_INSTANT_MAX] = "-", why[OVERDUE_TEXT_MAX], *holder;
	enum overdue overdue = overdue_of(job, why);

	if (listing->request->only_overdue && overdue == OVERDUE_NOT)
		return;
	if (listing->request->json) {
		fputs(listing->count++ > 0 ? "," : "", stdout);
		json_print(job_json(listing->request->store, job));
		return;
	}
	if (job->due_ms != 0)
		civil_format_instant(due, job->due_ms, TOKYO_OFFSET_MIN);
	if (listing->count++ == 0)
		printf("%8s %-10s %-16s %-14s %-25s %s\n", "JOB", "STATE", "CONTRACT", "SERVICE",
			"DUE", "FQDN");
	holder = holder_of(listing->request->store, job);
	printf("%8" PRId64 " %-10s %-16s %-14s %-25s %s%s%s%s%s\n", job->id,
		job_state_name(job->state), job->contract, job->service, due, job->fqdn,
		holder != NULL ? ", waits for " : "", holder != NULL ? holder : "",
		overdue != OVERDUE_NOT ? ", overdue: " : "", why);
	free(holder);
}

static int run_jobs(struct store_request *request)
{
	struct listing listing = {.request = request};
	struct error error;
	bool done;

	if (request->json)
		fputs("{\"jobs\":[", stdout);
	done = store_jobs_list(request->store, &request->filter, list_job, &listing, &error);
	if (request->json)
		puts("]}");
	else if (done && listing.count == 0)
		puts("no jobs");
	return done ? STORE_DONE : store_request_fault(request, error.text);
}

int verb_jobs(int argc, char **argv)
{
	static const struct store_verb verb = {"jobs", "", FILTER_HELP, STORE_TAKES_FILTER};
	struct store_request request;
	int status;

	if (store_request_begin(&request, &verb, argc, argv, &status))
		status = run_jobs(&request);
	return store_request_end(&request, status);
}

/* ---- show ---- */

static const char *kind_name(enum attempt_kind kind)
{
	static const char *const names[] = {
		[ATTEMPT_PUSH] = "push",
		[ATTEMPT_VERIFY] = "verify",
		[ATTEMPT_FOLLOW] = "follow",
		[ATTEMPT_READ_BACK] = "read-back",
		[ATTEMPT_ACT] = "act",
	};

	return names[kind];
}

static void show_attempt(void *context, const struct store_attempt *attempt)
{
	char at[CIVIL_INSTANT_MAX], status[16] = "";

	(void)context;
	civil_format_instant(at, attempt->at_ms, TOKYO_OFFSET_MIN);
	if (attempt->status != 0)
		snprintf(status, sizeof(status), " HTTP %d", attempt->status);
	printf("  %s  try %d  %-9s %-11s%s %" PRId64 " ms  %s\n", at, attempt->number,
		kind_name(attempt->kind), attempt->outcome, status, attempt->duration_ms,
		attempt->text);
	if (attempt->excerpt != NULL && attempt->excerpt[0] != '\0')
		printf("    answer: %s\n", attempt->excerpt);
}

static void add_attempt(void *context, const struct store_attempt *attempt)
{
	struct json_object *object = json_object_new_object();

	json_add_instant(object, "at", attempt->at_ms);
	json_object_object_add(object, "try", json_object_new_int(attempt->number));
	json_add_text(object, "kind", kind_name(attempt->kind));
	json_add_text(object, "outcome", attempt->outcome);
	json_object_object_add(object, "status", json_object_new_int(attempt->status));
	json_object_object_add(object, "duration_ms", json_object_new_int64(attempt->duration_ms));
	json_add_text(object, "text", attempt->text);
	json_add_text(object, "excerpt", attempt->excerpt != NULL ? attempt->excerpt : "");
	json_object_array_add(context, object);
}

/* One line of a stored trail: rule, outcome and text, with tabs between. */
static void each_trail_line(char *trail, struct json_object *array)
{
	char *rest = NULL, *line;

	for (line = strtok_r(trail, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		char *outcome = strchr(line, '\t'), *text;
		struct json_object *object;

		if (outcome == NULL || (text = strchr(outcome + 1, '\t')) == NULL)
			continue;
		*outcome++ = '\0';
		*text++ = '\0';
		if (array == NULL) {
			printf("  %-11s %-7s %s\n", line, outcome, text);
			continue;
		}
		object = json_object_new_object();
		json_add_text(object, "rule", line);
		json_add_text(object, "outcome", outcome);
		json_add_text(object, "text", text);
		json_object_array_add(array, object);
	}
}

static bool show_json(struct store_request *request, const struct store_job *job, char *trail,
	struct error *error)
{
	struct json_object *object = job_json(request->store, job),
			   *lines = json_object_new_array(), *attempts = json_object_new_array();
	bool done = store_attempts(request->store, job->id, add_attempt, attempts, error);

	each_trail_line(trail, lines);
	json_object_object_add(object, "trail", lines);
	json_object_object_add(object, "tries", attempts);
	json_print(object);
	putchar('\n');
	return done;
}

static bool show_text(struct store_request *request, const struct store_job *job, char *trail,
	struct error *error)
{
	char fingerprint[FINGERPRINT_TEXT_MAX], due[CIVIL_INSTANT_MAX], next[CIVIL_INSTANT_MAX];
	char why[OVERDUE_TEXT_MAX];

	text_hex(fingerprint, job->fingerprint, FINGERPRINT_SIZE);
	printf("Job %" PRId64 ": contract %s, %s %s %s\n", job->id, job->contract, job->service,
		job->service_code, job->fqdn);
	printf("  certificate %s\n", fingerprint);
	printf("  %s%s%s\n", job_state_name(job->state), job->detail[0] != '\0' ? ": " : "",
		job->detail);
	if (job->due_ms != 0) {
		civil_format_instant(due, job->due_ms, TOKYO_OFFSET_MIN);
		printf("  due %s (%s)\n", due,
			civil_weekday_name(
				civil_weekday(civil_day_of(job->due_ms, TOKYO_OFFSET_MIN))));
	}
	if (job->next_ms != 0 && job->next_ms != job->due_ms) {
		civil_format_instant(next, job->next_ms, TOKYO_OFFSET_MIN);
		printf("  next at %s\n", next);
	}
	if (job->guarded && !job_state_is_final(job->state))
		puts("  of before a restore: the service is asked what it has before a push");
	if (overdue_of(job, why) != OVERDUE_NOT)
		printf("  overdue: %s\n", why);
	puts("Rules");
	each_trail_line(trail, NULL);
	puts("Tries");
	return store_attempts(request->store, job->id, show_attempt, NULL, error);
}

static int run_show(struct store_request *request)
{
	struct buffer trail = {0};
	struct store_job job = {0};
	struct error error;
	char *text;
	int64_t id;
	bool found = false, done;

	if (request->operand_count != 1) {
		store_request_fault(request, "which job? Give one number; see certinstallctl jobs");
		return STORE_USAGE;
	}
	if (!store_request_id(request, request->operands[0], &id))
		return STORE_USAGE;
	if (!store_job_get(request->store, id, &job, &found, &error))
		return store_request_fault(request, error.text);
	if (!found)
		return store_request_fault(request, "there is no such job");
	done = store_job_trail(request->store, id, &trail, &error);
	text = buffer_steal_text(&trail);
	if (done)
		done = request->json ? show_json(request, &job, text, &error)
				     : show_text(request, &job, text, &error);
	free(text);
	store_job_clear(&job);
	return done ? STORE_DONE : store_request_fault(request, error.text);
}

int verb_show(int argc, char **argv)
{
	static const struct store_verb verb = {"show", "JOB", "", 0};
	struct store_request request;
	int status;

	if (store_request_begin(&request, &verb, argc, argv, &status))
		status = run_show(&request);
	return store_request_end(&request, status);
}
