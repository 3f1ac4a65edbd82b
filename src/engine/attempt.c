#include "engine/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "domain/hostname.h"
#include "net/probe.h"

struct attempt {
	struct attempt_options options;
	attempt_callback *callback;
	void *context;
	struct attempt_result *result;
	char key_id[SEAL_KEY_ID_MAX];
	struct buffer sealed;
	char *token; /* the service's bearer token */
	struct http_request request;
	struct loop_timer *start;
	struct http_transfer *transfer;
	struct probe *probe;
};

#define TOKEN_FILE_MAX 16384

/* The machine's edges, in the order in which time runs them. */
static void start(void *context);
static void answered(void *context, struct http_answer *answer);
static void looked(void *context, const struct probe_result *found);
static void finish(struct attempt *attempt, enum job_event event);

void attempt_result_clear(struct attempt_result *result)
{
	if (result == NULL)
		return;
	store_job_clear(&result->job);
	free(result);
}

static int64_t wall_now(const struct attempt *attempt)
{
	return clock_wall_ms(loop_clock(attempt->options.loop));
}

static struct attempt_entry *add_entry(struct attempt *attempt, enum attempt_kind kind,
	const char *outcome, int64_t duration_ms, const char *text)
{
	struct attempt_result *result = attempt->result;
	struct attempt_entry *entry = &result->entries[result->entry_count++];

	*entry = (struct attempt_entry){
		.kind = kind,
		.at_ms = wall_now(attempt) - duration_ms,
		.duration_ms = duration_ms,
		.outcome = outcome,
	};
	snprintf(entry->text, sizeof(entry->text), "%s", text);
	snprintf(result->detail, sizeof(result->detail), "%s", text);
	return entry;
}

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
	snprintf(attempt->key_id, sizeof(attempt->key_id), "%s", key_id);
	attempt->sealed = *sealed;
	*sealed = (struct buffer){0};
	attempt->start = loop_timer_new(options->loop, start, attempt);
	loop_timer_set(attempt->start, 0);
	return attempt;
}

/* Drops all that held a key as soon as it is not needed any more. */
static void drop_secrets(struct attempt *attempt)
{
	buffer_free(&attempt->sealed);
	free_wiped_text(attempt->token);
	attempt->token = NULL;
	http_request_clear(&attempt->request);
}

static void finish(struct attempt *attempt, enum job_event event)
{
	struct attempt_result *result = attempt->result;

	drop_secrets(attempt);
	loop_timer_free(attempt->start);
	result->event = event;
	attempt->callback(attempt->context, attempt, result);
	settings_unref(attempt->options.settings);
	pki_free(attempt->options.pki);
	free(attempt);
}

void attempt_cancel(struct attempt *attempt)
{
	attempt->result->interrupted = true;
	if (attempt->transfer != NULL) {
		http_cancel(attempt->transfer);
	} else if (attempt->probe != NULL) {
		probe_cancel(attempt->probe);
	} else {
		bool looks = attempt->result->job.state == JOB_VERIFYING;

		add_entry(attempt, looks ? ATTEMPT_VERIFY : ATTEMPT_PUSH, "interrupted", 0,
			"broken off before it began");
		finish(attempt, looks ? JOB_EVENT_PUSHED : JOB_EVENT_TEMPORARY);
	}
}

static void fail_internal(struct attempt *attempt, const struct error *error)
{
	attempt->result->internal = true;
	add_entry(attempt, ATTEMPT_PUSH, "internal", 0, error->text);
	finish(attempt, JOB_EVENT_TEMPORARY);
}

/* ---- the push ---- */

static bool read_token(struct attempt *attempt, struct error *error)
{
	const struct profile *profile = attempt->options.profile;
	struct buffer text = {0};
	size_t length;

	if (profile->token_file == NULL)
		return true;
	if (!file_read(profile->token_file, TOKEN_FILE_MAX, &text, error)) {
		buffer_free(&text);
		/* Whoever mends the file wants the job to go on. */
		error->kind = ERROR_INTERNAL;
		return error_context(error, "service %s: token", profile->rules.id);
	}
	length = strcspn(buffer_text(&text), "\r\n");
	attempt->token = xstrndup(buffer_text(&text), length);
	buffer_free(&text);
	if (length == 0)
		return error_set(error, ERROR_INTERNAL,
			"service %s: token: %s is empty; put the bearer token in its first line",
			profile->rules.id, profile->token_file);
	return true;
}

static bool build_request(
	struct attempt *attempt, const struct material *material, struct error *error)
{
	const struct profile *profile = attempt->options.profile;
	const struct store_job *job = &attempt->result->job;
	struct buffer pkcs12 = {0};
	unsigned char random[18];
	struct buffer passphrase = {0};
	struct install install = {
		.service_code = job->service_code,
		.fqdn = job->fqdn,
		.idempotency_key = job->idempotency_key,
		.token = attempt->token,
		.material = material,
	};
	bool done = true;

	if (profile_needs_pkcs12(profile)) {
		pki_random(random, sizeof(random));
		pki_base64(random, sizeof(random), &passphrase);
		explicit_bzero(random, sizeof(random));
		done = pki_make_pkcs12(
			attempt->options.pki, material, buffer_text(&passphrase), &pkcs12, error);
		install.pkcs12 = pkcs12.data;
		install.pkcs12_length = pkcs12.length;
		install.passphrase = buffer_text(&passphrase);
	}
	done = done && service_build(profile, &install, &attempt->request, error);
	buffer_free(&pkcs12);
	buffer_free(&passphrase);
	return done;
}

static bool prepare_push(struct attempt *attempt, struct error *error)
{
	const struct store_job *job = &attempt->result->job;
	struct material material = {0};
	bool done;

	if (attempt->sealed.length == 0)
		return error_set(error, ERROR_INTERNAL,
			"the key of this certificate is not held any more; send the record again "
			"with "
			"it and a higher revision");
	if (!read_token(attempt, error))
		return false;
	if (!open_material(settings_keyring(attempt->options.settings), attempt->key_id,
		    attempt->sealed.data, attempt->sealed.length, job->fingerprint, &material,
		    error))
		return false;
	done = build_request(attempt, &material, error);
	material_clear(&material);
	buffer_free(&attempt->sealed);
	return done;
}

static void push(struct attempt *attempt)
{
	const struct profile *profile = attempt->options.profile;
	const struct http_peer peer = {
		.ca_file = profile->ca_file,
		.client_certificate = profile->client_certificate,
		.client_key = profile->client_key,
		.connect_timeout_ms = profile->connect_timeout_ms,
		.total_timeout_ms = profile->total_timeout_ms,
		.stall_timeout_ms = profile->stall_timeout_ms,
		.answer_max = profile->answer_max,
		.http1_only = profile->http1_only,
	};
	struct error error;

	if (attempt->result->job.not_after_ms < wall_now(attempt)) {
		add_entry(attempt, ATTEMPT_PUSH, "permanent", 0,
			"given up, the certificate ended before it could be sent");
		finish(attempt, JOB_EVENT_GIVE_UP);
		return;
	}
	/* A try that fails before it is sent counts: its waits must grow, and it must age. */
	attempt->result->job.attempts++;
	if (attempt->result->job.first_attempt_ms == 0)
		attempt->result->job.first_attempt_ms = wall_now(attempt);
	if (!prepare_push(attempt, &error)) {
		if (error.kind == ERROR_PERMANENT) {
			add_entry(attempt, ATTEMPT_PUSH, "permanent", 0, error.text);
			finish(attempt, JOB_EVENT_PERMANENT);
		} else {
			fail_internal(attempt, &error);
		}
		return;
	}
	attempt->transfer =
		http_start(attempt->options.http, &peer, &attempt->request, answered, attempt);
}

/* ---- the look at the edge ---- */

/* A wildcard name is not served as such: a name that it covers is asked for. */
static void probe_name(const char *fqdn, char *name, size_t size)
{
	if (strncmp(fqdn, "*.", 2) == 0)
		snprintf(name, size, "certinstalld-probe.%s", fqdn + 2);
	else
		snprintf(name, size, "%s", fqdn);
}

static void look(struct attempt *attempt)
{
	const struct profile *profile = attempt->options.profile;
	char name[HOSTNAME_MAX + 32], text[ATTEMPT_TEXT_MAX];

	if (profile->edge == NULL) {
		snprintf(text, sizeof(text), "not verified: service %s has no edge to look at",
			profile->rules.id);
		add_entry(attempt, ATTEMPT_VERIFY, "skipped", 0, text);
		finish(attempt, JOB_EVENT_CONFIRMED);
		return;
	}
	probe_name(attempt->result->job.fqdn, name, sizeof(name));
	attempt->probe = probe_start(attempt->options.loop, profile->edge, name,
		profile->verify_timeout_ms, looked, attempt);
}

/* ---- callbacks, in the order in which they run ---- */

static void start(void *context)
{
	struct attempt *attempt = context;

	if (attempt->result->job.state == JOB_VERIFYING)
		look(attempt);
	else
		push(attempt);
}

static void note_push(struct attempt *attempt, const struct http_answer *answer,
	const struct judgement *judgement, const char *outcome)
{
	struct attempt_entry *entry =
		add_entry(attempt, ATTEMPT_PUSH, outcome, answer->duration_ms, judgement->text);

	entry->status = answer->status;
	snprintf(entry->excerpt, sizeof(entry->excerpt), "%s", judgement->excerpt);
	attempt->result->retry_after_ms = judgement->retry_after_ms;
}

/* What the answer tells of the service itself, whatever it says of this install. */
static void note_service(struct attempt *attempt, const struct http_answer *answer)
{
	struct attempt_result *result = attempt->result;

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

static void answered(void *context, struct http_answer *answer)
{
	struct attempt *attempt = context;
	struct judgement judgement;

	attempt->transfer = NULL;
	note_service(attempt, answer);
	service_judge(
		attempt->options.profile, answer, attempt->token, wall_now(attempt), &judgement);
	drop_secrets(attempt);
	if (answer->failure == HTTP_CANCELLED) {
		note_push(attempt, answer, &judgement, "interrupted");
		finish(attempt, JOB_EVENT_TEMPORARY);
		return;
	}
	switch (judgement.kind) {
	case JUDGED_DONE:
	case JUDGED_ACCEPTED: /* the look at the edge follows it */
	case JUDGED_PENDING:
		note_push(attempt, answer, &judgement, "done");
		attempt->result->pushed = true;
		attempt->result->pushed_at_ms = wall_now(attempt);
		look(attempt);
		return;
	case JUDGED_TEMPORARY:
		note_push(attempt, answer, &judgement, "temporary");
		finish(attempt, JOB_EVENT_TEMPORARY);
		return;
	case JUDGED_PERMANENT:
		note_push(attempt, answer, &judgement, "permanent");
		finish(attempt, JOB_EVENT_PERMANENT);
		return;
	case JUDGED_NEXT_STEP:
	case JUDGED_INTERNAL:
		note_push(attempt, answer, &judgement, "internal");
		attempt->result->internal = true;
		finish(attempt, JOB_EVENT_TEMPORARY);
		return;
	}
}

/* What the edge served, told apart; true when it is what was pushed. */
static bool name_finding(struct attempt *attempt, const struct probe_result *found,
	const char **outcome, char *text, size_t size)
{
	const char *edge = attempt->options.profile->edge;

	switch (found->outcome) {
	case PROBE_SERVED:
		if (memcmp(found->chain[0], attempt->result->job.fingerprint, FINGERPRINT_SIZE) ==
			0) {
			*outcome = "served";
			snprintf(text, size, "served by %s", edge);
			return true;
		}
		*outcome = found->covers_name ? "old" : "other";
		snprintf(text, size,
			found->covers_name ? "%s still serves another certificate of this name"
					   : "%s serves a certificate of another name",
			edge);
		return false;
	case PROBE_NONE:
		*outcome = "none";
		break;
	case PROBE_UNREACHABLE:
		*outcome = "unreachable";
		break;
	case PROBE_CANCELLED:
		*outcome = "interrupted";
		break;
	}
	snprintf(text, size, "the edge %s could not be looked at: %s", edge, found->error.text);
	return false;
}

static void looked(void *context, const struct probe_result *found)
{
	struct attempt *attempt = context;
	const struct profile *profile = attempt->options.profile;
	struct attempt_result *result = attempt->result;
	int64_t pushed_ms = result->pushed ? result->pushed_at_ms : result->job.pushed_ms;
	const char *outcome = "none";
	char text[ATTEMPT_TEXT_MAX];
	bool served;

	attempt->probe = NULL;
	served = name_finding(attempt, found, &outcome, text, sizeof(text));
	add_entry(attempt, ATTEMPT_VERIFY, outcome, found->duration_ms, text);
	if (served) {
		finish(attempt, JOB_EVENT_CONFIRMED);
	} else if (result->interrupted ||
		   wall_now(attempt) < pushed_ms + profile->verify_grace_ms) {
		result->look_again_ms = profile->verify_interval_ms;
		finish(attempt, JOB_EVENT_PUSHED);
	} else {
		finish(attempt, JOB_EVENT_TEMPORARY);
	}
}
