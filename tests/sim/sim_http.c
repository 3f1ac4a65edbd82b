/* net/http.h: the network between the engine and the simulated services. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "engine/attempt_private.h"
#include "sim.h"

/* What happens to one request. */
enum fate {
	FATE_ANSWERED,
	FATE_REFUSED_CONNECTION,
	FATE_LOST_BEFORE, /* nothing arrives; a time-out */
	FATE_LOST_AFTER,  /* it takes effect, the answer never comes */
	FATE_BROKEN_AFTER,
	FATE_TOO_MANY,	  /* 429 */
	FATE_UNAVAILABLE, /* 503 */
	FATE_ERROR_BEFORE,
	FATE_ERROR_AFTER,
	FATE_NEVER, /* 422 */
};

struct http_transfer {
	int64_t id;
	struct process *process;
	http_callback *callback;
	void *context;
	struct http_answer answer;
	int64_t began_ms;
	int64_t event;
	struct feed_question_sent question; /* of the feed */
	struct http_transfer *next, *previous;
};

/* A request under way to its service, whatever becomes of who sent it. */
struct wire {
	int64_t transfer;
	enum fate fate;
	struct push push;
	bool pushes, asks; /* else it reads back */
	size_t target;
	int64_t remote;
};

#define TOTAL_TIMEOUT_MS 60000
#define REFUSED_MAX 4096

static struct http_transfer *transfers;
static int64_t next_transfer;
static char refused[REFUSED_MAX][IDEMPOTENCY_KEY_MAX];
static size_t refused_count;

static void arrive(void *context, int64_t number);
static void answer(void *context, int64_t number);

void network_clear(void)
{
	refused_count = 0;
	next_transfer = 0;
}

bool was_refused(const char *key)
{
	for (size_t i = 0; i < refused_count; i++) {
		if (strcmp(refused[i], key) == 0)
			return true;
	}
	return false;
}

static struct http_transfer *transfer_of(int64_t id)
{
	struct http_transfer *transfer = transfers;

	while (transfer != NULL && transfer->id != id)
		transfer = transfer->next;
	return transfer;
}

/* ---- the service's side ---- */

static enum fate draw_fate(int service)
{
	static const enum fate faults[] = {FATE_REFUSED_CONNECTION, FATE_LOST_BEFORE,
		FATE_LOST_AFTER, FATE_LOST_AFTER, FATE_BROKEN_AFTER, FATE_TOO_MANY,
		FATE_UNAVAILABLE, FATE_ERROR_BEFORE, FATE_ERROR_AFTER, FATE_ERROR_AFTER};
	const struct service_state *state = &world->services[service];

	if (!world->faults)
		return FATE_ANSWERED;
	if (mono_now() < state->dead_until_ms)
		return dice_permille(&world->dice, 700) ? FATE_REFUSED_CONNECTION
							: FATE_LOST_BEFORE;
	if (!dice_permille(&world->dice, mono_now() < state->shaky_until_ms ? 500 : 60))
		return FATE_ANSWERED;
	if (dice_permille(&world->dice, 20))
		return FATE_NEVER;
	return faults[dice_below(&world->dice, ARRAY_LENGTH(faults))];
}

static void say(struct http_answer *to, int status, const char *body)
{
	to->failure = HTTP_OK;
	to->status = status;
	buffer_append_text(&to->body, body);
}

static void say_wait(struct http_answer *to, int status)
{
	say(to, status, "");
	if (dice_permille(&world->dice, 700))
		to->retry_after = xasprintf("%d", (int)dice_skewed(&world->dice, 1, 7200));
}

static void say_taken(struct http_answer *to, const struct wire *wire, const struct effect *effect)
{
	int service = world->targets[wire->target].service;

	if (service == SERVICE_CLOUD_HOSTING) {
		say(to, 204, "");
	} else if (service == SERVICE_IDGW || service == SERVICE_GIO_CA) {
		say(to, 202, "{}");
		if (service == SERVICE_IDGW)
			to->location = xasprintf(
				"https://idgw.test/requests/%lld", (long long)effect->remote);
	} else {
		say(to, 200, "{}");
	}
}

static void say_status(struct http_answer *to, const struct wire *wire)
{
	const struct target *target = &world->targets[wire->target];
	const struct effect *effect;

	if (target->service == SERVICE_GIO_CA) {
		say(to, 200,
			target->remote != 0 ? "{\"status\":\"spreading\"}"
					    : "{\"status\":\"done\"}");
		return;
	}
	effect = effect_of_remote(wire->remote);
	if (effect == NULL)
		say(to, 404, "");
	else if (effect->pending)
		say(to, 200, "{\"status\":\"pending\"}");
	else
		say(to, 200,
			effect->failed ? "{\"status\":\"failed\",\"reason\":\"simulated\"}"
				       : "{\"status\":\"done\"}");
}

static void say_installed(struct http_answer *to, const struct wire *wire)
{
	int installed = world->targets[wire->target].installed;
	unsigned char fingerprint[FINGERPRINT_SIZE];
	char hex[FINGERPRINT_TEXT_MAX];

	if (installed < 0) {
		say(to, 404, "");
		return;
	}
	certificate_fingerprint(installed, fingerprint);
	text_hex(hex, fingerprint, FINGERPRINT_SIZE);
	say(to, 200, "");
	buffer_printf(&to->body, "{\"fingerprint_sha256\":\"%s\"}", hex);
}

/* Answers into TO what an untroubled service says, with its effect. */
static void serve(struct http_answer *to, const struct wire *wire)
{
	if (wire->pushes)
		say_taken(to, wire, service_take(&wire->push));
	else if (wire->asks)
		say_status(to, wire);
	else
		say_installed(to, wire);
}

static void never(struct http_answer *to, const struct wire *wire)
{
	say(to, 422, "{\"title\":\"simulated\"}");
	if (wire->pushes && refused_count < REFUSED_MAX)
		snprintf(refused[refused_count++], IDEMPOTENCY_KEY_MAX, "%s", wire->push.key);
}

static void handle(struct http_answer *to, const struct wire *wire)
{
	switch (wire->fate) {
	case FATE_ANSWERED:
		serve(to, wire);
		return;
	case FATE_TOO_MANY:
		say_wait(to, 429);
		return;
	case FATE_UNAVAILABLE:
		say_wait(to, 503);
		return;
	case FATE_NEVER:
		never(to, wire);
		return;
	case FATE_ERROR_AFTER:
	case FATE_LOST_AFTER:
	case FATE_BROKEN_AFTER:
		serve(to, wire);
		http_answer_clear(to);
		break;
	case FATE_ERROR_BEFORE:
	case FATE_REFUSED_CONNECTION:
	case FATE_LOST_BEFORE:
		break;
	}
	*to = (struct http_answer){0};
	if (wire->fate == FATE_ERROR_AFTER || wire->fate == FATE_ERROR_BEFORE)
		say(to, 500, "");
	else if (wire->fate == FATE_REFUSED_CONNECTION)
		to->failure = HTTP_CONNECT_FAILED;
	else if (wire->fate == FATE_BROKEN_AFTER)
		to->failure = HTTP_BROKEN;
	else
		to->failure = HTTP_TIMED_OUT;
	if (to->failure != HTTP_OK)
		error_set(&to->error, ERROR_TEMPORARY, "simulated");
}

static void arrive(void *context, int64_t number)
{
	struct wire *wire = context;
	struct http_transfer *transfer = transfer_of(number);
	struct http_answer said = {0};
	int64_t wait_ms = dice_skewed(&world->dice, 1, 2000);

	world->on_wire--;
	handle(&said, wire);
	if (transfer != NULL) {
		if (said.failure == HTTP_TIMED_OUT)
			wait_ms = TOTAL_TIMEOUT_MS;
		transfer->answer = said;
		transfer->event =
			event_add(transfer->process, wait_ms, answer, transfer, transfer->id);
	} else {
		http_answer_clear(&said);
	}
	free(wire);
}

/* What the feed says is its own, and changes nothing there. */
static void reach_feed(void *context, int64_t number)
{
	struct http_transfer *transfer = transfer_of(number);

	(void)context;
	if (transfer == NULL)
		return;
	sim_feed_answer(&transfer->answer, &transfer->question);
	transfer->event = event_add(transfer->process, dice_skewed(&world->dice, 1, 2000), answer,
		transfer, transfer->id);
}

/* ---- the engine's side ---- */

static void end_transfer(struct http_transfer *transfer)
{
	if (transfer->previous != NULL)
		transfer->previous->next = transfer->next;
	else
		transfers = transfer->next;
	if (transfer->next != NULL)
		transfer->next->previous = transfer->previous;
	transfer->process->transfers--;
	transfer->answer.duration_ms = mono_now() - transfer->began_ms;
	transfer->callback(transfer->context, &transfer->answer);
	http_answer_clear(&transfer->answer);
	free(transfer);
}

static void answer(void *context, int64_t number)
{
	struct http_transfer *transfer = context;

	(void)number;
	if (transfer->question.limit == 0 || transfer->answer.status != 304)
		trace("answer: %s %d", http_failure_name(transfer->answer.failure),
			transfer->answer.status);
	end_transfer(transfer);
}

void http_cancel(struct http_transfer *transfer)
{
	event_cancel(transfer->event);
	http_answer_clear(&transfer->answer);
	transfer->answer.failure = HTTP_CANCELLED;
	error_set(&transfer->answer.error, ERROR_TEMPORARY, "simulated: cancelled");
	end_transfer(transfer);
}

static int certificate_in_request(const struct http_request *request)
{
	struct buffer text = {0};
	int number, key;

	for (size_t i = 0; i < request->part_count; i++)
		buffer_append(&text, request->parts[i].data.data, request->parts[i].data.length);
	buffer_append(&text, request->body.data, request->body.length);
	number = certificate_in_text(buffer_text(&text));
	key = key_in_text(buffer_text(&text));
	if (key >= 0 && key != number)
		violated("certificate %d is sent with the key of %d", number, key);
	buffer_free(&text);
	return number;
}

static void fill_push(
	struct wire *wire, const struct http_request *request, const struct store_job *job)
{
	struct push *push = &wire->push;

	push->target = wire->target;
	push->job = job->id;
	push->generation = job->generation;
	push->certificate = certificate_in_request(request);
	push->contract = estate_contract_of(job->contract);
	push->issued_ms = job->issued_ms;
	for (size_t i = 0; i < request->header_count; i++) {
		if (strcmp(request->headers[i].name, "Idempotency-Key") == 0)
			snprintf(push->key, sizeof(push->key), "%s", request->headers[i].value);
	}
}

static void send_off(struct http_transfer *transfer, const struct http_request *request,
	const struct attempt *attempt)
{
	const struct store_job *job = &attempt->result->job;
	const char *last = strrchr(request->url, '/');
	struct wire *wire = xcalloc(1, sizeof(*wire));
	int64_t way_ms = dice_skewed(&world->dice, 1, 1000);

	wire->transfer = transfer->id;
	wire->pushes = strcmp(request->method, "GET") != 0;
	wire->asks = attempt->phase == ATTEMPT_ASKING;
	wire->target =
		(size_t)(target_of(job->service, job->service_code, job->fqdn) - world->targets);
	if (wire->pushes)
		fill_push(wire, request, job);
	if (wire->asks && last != NULL)
		wire->remote = strtoll(last + 1, NULL, 10);
	wire->fate = draw_fate(service_number(job->service));
	trace("%s job %lld %s %s certificate %d: %s", wire->pushes ? "push" : "ask",
		(long long)job->id, job->service, job->service_code,
		wire->pushes ? wire->push.certificate : -1,
		wire->fate == FATE_ANSWERED ? "fine" : "fault");
	totals.requests++;
	check_request(transfer->process, job, attempt->result->token);
	world->on_wire++;
	if (wire->pushes && dice_permille(&world->dice, 15))
		estate_overtake(wire->push.contract);
	event_add(NULL, way_ms, arrive, wire, transfer->id);
}

struct http_transfer *http_start(struct http *http, const struct http_peer *peer,
	const struct http_request *request, http_callback *callback, void *context)
{
	struct http_transfer *transfer = xcalloc(1, sizeof(*transfer));

	(void)http;
	(void)peer;
	transfer->id = ++next_transfer;
	transfer->process = world->current;
	transfer->callback = callback;
	transfer->context = context;
	transfer->began_ms = mono_now();
	transfer->next = transfers;
	if (transfers != NULL)
		transfers->previous = transfer;
	transfers = transfer;
	world->current->transfers++;
	if (strncmp(request->url, SIM_FEED_URL, strlen(SIM_FEED_URL)) == 0) {
		sim_feed_ask(&transfer->question, request);
		event_add(NULL, dice_skewed(&world->dice, 1, 500), reach_feed, NULL, transfer->id);
		return transfer;
	}
	faults_at_work();
	/* A dead process sends nothing; it only does not know it yet. */
	if (!world->current->owner.dead)
		send_off(transfer, request, context);
	return transfer;
}
