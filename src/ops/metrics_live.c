#include "config.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/log.h"
#include "ops/metrics_private.h"

/* What the process and its loop tell, and what was counted. */

static void one(struct metrics_writer *writer, const char *name, const char *help, int64_t value)
{
	metrics_family(writer, name, "gauge", NULL, help);
	metrics_int(writer, NULL, value);
}

static void instant(
	struct metrics_writer *writer, const char *name, const char *help, int64_t instant_ms)
{
	metrics_family(writer, name, "gauge", "seconds", help);
	metrics_seconds(writer, NULL, instant_ms * 1000);
}

void metrics_write_process(struct metrics_writer *writer, const struct metrics_view *view)
{
	static const struct {
		enum log_level level;
		const char *name;
	} levels[] = {{LOG_LEVEL_ERROR, "error"}, {LOG_LEVEL_WARNING, "warning"},
		{LOG_LEVEL_NOTICE, "notice"}};
	const struct pulse_reading *reading = view->reading;
	size_t i;

	metrics_family(writer, "build_info", "gauge", NULL, "Which version this is.");
	metrics_int(writer,
		&(const struct metrics_labels){{"version", NULL}, {PACKAGE_VERSION, NULL}}, 1);
	instant(writer, "start_time_seconds", "When the daemon was started, since 1970.",
		reading->started_ms);
	one(writer, "loop_answers", "Whether the loop answered this question in time.",
		reading->answered);
	metrics_family(writer, "loop_answer_seconds", "gauge", "seconds",
		"How long the loop took to answer this question, or has taken so far.");
	metrics_seconds(writer, NULL, reading->took_us);
	one(writer, "config_last_reload_successful",
		"Whether the configuration was in order when it was last read.",
		!reading->reload_failed);
	instant(writer, "config_last_reload_success_timestamp_seconds",
		"When the configuration in force was read, since 1970.", reading->reloaded_ms);
	metrics_family(writer, "log_entries", "counter", NULL, "What was logged, by level.");
	for (i = 0; i < ARRAY_LENGTH(levels); i++)
		metrics_int(writer,
			&(const struct metrics_labels){{"level", NULL}, {levels[i].name, NULL}},
			(int64_t)log_count(levels[i].level));
	one(writer, "unsaved_results", "Results of tries that the store has not taken yet.",
		(int64_t)reading->state.unsaved);
}

/* ---- live ---- */

typedef void put_service(struct metrics_writer *writer, const struct pulse_service *service,
	const struct metrics_labels *labels);

static void put_in_flight(struct metrics_writer *writer, const struct pulse_service *service,
	const struct metrics_labels *labels)
{
	metrics_int(writer, labels, (int64_t)service->in_flight);
}

static void put_window(struct metrics_writer *writer, const struct pulse_service *service,
	const struct metrics_labels *labels)
{
	metrics_int(writer, labels, service->window);
}

static void put_state(struct metrics_writer *writer, const struct pulse_service *service,
	const struct metrics_labels *labels)
{
	static const enum throttle_state states[] = {
		THROTTLE_FLOWING, THROTTLE_PAUSED, THROTTLE_CIRCUIT_OPEN, THROTTLE_PROBING};
	struct metrics_labels both = *labels;
	size_t i;

	both.key[1] = "state";
	for (i = 0; i < ARRAY_LENGTH(states); i++) {
		both.value[1] = throttle_state_name(states[i]);
		metrics_int(writer, &both, service->state == states[i]);
	}
}

/* As it stood when the loop answered last. */
void metrics_write_live(struct metrics_writer *writer, const struct metrics_view *view)
{
	static const struct {
		const char *name, *help;
		put_service *put;
	} families[] = {
		{"in_flight", "Tries under way.", put_in_flight},
		{"window", "How many tries may be under way at once at present.", put_window},
		{"service_state", "1 for the state that the service's requests are in.", put_state},
	};
	const struct pulse_state *state = &view->reading->state;
	size_t i, j;

	for (i = 0; i < ARRAY_LENGTH(families); i++) {
		metrics_family(writer, families[i].name, "gauge", NULL, families[i].help);
		for (j = 0; j < state->service_count; j++) {
			const struct metrics_labels labels = {
				{"service", NULL}, {state->services[j].name, NULL}};

			families[i].put(writer, &state->services[j], &labels);
		}
	}
}

/* ---- counted ---- */

static int64_t value_of(const _Atomic uint64_t *counter)
{
	return (int64_t)atomic_load_explicit(counter, memory_order_relaxed);
}

typedef void put_counts(struct metrics_writer *writer, const struct metrics_service *service,
	struct metrics_labels *labels);

/* What never happened has no line, so that there are no more than are of use. */
static void put_attempts(struct metrics_writer *writer, const struct metrics_service *service,
	struct metrics_labels *labels)
{
	static const char *const kinds[METRICS_KINDS] = {
		[ATTEMPT_PUSH] = "push",
		[ATTEMPT_VERIFY] = "verify",
		[ATTEMPT_FOLLOW] = "follow",
		[ATTEMPT_READ_BACK] = "read-back",
	};
	size_t kind, outcome;

	labels->key[1] = "kind";
	labels->key[2] = "outcome";
	for (kind = 0; kind < METRICS_KINDS; kind++) {
		for (outcome = 0; outcome < METRICS_OUTCOMES; outcome++) {
			int64_t count = value_of(&service->attempts[kind][outcome]);

			if (count == 0)
				continue;
			labels->value[1] = kinds[kind];
			labels->value[2] = metrics_outcomes[outcome];
			metrics_int(writer, labels, count);
		}
	}
}

static void put_results(struct metrics_writer *writer, const struct metrics_service *service,
	struct metrics_labels *labels)
{
	size_t state;

	labels->key[1] = "state";
	for (state = 0; state < METRICS_STATES; state++) {
		int64_t count = value_of(&service->results[state]);

		if (count == 0)
			continue;
		labels->value[1] = job_state_name((enum job_state)state);
		metrics_int(writer, labels, count);
	}
}

static void put_push(struct metrics_writer *writer, const struct metrics_service *service,
	struct metrics_labels *labels)
{
	metrics_histogram(writer, labels, &service->push);
}

static void put_verify(struct metrics_writer *writer, const struct metrics_service *service,
	struct metrics_labels *labels)
{
	metrics_histogram(writer, labels, &service->verify);
}

static void put_lateness(struct metrics_writer *writer, const struct metrics_service *service,
	struct metrics_labels *labels)
{
	metrics_histogram(writer, labels, &service->lateness);
}

static void write_records(struct metrics_writer *writer, const struct metrics *metrics)
{
	const struct {
		const char *result;
		const _Atomic uint64_t *counter;
	} results[] = {{"taken", &metrics->taken}, {"rejected", &metrics->rejected},
		{"set-aside", &metrics->set_aside}};
	size_t i;

	metrics_family(writer, "records", "counter", NULL,
		"Records of all sources, by what became "
		"of them.");
	for (i = 0; i < ARRAY_LENGTH(results); i++)
		metrics_int(writer,
			&(const struct metrics_labels){{"result", NULL}, {results[i].result, NULL}},
			value_of(results[i].counter));
}

void metrics_write_counted(struct metrics_writer *writer, const struct metrics_view *view)
{
	static const struct {
		const char *name, *type, *unit, *help;
		put_counts *put;
	} families[] = {
		{"attempts", "counter", NULL,
			"What services were asked and edges were looked at "
			"for, by what came of it.",
			put_attempts},
		{"results", "counter", NULL, "Tries, by the state that their job went to.",
			put_results},
		{"push_duration_seconds", "histogram", "seconds", "Requests that install.",
			put_push},
		{"verify_duration_seconds", "histogram", "seconds", "Looks at what is served.",
			put_verify},
		{"install_lateness_seconds", "histogram", "seconds",
			"From the due instant to when the service took the certificate.",
			put_lateness},
	};
	const struct config *config = view->config;
	size_t i, j;

	for (i = 0; i < ARRAY_LENGTH(families); i++) {
		metrics_family(writer, families[i].name, families[i].type, families[i].unit,
			families[i].help);
		for (j = 0; j < config->profile_count; j++) {
			const struct metrics_service *service =
				metrics_find(view->metrics, config->profiles[j].rules.id);

			if (service != NULL)
				families[i].put(writer, service,
					&(struct metrics_labels){{"service"}, {service->name}});
		}
	}
	write_records(writer, view->metrics);
	metrics_family(writer, "store_transactions", "counter", NULL, "Transactions committed.");
	{
		int64_t commits = 0;

		for (i = 0; i <= view->metrics->store.commits.count; i++)
			commits += value_of(&view->metrics->store.commits.falls[i]);
		metrics_int(writer, NULL, commits);
	}
	metrics_family(writer, "store_failed_transactions", "counter", NULL,
		"Transactions that could not be committed.");
	metrics_int(writer, NULL, value_of(&view->metrics->store.failed_commits));
	metrics_family(writer, "store_commit_duration_seconds", "histogram", "seconds",
		"Commits, with the wait for the disk.");
	metrics_histogram(writer, NULL, &view->metrics->store.commits);
}
