#include "base/measure.h"

#include <assert.h>
#include <stdatomic.h>
#include <time.h>

void measure_init(struct measure *measure, const int64_t *bounds, size_t count)
{
	size_t i;

	assert(count <= MEASURE_BOUNDS_MAX);
	measure->bounds = bounds;
	measure->count = count;
	for (i = 0; i <= MEASURE_BOUNDS_MAX; i++)
		atomic_init(&measure->falls[i], 0);
	atomic_init(&measure->sum, 0);
}

void measure_add(struct measure *measure, int64_t value)
{
	size_t i = 0;

	if (value < 0)
		value = 0;
	while (i < measure->count && measure->bounds[i] < value)
		i++;
	atomic_fetch_add_explicit(&measure->falls[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&measure->sum, (uint64_t)value, memory_order_relaxed);
}

int64_t measure_now_us(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
