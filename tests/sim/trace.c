#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "sim.h"

#define TRACE_LINES 400
#define TRACE_LINE_MAX 320
/* How many are shown without --trace. */
#define TRACE_SHOWN 40

bool trace_live;

static char lines[TRACE_LINES][TRACE_LINE_MAX];
static size_t line_count;

void trace_clear(void)
{
	line_count = 0;
}

__attribute__((format(printf, 1, 0))) static void add(const char *format, va_list arguments)
{
	char *line = lines[line_count++ % TRACE_LINES], when[CIVIL_INSTANT_MAX];
	int used;

	civil_format_instant(when, wall_now(), TOKYO_OFFSET_MIN);
	used = snprintf(line, TRACE_LINE_MAX, "%s.%03d %d ", when, (int)(mono_now() % 1000),
		world->current != NULL ? world->current->number : 0);
	vsnprintf(line + used, TRACE_LINE_MAX - (size_t)used, format, arguments);
	if (trace_live)
		puts(line);
}

void trace(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(format, arguments);
	va_end(arguments);
}

static void replay_command(void)
{
	const struct plan_of_run *plan = &world->plan;

	printf("replay with: tests/sim/simulate --seed %llu --contracts %d --days %d "
	       "--%sholding --%sreinstall --%sclock-steps --%ssecond --%sstalls --%sacts --%sfeed "
	       "--%sreseal --trace\n",
		(unsigned long long)plan->seed, plan->contracts, plan->days,
		plan->holding ? "" : "no-", plan->reinstall ? "" : "no-",
		plan->clock_steps ? "" : "no-", plan->second ? "" : "no-",
		plan->stalls ? "" : "no-", plan->acts ? "" : "no-", plan->feed ? "" : "no-",
		plan->reseal ? "" : "no-");
}

void violated(const char *format, ...)
{
	size_t shown = trace_live ? 0 : TRACE_SHOWN, first;
	va_list arguments;

	first = line_count > shown ? line_count - shown : 0;
	for (size_t i = first; i < line_count && !trace_live; i++)
		puts(lines[i % TRACE_LINES]);
	printf("not ok seed %llu: ", (unsigned long long)world->plan.seed);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n(step %llu of seed %llu of this command)\n", (unsigned long long)totals.steps,
		(unsigned long long)totals.seeds);
	replay_command();
	fflush(stdout);
	/* Without running down what is in the middle of something. */
	_Exit(1);
}
