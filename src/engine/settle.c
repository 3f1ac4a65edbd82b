#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/events.h"
#include "base/text.h"
#include "engine/writer.h"

static void settle_failure(const struct backoff_rules *rules, const struct attempt_result *result,
	int64_t now_ms, uint64_t random, struct settling *settling)
{
	const struct store_job *job = &result->job;
	int attempt = job->attempts > 0 ? job->attempts : 1;
	int64_t next_ms = now_ms + backoff_delay_ms(rules, attempt, result->retry_after_ms, random);
	const char *why = NULL;

	switch (backoff_give_up(rules, job->first_attempt_ms, next_ms, job->not_after_ms)) {
	case GIVE_UP_NOT:
		settling->state = JOB_RETRYING;
		settling->next_ms = next_ms;
		return;
	case GIVE_UP_AGE:
		why = "given up, tried for too long";
		break;
	case GIVE_UP_VALIDITY:
		why = "given up, the certificate ends before the next try";
		break;
	}
	settling->state = JOB_FAILED;
	snprintf(settling->detail, sizeof(settling->detail), "%s: %s", why, result->detail);
}

void settle_compute(const struct backoff_rules *rules, const struct attempt_result *result,
	int64_t now_ms, uint64_t random, struct settling *settling)
{
	*settling = (struct settling){.state = result->job.state};
	text_copy(settling->detail, sizeof(settling->detail), result->detail);
	if (!job_transition(result->job.state, result->event, &settling->state))
		settling->state = result->job.state;
	if (settling->state == JOB_VERIFYING) {
		settling->next_ms = now_ms + result->look_again_ms;
	} else if (settling->state == JOB_RETRYING) {
		if (result->interrupted)
			settling->next_ms = now_ms;
		else
			settle_failure(rules, result, now_ms, random, settling);
	}
	if (job_state_is_final(settling->state))
		settling->settled_ms = now_ms;
}

static bool store_state(struct store *store, struct unsaved *unsaved, struct error *error)
{
	const struct attempt_result *result = unsaved->result;
	const struct settling *settling = &unsaved->settling;
	struct store_settlement settlement = {
		.job_id = result->job.id,
		.state = settling->state,
		.next_ms = settling->next_ms,
		.attempts = result->job.attempts,
		.first_attempt_ms = result->job.first_attempt_ms,
		.pushed_ms = result->pushed ? result->pushed_at_ms : result->job.pushed_ms,
		.settled_ms = settling->settled_ms,
		.detail = settling->detail,
		/* Only what is still pending is asked for again. */
		.remote = settling->state == JOB_VERIFYING ? result->job.remote : NULL,
	};

	memcpy(settlement.token, result->token, LEASE_TOKEN_SIZE);
	return store_job_settle(store, &settlement, &unsaved->applied, error);
}

/* Each was a try, whatever became of the job meanwhile. */
static bool store_entries(struct store *store, const struct unsaved *results, struct error *error)
{
	const struct unsaved *unsaved;
	struct store_attempt *attempts;
	size_t count = 0, i;
	bool done;

	for (unsaved = results; unsaved != NULL; unsaved = unsaved->next)
		count += unsaved->result->entry_count;
	attempts = xcalloc(count, sizeof(*attempts));
	count = 0;
	for (unsaved = results; unsaved != NULL; unsaved = unsaved->next) {
		const struct attempt_result *result = unsaved->result;

		for (i = 0; i < result->entry_count; i++) {
			const struct attempt_entry *entry = &result->entries[i];

			attempts[count++] = (struct store_attempt){
				.job_id = result->job.id,
				.kind = entry->kind,
				.number = result->job.attempts,
				.at_ms = entry->at_ms,
				.duration_ms = entry->duration_ms,
				.outcome = entry->outcome,
				.status = entry->status,
				.text = entry->text,
				.excerpt = entry->excerpt[0] != '\0' ? entry->excerpt : NULL,
			};
		}
	}
	done = store_attempts_add(store, attempts, count, error);
	free(attempts);
	return done;
}

/* A job that was superseded in flight gives its key up here, too. */
static bool wipe_keys(struct store *store, const struct unsaved *results, struct error *error)
{
	const struct unsaved *unsaved;
	size_t count = 0;
	int64_t *ids;
	bool done;

	for (unsaved = results; unsaved != NULL; unsaved = unsaved->next)
		count++;
	ids = xcalloc(count, sizeof(*ids));
	count = 0;
	for (unsaved = results; unsaved != NULL; unsaved = unsaved->next) {
		if (!unsaved->applied || !job_state_needs_key(unsaved->settling.state))
			ids[count++] = unsaved->result->job.certificate_id;
	}
	done = store_secrets_wipe(store, ids, count, error);
	free(ids);
	return done;
}

bool settle_store(struct store *store, struct unsaved *results, struct error *error)
{
	struct unsaved *unsaved;

	for (unsaved = results; unsaved != NULL; unsaved = unsaved->next) {
		if (!store_state(store, unsaved, error))
			return false;
	}
	/* A table at a time, with several rows a statement. */
	return store_entries(store, results, error) && wipe_keys(store, results, error);
}

/* What is told of a job that was tried. */
static enum event_id settled_event(
	const struct attempt_result *result, const struct settling *settling)
{
	const struct attempt_entry *last =
		result->entry_count > 0 ? &result->entries[result->entry_count - 1] : NULL;

	switch (settling->state) {
	case JOB_INSTALLED:
		return EVENT_JOB_INSTALLED;
	case JOB_VERIFYING:
		return EVENT_JOB_VERIFYING;
	case JOB_FAILED:
		/* It asked what the service has, and sent nothing. */
		return result->job.guarded && last != NULL && last->kind == ATTEMPT_READ_BACK
			       ? EVENT_JOB_GUARDED
			       : EVENT_JOB_FAILED;
	case JOB_SUPERSEDED:
		return EVENT_JOB_SUPERSEDED;
	case JOB_CANCELLED:
		return EVENT_JOB_CANCELLED;
	case JOB_HELD:
	case JOB_SCHEDULED:
	case JOB_INSTALLING:
	case JOB_RETRYING:
	case JOB_REFUSED:
	case JOB_STATE_COUNT:
		break;
	}
	if (result->internal)
		return EVENT_JOB_TROUBLE_HERE;
	return result->interrupted ? EVENT_JOB_INTERRUPTED : EVENT_JOB_RETRYING;
}

void settle_log(const struct attempt_result *result, const struct settling *settling, bool applied)
{
	const struct store_job *job = &result->job;
	char id[24], number[16], fingerprint[FINGERPRINT_TEXT_MAX], when[CIVIL_INSTANT_MAX];
	const struct log_field fields[] = {
		{"JOB_ID", id},
		{"CONTRACT", job->contract},
		{"SERVICE", job->service},
		{"FQDN", job->fqdn},
		{"FINGERPRINT", fingerprint},
		{"ATTEMPT", number},
		{"OUTCOME", job_state_name(settling->state)},
		{"NEXT", when},
	};
	bool waits = settling->state == JOB_RETRYING || settling->state == JOB_VERIFYING;

	snprintf(id, sizeof(id), "%lld", (long long)job->id);
	snprintf(number, sizeof(number), "%d", job->attempts);
	text_hex(fingerprint, job->fingerprint, FINGERPRINT_SIZE);
	civil_format_instant(when, settling->next_ms, TOKYO_OFFSET_MIN);
	if (!applied) {
		log_event(EVENT_JOB_LATE_ANSWER, fields, ARRAY_LENGTH(fields),
			"job %s: %s %s: a late answer changes nothing, the job has gone on: %s", id,
			job->service, job->fqdn, result->detail);
		return;
	}
	log_event(settled_event(result, settling), fields, ARRAY_LENGTH(fields),
		"%s: %s %s %s: %s on try %s: %s%s%s", job->contract, job->service,
		job->service_code, job->fqdn, job_state_name(settling->state), number,
		settling->detail, waits ? "; next at " : "", waits ? when : "");
}
