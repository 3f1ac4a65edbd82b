#include "engine/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "engine/attempt_private.h"
#include "engine/token.h"

#define ENTRIES_AT_ONCE 2

static void start(void *context);

void attempt_result_clear(struct attempt_result *result)
{
	size_t i;

	if (result == NULL)
		return;
	store_job_clear(&result->job);
	for (i = 0; i < result->entry_count; i++) {
		free(result->entries[i].text);
		free(result->entries[i].excerpt);
	}
	free(result->entries);
	free(result);
}

int64_t attempt_now(const struct attempt *attempt)
{
	return clock_wall_ms(loop_clock(attempt->options.loop));
}

/* ---- the history ---- */

struct attempt_entry *attempt_note(struct attempt *attempt, enum attempt_kind kind,
	const char *outcome, int64_t duration_ms, const char *text)
{
	struct attempt_result *result = attempt->result;
	struct attempt_entry *entry;

	/* Most have two, and results stand in line until they are stored. */
	if (result->entry_count % ENTRIES_AT_ONCE == 0)
		result->entries = xreallocarray(result->entries,
			result->entry_count + ENTRIES_AT_ONCE, sizeof(*result->entries));
	entry = &result->entries[result->entry_count++];
	*entry = (struct attempt_entry){
		.kind = kind,
		.at_ms = attempt_now(attempt) - duration_ms,
		.duration_ms = duration_ms,
		.outcome = outcome,
		.text = xstrndup(text, ATTEMPT_TEXT_MAX - 1),
		.excerpt = xstrdup(""),
	};
	text_copy(result->detail, sizeof(result->detail), text);
	return entry;
}

/* What the answer tells of the service itself, whatever it says of this install. */
static void note_service(struct attempt_result *result, const struct http_answer *answer)
{
	result->asked = true;
	switch (answer->failure) {
	case HTTP_OK:
	case HTTP_TOO_LARGE:
		result->answer = THROTTLE_GOOD;
		if (answer->status == 429)
			result->answer = THROTTLE_TOO_MANY;
		else if (answer->status == 503)
			result->answer = THROTTLE_UNAVAILABLE;
		return;
	case HTTP_CONNECT_FAILED:
	case HTTP_TLS_FAILED:
	case HTTP_TIMED_OUT:
	case HTTP_BROKEN:
		result->answer = THROTTLE_DEAD;
		return;
	case HTTP_CANCELLED:
	case HTTP_INTERNAL:
		result->asked = false;
		return;
	}
}

void attempt_note_answer(struct attempt *attempt, enum attempt_kind kind, const char *outcome,
	const struct http_answer *answer, const struct judgement *judgement)
{
	struct attempt_entry *entry =
		attempt_note(attempt, kind, outcome, answer->duration_ms, judgement->text);

	entry->status = answer->status;
	free(entry->excerpt);
	entry->excerpt = xstrndup(judgement->excerpt, ATTEMPT_TEXT_MAX - 1);
	attempt->result->retry_after_ms = judgement->retry_after_ms;
	note_service(attempt->result, answer);
}

/* ---- life ---- */

struct attempt *attempt_start(const struct attempt_options *options, struct store_job *job,
	const unsigned char token[LEASE_TOKEN_SIZE], const char *key_id, struct buffer *sealed,
	attempt_callback *callback, void *context)
{
	struct attempt *attempt = xcalloc(1, sizeof(*attempt));

	attempt->options = *options;
	settings_ref(options->settings);
	/* A reload between this call and the next round of the loop brings another. */
	pki_ref(options->pki);
	attempt->callback = callback;
	attempt->context = context;
	attempt->result = xcalloc(1, sizeof(*attempt->result));
	attempt->result->job = *job;
	attempt->result->retry_after_ms = -1;
	*job = (struct store_job){0};
	memcpy(attempt->result->token, token, LEASE_TOKEN_SIZE);
	text_copy(attempt->key_id, sizeof(attempt->key_id), key_id);
	attempt->sealed = *sealed;
	*sealed = (struct buffer){0};
	attempt->start = loop_timer_new(options->loop, start, attempt);
	loop_timer_set(attempt->start, 0);
	return attempt;
}

/* By the clock that has less left. */
static int64_t lease_left_ms(const struct attempt *attempt)
{
	const struct http_fence *lease = attempt->options.lease;
	const struct clock *clock = loop_clock(attempt->options.loop);
	int64_t wall_ms = lease->wall_ms - clock_wall_ms(clock);
	int64_t mono_ms = lease->mono_ms - clock_mono_ms(clock);

	return wall_ms < mono_ms ? wall_ms : mono_ms;
}

bool attempt_has_lease(const struct attempt *attempt)
{
	return lease_left_ms(attempt) > 0;
}

static void start(void *context)
{
	struct attempt *attempt = context;

	if (!attempt_has_lease(attempt))
		attempt_cancel(attempt);
	else if (attempt->result->job.state != JOB_VERIFYING)
		attempt_push(attempt);
	else if (attempt->result->job.remote != NULL)
		attempt_ask(attempt);
	else
		attempt_look(attempt);
}

void attempt_guard(struct attempt *attempt, struct guard_known *known, size_t count)
{
	attempt->guard_known = known;
	attempt->guard.known = known;
	attempt->guard.known_count = count;
}

void attempt_drop_secrets(struct attempt *attempt)
{
	buffer_free(&attempt->sealed);
	material_clear(&attempt->material);
	buffer_free(&attempt->pkcs12);
	buffer_free(&attempt->passphrase);
	free_wiped_text(attempt->token);
	attempt->token = NULL;
	http_request_clear(&attempt->request);
}

void attempt_finish(struct attempt *attempt, enum job_event event)
{
	struct attempt_result *result = attempt->result;

	attempt_drop_secrets(attempt);
	loop_timer_free(attempt->start);
	result->event = event;
	attempt->callback(attempt->context, attempt, result);
	free(attempt->guard_known);
	settings_unref(attempt->options.settings);
	pki_free(attempt->options.pki);
	free(attempt);
}

void attempt_fail_internal(
	struct attempt *attempt, enum attempt_kind kind, const struct error *error)
{
	attempt->result->internal = true;
	attempt_note(attempt, kind, "internal", 0, error->text);
	attempt_finish(attempt, JOB_EVENT_TEMPORARY);
}

void attempt_cancel(struct attempt *attempt)
{
	attempt->result->interrupted = true;
	if (attempt->phase == ATTEMPT_MAKING)
		attempt_withdraw_making(attempt);
	if (attempt->transfer != NULL) {
		http_cancel(attempt->transfer);
	} else if (attempt->look != NULL) {
		look_cancel(attempt->look);
	} else {
		bool taken = attempt->result->job.state == JOB_VERIFYING;

		attempt_note(attempt, taken ? ATTEMPT_VERIFY : ATTEMPT_PUSH, "interrupted", 0,
			"broken off before it began");
		attempt_finish(attempt, taken ? JOB_EVENT_PUSHED : JOB_EVENT_TEMPORARY);
	}
}

/* ---- what requests have in common ---- */

bool attempt_read_token(struct attempt *attempt, struct error *error)
{
	const struct profile *profile = attempt->options.profile;

	if (profile->token_file == NULL)
		return true;
	if (!token_read(settings_tokens(attempt->options.settings), profile->token_file,
		    loop_clock(attempt->options.loop), &attempt->token, error)) {
		/* Whoever mends the file wants the job to go on. */
		error->kind = ERROR_INTERNAL;
		return error_context(error, "service %s: token", profile->rules.id);
	}
	if (attempt->token[0] == '\0')
		return error_set(error, ERROR_INTERNAL,
			"service %s: token: %s is empty; put the bearer token in its first line",
			profile->rules.id, profile->token_file);
	return true;
}

struct install attempt_install(const struct attempt *attempt)
{
	const struct store_job *job = &attempt->result->job;

	return (struct install){
		.service_code = job->service_code,
		.fqdn = job->fqdn,
		.idempotency_key = job->idempotency_key,
		.token = attempt->token,
		.material = attempt->material.leaf_pem.length > 0 ? &attempt->material : NULL,
		.pkcs12 = attempt->pkcs12.data,
		.pkcs12_length = attempt->pkcs12.length,
		.passphrase =
			attempt->passphrase.length > 0 ? buffer_text(&attempt->passphrase) : NULL,
		.fingerprint = job->fingerprint,
	};
}

void attempt_send(struct attempt *attempt, http_callback *callback)
{
	const struct profile *profile = attempt->options.profile;
	int64_t left_ms = lease_left_ms(attempt);
	const struct http_peer peer = {
		.ca_file = profile->ca_file,
		.client_certificate = profile->client_certificate,
		.client_key = profile->client_key,
		.connect_timeout_ms = profile->connect_timeout_ms,
		/* The configuration gives a lease room for all requests; what came between, a store
		 * that was waited for, say, goes off the last of them. */
		.total_timeout_ms = left_ms >= profile->total_timeout_ms ? profile->total_timeout_ms
				    : left_ms > 0			 ? left_ms
									 : 1,
		.stall_timeout_ms = profile->stall_timeout_ms,
		.answer_max = profile->answer_max,
		.http1_only = profile->http1_only,
		.fence = attempt->options.lease,
	};

	attempt->transfer =
		http_start(attempt->options.http, &peer, &attempt->request, callback, attempt);
}
