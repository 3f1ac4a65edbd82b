#ifndef BASE_MEASURE_H
#define BASE_MEASURE_H

#include <stddef.h>
#include <stdint.h>

/*
 * A histogram that one thread or several fill while another reads: each addition is two atomic
 * ones. What a reader gets may be short of what is being added at that moment, never wrong
 * otherwise.
 */
#define MEASURE_BOUNDS_MAX 16

struct measure {
	const int64_t *bounds; /* ascending; a value falls under the first that is not below it */
	size_t count;	       /* of bounds */
	_Atomic uint64_t falls[MEASURE_BOUNDS_MAX + 1]; /* the last: beyond all bounds */
	_Atomic uint64_t sum;
};

/* BOUNDS, at most MEASURE_BOUNDS_MAX of them, are borrowed for good. */
void measure_init(struct measure *measure, const int64_t *bounds, size_t count);
/* VALUE in the bounds' unit; what is negative counts as 0. */
void measure_add(struct measure *measure, int64_t value);

/* The system's monotonic clock, finer than struct clock has it: for durations alone. */
int64_t measure_now_us(void);

#endif
