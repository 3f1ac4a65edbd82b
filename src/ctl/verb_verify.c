#include "ctl/verb_verify.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "ctl/calendar_request.h"
#include "ctl/store_request.h"
#include "engine/look.h"

/* So many looks at once: each is a handshake with another party's server. */
#define LOOKS_AT_ONCE 32

/* An install that is to be served: the newest of its target. */
struct target {
	int64_t job_id;
	int64_t settled_ms;
	char *contract;
	char *service;
	char *service_code;
	char *fqdn;
	unsigned char fingerprint[FINGERPRINT_SIZE];
	unsigned char chain[CERTIFICATE_CHAIN_MAX][FINGERPRINT_SIZE];
	size_t chain_length;
	bool overtaken; /* by a newer install on the same target */
};

struct verifying {
	struct store_request *request;
	struct loop *loop;
	struct target *targets;
	size_t count;
	size_t wanted; /* of them, those that are to be served */
	size_t next;   /* the next to be looked at */
	size_t open;   /* looks under way */
	size_t told;   /* lines written */
	size_t served;
	size_t skipped; /* of services without an edge, or gone from the configuration */
};

struct looking {
	struct verifying *verifying;
	const struct target *target;
};

static void start_looks(struct verifying *verifying);
static void looked(void *context, const struct look_result *found);

static void add_target(void *context, const struct store_job *job)
{
	struct verifying *verifying = context;
	struct target *target;

	verifying->targets = xreallocarray(
		verifying->targets, verifying->count + 1, sizeof(*verifying->targets));
	target = &verifying->targets[verifying->count++];
	*target = (struct target){
		.job_id = job->id,
		.settled_ms = job->settled_ms,
		.contract = xstrdup(job->contract),
		.service = xstrdup(job->service),
		.service_code = xstrdup(job->service_code),
		.fqdn = xstrdup(job->fqdn),
		.chain_length = job->chain_length,
	};
	memcpy(target->fingerprint, job->fingerprint, sizeof(target->fingerprint));
	memcpy(target->chain, job->chain, sizeof(target->chain));
}

static void target_clear(struct target *target)
{
	free(target->contract);
	free(target->service);
	free(target->service_code);
	free(target->fqdn);
}

static int compare_targets(const struct target *a, const struct target *b)
{
	int order = strcmp(a->service, b->service);

	if (order == 0)
		order = strcmp(a->service_code, b->service_code);
	return order != 0 ? order : strcmp(a->fqdn, b->fqdn);
}

static int compare(const void *a, const void *b)
{
	const struct target *left = a, *right = b;
	int order = compare_targets(left, right);

	/* A contract may go back to an older certificate: its job is the older, its install not. */
	if (order == 0)
		order = (left->settled_ms > right->settled_ms) -
			(left->settled_ms < right->settled_ms);
	return order != 0 ? order : (left->job_id > right->job_id) - (left->job_id < right->job_id);
}

/* Of several installs on one target the newest alone is to be served. */
static void mark_overtaken(struct verifying *verifying)
{
	struct target *targets = verifying->targets;
	size_t i;

	if (verifying->count > 1)
		qsort(targets, verifying->count, sizeof(*targets), compare);
	verifying->wanted = verifying->count;
	for (i = 1; i < verifying->count; i++) {
		targets[i - 1].overtaken = compare_targets(&targets[i - 1], &targets[i]) == 0;
		verifying->wanted -= targets[i - 1].overtaken ? 1 : 0;
	}
}

static void tell(struct verifying *verifying, const struct target *target, const char *finding,
	const char *text)
{
	struct json_object *object;
	char hex[FINGERPRINT_TEXT_MAX];

	verifying->told++;
	if (!verifying->request->json) {
		printf("%-11s %s %s %s (job %" PRId64 "): %s\n", finding, target->service,
			target->service_code, target->fqdn, target->job_id, text);
		return;
	}
	text_hex(hex, target->fingerprint, FINGERPRINT_SIZE);
	object = json_object_new_object();
	json_object_object_add(object, "job", json_object_new_int64(target->job_id));
	json_add_text(object, "contract", target->contract);
	json_add_text(object, "service", target->service);
	json_add_text(object, "service_code", target->service_code);
	json_add_text(object, "fqdn", target->fqdn);
	json_add_text(object, "fingerprint_sha256", hex);
	json_add_text(object, "finding", finding);
	json_add_text(object, "text", text);
	fputs(verifying->told > 1 ? "," : "", stdout);
	json_print(object);
}

static void start_look(
	struct verifying *verifying, const struct profile *profile, const struct target *target)
{
	struct looking *looking = xcalloc(1, sizeof(*looking));
	struct look_wanted wanted = {
		.fqdn = target->fqdn,
		.chain = target->chain,
		.chain_length = target->chain_length,
	};

	memcpy(wanted.fingerprint, target->fingerprint, FINGERPRINT_SIZE);
	*looking = (struct looking){verifying, target};
	verifying->open++;
	look_start(verifying->loop, profile, &wanted, looked, looking);
}

static void start_looks(struct verifying *verifying)
{
	while (verifying->next < verifying->count && verifying->open < LOOKS_AT_ONCE) {
		const struct target *target = &verifying->targets[verifying->next++];
		const struct profile *profile =
			config_profile(verifying->request->config, target->service);

		if (target->overtaken)
			continue;
		if (profile != NULL && profile->edge_count > 0) {
			start_look(verifying, profile, target);
			continue;
		}
		verifying->skipped++;
		tell(verifying, target, "skipped",
			profile == NULL ? "the service is not in the configuration any more"
					: "the service has no edge to look at");
	}
	if (verifying->open == 0)
		loop_stop(verifying->loop);
}

static void looked(void *context, const struct look_result *found)
{
	struct looking *looking = context;
	struct verifying *verifying = looking->verifying;

	verifying->open--;
	verifying->served += found->finding == LOOK_SERVED ? 1 : 0;
	tell(verifying, looking->target, look_finding_name(found->finding), found->text);
	free(looking);
	start_looks(verifying);
}

static int run(struct store_request *request)
{
	struct verifying verifying = {.request = request};
	struct error error;
	size_t i;
	bool done;

	request->filter.state = JOB_INSTALLED;
	done = store_jobs_list(request->store, &request->filter, add_target, &verifying, &error);
	if (done) {
		mark_overtaken(&verifying);
		if (request->json)
			fputs("{\"verified\":[", stdout);
		verifying.loop = loop_new(clock_system());
		start_looks(&verifying);
		done = loop_run(verifying.loop, &error);
		loop_free(verifying.loop);
		if (request->json)
			puts("]}");
		else
			printf("%zu installed, %zu served, %zu not looked at\n", verifying.wanted,
				verifying.served, verifying.skipped);
	}
	for (i = 0; i < verifying.count; i++)
		target_clear(&verifying.targets[i]);
	free(verifying.targets);
	if (!done)
		return store_request_fault(request, error.text);
	return verifying.served + verifying.skipped == verifying.wanted ? STORE_DONE : STORE_FAULT;
}

int verb_verify(int argc, char **argv)
{
	static const struct store_verb verb = {"verify", "",
		"  --service ID     only installs on this service\n"
		"  --contract CODE  only installs of this contract\n"
		"  --fqdn NAME      only installs for this host name\n",
		STORE_TAKES_FILTER};
	struct store_request request;
	int status;

	if (store_request_begin(&request, &verb, argc, argv, &status))
		status = run(&request);
	return store_request_end(&request, status);
}
