#include "engine/recheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/events.h"
#include "base/text.h"
#include "engine/look.h"

struct recheck {
	struct loop *loop;
	struct store *store;
	struct settings *settings;
	struct loop_timer *timer;
	int64_t last_id; /* the job that was looked at last */
	struct store_job job;
	struct settings *look_settings; /* those that the look began with */
	struct look *look;
	bool store_told; /* that the store cannot be read now */
};

/* The machine's edges. */
static void tick(void *context);
static void looked(void *context, const struct look_result *found);

static void rest(struct recheck *recheck)
{
	int64_t interval_ms = settings_config(recheck->settings)->recheck_interval_ms;

	if (interval_ms > 0)
		loop_timer_set(recheck->timer, interval_ms);
	else
		loop_timer_cancel(recheck->timer);
}

struct recheck *recheck_new(struct loop *loop, struct store *store, struct settings *settings)
{
	struct recheck *recheck = xcalloc(1, sizeof(*recheck));

	recheck->loop = loop;
	recheck->store = store;
	recheck->settings = settings_ref(settings);
	recheck->timer = loop_timer_new(loop, tick, recheck);
	rest(recheck);
	return recheck;
}

void recheck_use(struct recheck *recheck, struct settings *settings)
{
	settings_ref(settings);
	settings_unref(recheck->settings);
	recheck->settings = settings;
	if (recheck->look == NULL)
		rest(recheck);
}

void recheck_free(struct recheck *recheck)
{
	if (recheck == NULL)
		return;
	if (recheck->look != NULL)
		look_cancel(recheck->look);
	loop_timer_free(recheck->timer);
	settings_unref(recheck->settings);
	free(recheck);
}

/* ---- which one ---- */

static void take_first(void *context, const struct store_job *job)
{
	int64_t *id = context;

	if (*id == 0)
		*id = job->id;
}

/* The installed job after the last one; 0 when there is none. */
static bool next_id(struct recheck *recheck, int64_t *id, struct error *error)
{
	struct store_filter filter = {
		.state = JOB_INSTALLED, .after_id = recheck->last_id, .limit = 1};

	*id = 0;
	if (!store_jobs_list(recheck->store, &filter, take_first, id, error))
		return false;
	if (*id != 0 || recheck->last_id == 0)
		return true;
	filter.after_id = 0;
	return store_jobs_list(recheck->store, &filter, take_first, id, error);
}

struct newest {
	const struct store_job *job;
	bool overtaken;
};

static void compare(void *context, const struct store_job *other)
{
	struct newest *newest = context;

	bool later = other->settled_ms != newest->job->settled_ms
			     ? other->settled_ms > newest->job->settled_ms
			     : other->id > newest->job->id;

	/* By when, not by the job: a contract may go back to a certificate that it had. */
	if (later && strcmp(other->service_code, newest->job->service_code) == 0)
		newest->overtaken = true;
}

/* Of several installs on one target the newest alone is to be served. */
static bool is_overtaken(
	struct recheck *recheck, const struct store_job *job, bool *overtaken, struct error *error)
{
	const struct store_filter filter = {
		.state = JOB_INSTALLED, .service = job->service, .fqdn = job->fqdn};
	struct newest newest = {job, false};

	if (!store_jobs_list(recheck->store, &filter, compare, &newest, error))
		return false;
	*overtaken = newest.overtaken;
	return true;
}

/* Fills recheck->job; *FOUND is false when there is nothing to look at this time. */
static bool choose(struct recheck *recheck, bool *found, struct error *error)
{
	bool overtaken;
	int64_t id;

	*found = false;
	if (!next_id(recheck, &id, error))
		return false;
	if (id == 0)
		return true;
	recheck->last_id = id;
	if (!store_job_get(recheck->store, id, &recheck->job, found, error))
		return false;
	if (!*found)
		return true;
	if (!is_overtaken(recheck, &recheck->job, &overtaken, error)) {
		store_job_clear(&recheck->job);
		return false;
	}
	if (overtaken) {
		store_job_clear(&recheck->job);
		*found = false;
	}
	return true;
}

/* ---- the look ---- */

static void tick(void *context)
{
	struct recheck *recheck = context;
	const struct profile *profile;
	struct look_wanted wanted;
	struct error error;
	bool found;

	rest(recheck);
	if (recheck->look != NULL)
		return;
	if (!choose(recheck, &found, &error)) {
		if (!recheck->store_told)
			log_event(EVENT_STORE_PASSED_OVER, NULL, 0, "the rolling check rests: %s",
				error.text);
		recheck->store_told = true;
		return;
	}
	recheck->store_told = false;
	if (!found)
		return;
	profile = config_profile(settings_config(recheck->settings), recheck->job.service);
	if (profile == NULL || profile->edge_count == 0) {
		store_job_clear(&recheck->job);
		return;
	}
	wanted = (struct look_wanted){
		.fqdn = recheck->job.fqdn,
		.chain = recheck->job.chain,
		.chain_length = recheck->job.chain_length,
	};
	memcpy(wanted.fingerprint, recheck->job.fingerprint, FINGERPRINT_SIZE);
	recheck->look_settings = settings_ref(recheck->settings);
	recheck->look = look_start(recheck->loop, profile, &wanted, looked, recheck);
}

static void note(struct recheck *recheck, const struct look_result *found)
{
	const struct store_job *job = &recheck->job;
	const struct store_attempt attempt = {
		.job_id = job->id,
		.kind = ATTEMPT_VERIFY,
		.number = job->attempts,
		.at_ms = clock_wall_ms(loop_clock(recheck->loop)),
		.duration_ms = found->duration_ms,
		.outcome = look_finding_name(found->finding),
		.text = found->text,
	};
	char id[24], fingerprint[FINGERPRINT_TEXT_MAX];
	const struct log_field fields[] = {{"JOB_ID", id}, {"CONTRACT", job->contract},
		{"SERVICE", job->service}, {"FQDN", job->fqdn}, {"FINGERPRINT", fingerprint},
		{"OUTCOME", look_finding_name(found->finding)}};
	struct error error;

	snprintf(id, sizeof(id), "%lld", (long long)job->id);
	text_hex(fingerprint, job->fingerprint, FINGERPRINT_SIZE);
	log_event(EVENT_JOB_NOT_SERVED, fields, ARRAY_LENGTH(fields),
		"%s: %s %s %s: installed, but not served any more (%s): %s", job->contract,
		job->service, job->service_code, job->fqdn, look_finding_name(found->finding),
		found->text);
	if (!store_attempt_add(recheck->store, &attempt, &error))
		log_event(EVENT_STORE_PASSED_OVER, NULL, 0, "the finding is not kept: %s",
			error.text);
}

static void looked(void *context, const struct look_result *found)
{
	struct recheck *recheck = context;

	recheck->look = NULL;
	if (found->finding != LOOK_SERVED && found->finding != LOOK_INTERRUPTED)
		note(recheck, found);
	store_job_clear(&recheck->job);
	settings_unref(recheck->look_settings);
	recheck->look_settings = NULL;
}
