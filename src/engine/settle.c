#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/log.h"
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
	snprintf(settling->detail, sizeof(settling->detail), "%s", result->detail);
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

static bool store_entries(
	struct store *store, const struct attempt_result *result, struct error *error)
{
	size_t i;

	for (i = 0; i < result->entry_count; i++) {
		const struct attempt_entry *entry = &result->entries[i];
		const struct store_attempt attempt = {
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

		if (!store_attempt_add(store, &attempt, error))
			return false;
	}
	return true;
}

bool settle_store(struct store *store, const struct attempt_result *result,
	const struct settling *settling, bool *applied, struct error *error)
{
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
	if (!store_job_settle(store, &settlement, applied, error))
		return false;
	/* It was a try, whatever became of the job meanwhile. */
	if (!store_entries(store, result, error))
		return false;
	/* A job that was superseded in flight gives its key up here, too. */
	return job_state_needs_key(settling->state) && *applied
		       ? true
		       : store_secrets_wipe(store, &result->job.certificate_id, 1, error);
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
	};
	enum log_level level = LOG_LEVEL_INFO;
	bool waits = settling->state == JOB_RETRYING || settling->state == JOB_VERIFYING;

	snprintf(id, sizeof(id), "%lld", (long long)job->id);
	snprintf(number, sizeof(number), "%d", job->attempts);
	text_hex(fingerprint, job->fingerprint, FINGERPRINT_SIZE);
	if (!applied) {
		log_entry(LOG_LEVEL_NOTICE, fields, ARRAY_LENGTH(fields) - 1,
			"job %s: %s %s: a late answer changes nothing, the job has gone on: %s", id,
			job->service, job->fqdn, result->detail);
		return;
	}
	if (settling->state == JOB_FAILED || result->internal)
		level = LOG_LEVEL_ERROR;
	else if (settling->state == JOB_RETRYING)
		level = LOG_LEVEL_WARNING;
	civil_format_instant(when, settling->next_ms, TOKYO_OFFSET_MIN);
	log_entry(level, fields, ARRAY_LENGTH(fields), "%s: %s %s %s: %s on try %s: %s%s%s",
		job->contract, job->service, job->service_code, job->fqdn,
		job_state_name(settling->state), number, settling->detail,
		waits ? "; next at " : "", waits ? when : "");
}
