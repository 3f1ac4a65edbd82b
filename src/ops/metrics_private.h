#ifndef OPS_METRICS_PRIVATE_H
#define OPS_METRICS_PRIVATE_H

#include "domain/job.h"
#include "ops/metrics.h"

/* ---- what is counted ---- */

#define METRICS_KINDS 4
#define METRICS_OUTCOMES 11
#define METRICS_STATES JOB_STATE_COUNT
/* The last stands for any other word. */
extern const char *const metrics_outcomes[METRICS_OUTCOMES];

struct metrics_service {
	struct metrics_service *next;
	char name[PULSE_NAME_MAX];
	_Atomic uint64_t attempts[METRICS_KINDS][METRICS_OUTCOMES];
	_Atomic uint64_t results[METRICS_STATES];
	struct measure push;	 /* microseconds, as are those below */
	struct measure verify;	 /* one look at the edges */
	struct measure lateness; /* from due to taken by the service */
};

struct metrics {
	/* Only ever added to at its head, by the loop's thread. */
	struct metrics_service *_Atomic services;
	_Atomic uint64_t taken, rejected, set_aside;
	struct store_measures store;
};

const struct metrics_service *metrics_find(const struct metrics *metrics, const char *name);

/* ---- the text ---- */

struct metrics_writer {
	struct buffer *out;
	bool plain;
	const char *name; /* of the family at hand, without prefix */
	const char *type;
};

/* A family's head. TYPE: "gauge", "counter", "histogram". UNIT is NAME's last word, or NULL. */
void metrics_family(struct metrics_writer *writer, const char *name, const char *type,
	const char *unit, const char *help);
/* Up to two labels; a key of NULL ends them. Values are escaped. */
struct metrics_labels {
	const char *key[3];
	const char *value[3];
};
void metrics_int(struct metrics_writer *writer, const struct metrics_labels *labels, int64_t value);
/* Microseconds, written as seconds. */
void metrics_seconds(
	struct metrics_writer *writer, const struct metrics_labels *labels, int64_t value_us);
void metrics_infinity(struct metrics_writer *writer, const struct metrics_labels *labels);
void metrics_histogram(struct metrics_writer *writer, const struct metrics_labels *labels,
	const struct measure *measure);
void metrics_end(struct metrics_writer *writer);

/* ---- its parts, in order ---- */

void metrics_write_process(struct metrics_writer *writer, const struct metrics_view *view);
void metrics_write_live(struct metrics_writer *writer, const struct metrics_view *view);
void metrics_write_counted(struct metrics_writer *writer, const struct metrics_view *view);
bool must_check metrics_write_stored(
	struct metrics_writer *writer, const struct metrics_view *view, struct error *error);

bool must_check metrics_write_progress(
	struct metrics_writer *writer, const struct metrics_view *view, struct error *error);

#endif
