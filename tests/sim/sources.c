/* How snapshots reach the engine: late, out of order, doubled, and until they are acknowledged. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim.h"

struct delivery {
	int contract;
	size_t revision;
	int64_t at_ms; /* not before; monotonic */
	bool done;
};

#define BATCH_MAX 6

static void pass(void *context, int64_t number);

static void add(int contract, size_t revision, int64_t in_ms)
{
	if (world->delivery_count == world->delivery_capacity) {
		world->delivery_capacity = world->delivery_capacity * 2 + 64;
		world->deliveries = xreallocarray(
			world->deliveries, world->delivery_capacity, sizeof(*world->deliveries));
	}
	world->deliveries[world->delivery_count++] =
		(struct delivery){contract, revision, mono_now() + in_ms, false};
	event_add(NULL, in_ms, pass, NULL, 0);
}

void sources_send(int contract, size_t revision, int64_t in_ms)
{
	int64_t usual_ms = dice_permille(&world->dice, 800)
				   ? dice_skewed(&world->dice, 1000, 20 * INT64_C(60000))
				   : dice_skewed(&world->dice, 60000, 10 * DAY_MS);

	/* What is in the feed may come by a file as well. */
	if (world->contracts[contract].by_feed && in_ms == 0) {
		sim_feed_append(contract, revision);
		if (!dice_permille(&world->dice, 50))
			return;
	}
	add(contract, revision, in_ms > 0 ? in_ms : usual_ms);
}

/* What was acknowledged is forgotten; the rest, and doubles, come again. */
static void drop_done(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < world->delivery_count; i++) {
		if (!world->deliveries[i].done)
			world->deliveries[kept++] = world->deliveries[i];
	}
	world->delivery_count = kept;
}

static void again(int64_t in_ms)
{
	event_add(NULL, in_ms, pass, NULL, 0);
}

static struct process *receiver(void)
{
	struct process *chosen = NULL;
	uint64_t count = 0;

	for (size_t i = 0; i < 2; i++) {
		struct process *process = &world->processes[i];

		if (process->runs && !process->draining && !process_stalled(process) &&
			dice_below(&world->dice, ++count) == 0)
			chosen = process;
	}
	return chosen;
}

/* Up to BATCH_MAX of what is due, in any order. */
static size_t draw(size_t batch[BATCH_MAX])
{
	size_t count = 0, seen = 0, most = 1 + dice_below(&world->dice, BATCH_MAX);

	for (size_t i = 0; i < world->delivery_count; i++) {
		size_t place;

		if (world->deliveries[i].at_ms > mono_now())
			continue;
		place = dice_below(&world->dice, ++seen);
		if (count < most) {
			batch[count] = batch[place];
			batch[place] = i;
			count++;
		} else if (place < most) {
			batch[place] = i;
		}
	}
	return count;
}

static bool offer(const struct spool_taker *taker, const struct delivery *delivery)
{
	char *text = estate_record(delivery->contract, delivery->revision);
	const struct spool_item item = {"simulated.json", 0, text, strlen(text)};
	enum spool_taken taken;
	struct error reason;

	taken = taker->take(taker->context, &item, &reason);
	if (taken == SPOOL_REJECTED)
		violated("a good record was rejected: %s: %s", text, reason.text);
	free(text);
	return taken == SPOOL_TAKEN;
}

static void acknowledge(struct delivery *delivery)
{
	struct estate_contract *contract = &world->contracts[delivery->contract];

	trace("acknowledged: ssl%d revision %zu", delivery->contract, delivery->revision);
	totals.taken++;
	delivery->done = true;
	if (contract->acknowledged < delivery->revision)
		contract->acknowledged = delivery->revision;
}

static void poke(void *context, int64_t number)
{
	struct process *process = context;

	(void)number;
	if (process->runs)
		pump_poke(process->pump);
}

/* The one that stored it is told; the other sees it when it looks for files next. */
void sources_tell_stored(struct process *by)
{
	for (size_t i = 0; i < 2; i++) {
		struct process *process = &world->processes[i];

		if (process == by)
			pump_poke(by->pump);
		else if (process->runs)
			event_add(process, 60000, poke, process, 0);
	}
}

/* Of what was acknowledged, some is sent a second time. */
static void double_some(const size_t *batch, const bool *taken, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct delivery *delivery = &world->deliveries[batch[i]];

		if (taken[i] && world->faults && dice_permille(&world->dice, 150))
			add(delivery->contract, delivery->revision,
				dice_skewed(&world->dice, 1000, 40 * DAY_MS));
	}
}

static void pass(void *context, int64_t number)
{
	struct process *process = receiver();
	size_t batch[BATCH_MAX], count;
	struct spool_taker taker;
	bool taken[BATCH_MAX], durable;
	struct error error;

	(void)context;
	(void)number;
	if (process == NULL) {
		again(dice_between(&world->dice, 1000, 600000));
		return;
	}
	world->current = process;
	disk_use(&process->owner);
	taker = intake_taker(process->intake);
	count = draw(batch);
	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		taken[i] = offer(&taker, &world->deliveries[batch[i]]);
	durable = taker.flush(taker.context, &error);
	if (!durable)
		trace("not stored: %s", error.text);
	for (size_t i = 0; i < count; i++) {
		taken[i] = taken[i] && durable && !process->owner.dead;
		if (taken[i])
			acknowledge(&world->deliveries[batch[i]]);
	}
	if (durable && !process->owner.dead)
		sources_tell_stored(process);
	double_some(batch, taken, count);
	drop_done();
	again(dice_between(&world->dice, 1000, 120000));
}

bool sources_quiet(void)
{
	return world->delivery_count == 0;
}
