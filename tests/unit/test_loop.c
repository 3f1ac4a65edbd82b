#include "net/loop.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"

/*
 * The kernel's part in a stepped clock, which a test cannot step: the linker puts these in place of
 * the calls (--wrap).
 */
static int steps_to_report;
static bool no_timerfd;
static int settime_calls;
/* By how much the wall clock has been stepped. */
static int64_t step_ms;

/* The linker makes these names. NOLINTBEGIN(bugprone-reserved-identifier) */
ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);
int __real_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags);
int __real_timerfd_settime(
	int fd, int flags, const struct itimerspec *value, struct itimerspec *old);
int __wrap_timerfd_settime(
	int fd, int flags, const struct itimerspec *value, struct itimerspec *old);
int __real_clock_gettime(clockid_t id, struct timespec *now);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);
/* NOLINTEND(bugprone-reserved-identifier) */

ssize_t __wrap_read(int fd, void *data, size_t size)
{
	if (steps_to_report > 0) {
		steps_to_report--;
		errno = ECANCELED;
		return -1;
	}
	return __real_read(fd, data, size);
}

int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
	int status = __real_clock_gettime(id, now);
	int64_t ms;

	if (id == CLOCK_REALTIME && status == 0) {
		ms = (int64_t)now->tv_sec * 1000 + now->tv_nsec / 1000000 + step_ms;
		now->tv_sec = (time_t)(ms / 1000);
		now->tv_nsec = (long)(ms % 1000 * 1000000);
	}
	return status;
}

int __wrap_timerfd_create(int clock, int flags)
{
	assert_int_equal(clock, CLOCK_REALTIME);
	if (no_timerfd) {
		errno = EMFILE;
		return -1;
	}
	return __real_timerfd_create(clock, flags);
}

int __wrap_timerfd_settime(
	int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	if (value->it_value.tv_sec != 0 || value->it_value.tv_nsec != 0) {
		assert_int_equal(flags, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
		settime_calls++;
	}
	return __real_timerfd_settime(fd, flags, value, old);
}

struct trace {
	struct loop *loop;
	struct loop_timer *timers[4];
	struct loop_watch *watch;
	char order[32];
	int stop_after;
	int64_t fired_wall_ms;
	int64_t fired_mono_ms;
	int pipe[2];
	int again;
};

static void note(struct trace *trace, char what)
{
	size_t length = strlen(trace->order);

	assert_true(length + 1 < sizeof(trace->order));
	trace->order[length] = what;
	if ((int)length + 1 >= trace->stop_after)
		loop_stop(trace->loop);
}

static void fire_a(void *context)
{
	note(context, 'a');
}

static void fire_b(void *context)
{
	note(context, 'b');
}

static void fire_c(void *context)
{
	note(context, 'c');
}

static void fire_at(void *context)
{
	struct trace *trace = context;

	trace->fired_wall_ms = clock_wall_ms(clock_system());
	trace->fired_mono_ms = clock_mono_ms(clock_system());
	note(trace, 'w');
}

static void run(struct trace *trace)
{
	struct error error;

	assert_true(loop_run(trace->loop, &error));
}

static void begin(struct trace *trace, int stop_after)
{
	memset(trace, 0, sizeof(*trace));
	trace->loop = loop_new(clock_system());
	trace->stop_after = stop_after;
}

static void end(struct trace *trace)
{
	for (size_t i = 0; i < ARRAY_LENGTH(trace->timers); i++)
		loop_timer_free(trace->timers[i]);
	loop_watch_free(trace->watch);
	loop_free(trace->loop);
}

static void test_timers_fire_in_order_of_their_delays(void **state)
{
	struct trace trace;
	int64_t before = clock_mono_ms(clock_system());

	(void)state;
	begin(&trace, 3);
	trace.timers[0] = loop_timer_new(trace.loop, fire_a, &trace);
	trace.timers[1] = loop_timer_new(trace.loop, fire_b, &trace);
	trace.timers[2] = loop_timer_new(trace.loop, fire_c, &trace);
	loop_timer_set(trace.timers[0], 20);
	loop_timer_set(trace.timers[1], 10);
	loop_timer_set(trace.timers[2], 0);
	/* Nothing runs from within the call, not even what is due. */
	assert_string_equal(trace.order, "");
	assert_true(loop_timer_is_set(trace.timers[2]));
	run(&trace);
	assert_string_equal(trace.order, "cba");
	assert_false(loop_timer_is_set(trace.timers[0]));
	assert_true(clock_mono_ms(clock_system()) - before >= 20);
	end(&trace);
}

static void test_setting_again_replaces_and_cancelling_stops(void **state)
{
	struct trace trace;

	(void)state;
	begin(&trace, 2);
	trace.timers[0] = loop_timer_new(trace.loop, fire_a, &trace);
	trace.timers[1] = loop_timer_new(trace.loop, fire_b, &trace);
	trace.timers[2] = loop_timer_new(trace.loop, fire_c, &trace);
	loop_timer_set(trace.timers[0], 0);
	loop_timer_set(trace.timers[0], 20);
	loop_timer_set(trace.timers[1], 10);
	loop_timer_set(trace.timers[2], 0);
	loop_timer_cancel(trace.timers[2]);
	assert_false(loop_timer_is_set(trace.timers[2]));
	run(&trace);
	assert_string_equal(trace.order, "ba");
	end(&trace);
}

/* A delay of zero takes the place of one that is running, and does not come twice. */
static void test_at_once_replaces_a_delay(void **state)
{
	struct trace trace;

	(void)state;
	begin(&trace, 2);
	trace.timers[0] = loop_timer_new(trace.loop, fire_a, &trace);
	trace.timers[1] = loop_timer_new(trace.loop, fire_b, &trace);
	loop_timer_set(trace.timers[0], 10);
	loop_timer_set(trace.timers[0], 0);
	loop_timer_set(trace.timers[0], 0);
	loop_timer_set(trace.timers[1], 30);
	run(&trace);
	assert_string_equal(trace.order, "ab");
	end(&trace);
}

static void fire_for_ever(void *context)
{
	struct trace *trace = context;

	loop_timer_set(trace->timers[0], 0);
	if (++trace->again == 10)
		assert_int_equal(write(trace->pipe[1], "x", 1), 1);
	if (trace->again == 10000)
		loop_stop(trace->loop);
}

static void take_turn(void *context, int fd, int events)
{
	(void)fd;
	(void)events;
	note(context, 'r');
}

static void test_what_is_ready_has_its_turn_beside_timers(void **state)
{
	struct trace trace;

	(void)state;
	begin(&trace, 1);
	assert_int_equal(pipe(trace.pipe), 0);
	trace.timers[0] = loop_timer_new(trace.loop, fire_for_ever, &trace);
	loop_timer_set(trace.timers[0], 0);
	trace.watch = loop_watch_new(trace.loop, trace.pipe[0], LOOP_READ, take_turn, &trace);
	run(&trace);
	assert_string_equal(trace.order, "r");
	assert_true(trace.again < 1000);
	end(&trace);
	assert_int_equal(close(trace.pipe[0]), 0);
	assert_int_equal(close(trace.pipe[1]), 0);
}

static void fire_again(void *context)
{
	struct trace *trace = context;

	assert_false(loop_timer_is_set(trace->timers[0]));
	if (trace->again-- > 0)
		loop_timer_set(trace->timers[0], 0);
	note(trace, 'x');
}

static void test_a_timer_can_set_itself_from_its_callback(void **state)
{
	struct trace trace;

	(void)state;
	begin(&trace, 4);
	trace.again = 3;
	trace.timers[0] = loop_timer_new(trace.loop, fire_again, &trace);
	loop_timer_set(trace.timers[0], 0);
	run(&trace);
	assert_string_equal(trace.order, "xxxx");
	end(&trace);
}

static void fire_and_free(void *context)
{
	struct trace *trace = context;

	loop_timer_free(trace->timers[0]);
	trace->timers[0] = NULL;
	note(trace, 'f');
}

static void test_a_timer_can_be_freed_from_its_callback(void **state)
{
	struct trace trace;

	(void)state;
	begin(&trace, 1);
	trace.timers[0] = loop_timer_new(trace.loop, fire_and_free, &trace);
	loop_timer_set_wall(trace.timers[0], 1);
	run(&trace);
	assert_string_equal(trace.order, "f");
	end(&trace);
}

/* Arms a wall timer DELAY_MS ahead, runs, and returns how late (negative: early) it fired. */
static int64_t wall_lateness(struct trace *trace, int64_t delay_ms)
{
	int64_t target = clock_wall_ms(clock_system()) + delay_ms;

	trace->timers[0] = loop_timer_new(trace->loop, fire_at, trace);
	loop_timer_set_wall(trace->timers[0], target);
	assert_string_equal(trace->order, "");
	run(trace);
	assert_string_equal(trace->order, "w");
	assert_false(loop_timer_is_set(trace->timers[0]));
	return trace->fired_wall_ms - target;
}

static void test_wall_timer_never_fires_early(void **state)
{
	static const int64_t delays[] = {25, 0, -5, -3600000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(delays); i++) {
		struct trace trace;

		settime_calls = 0;
		begin(&trace, 1);
		assert_true(wall_lateness(&trace, delays[i]) >= 0);
		assert_int_equal(settime_calls, 1);
		end(&trace);
	}
}

static void test_wall_timer_is_armed_again_when_the_clock_was_stepped(void **state)
{
	struct trace trace;

	(void)state;
	settime_calls = 0;
	steps_to_report = 2;
	begin(&trace, 1);
	assert_true(wall_lateness(&trace, 10) >= 0);
	assert_int_equal(steps_to_report, 0);
	assert_int_equal(settime_calls, 3);
	end(&trace);
}

static void test_wall_timer_works_without_a_timerfd(void **state)
{
	struct trace trace;

	(void)state;
	no_timerfd = true;
	settime_calls = 0;
	begin(&trace, 1);
	assert_true(wall_lateness(&trace, 25) >= 0);
	assert_int_equal(settime_calls, 0);
	no_timerfd = false;
	end(&trace);
}

static void step_back(void *context)
{
	(void)context;
	step_ms = -30;
}

static void test_wall_timer_without_a_timerfd_notices_a_step(void **state)
{
	struct trace trace;

	(void)state;
	no_timerfd = true;
	begin(&trace, 1);
	trace.timers[1] = loop_timer_new(trace.loop, step_back, NULL);
	loop_timer_set(trace.timers[1], 0);
	assert_true(wall_lateness(&trace, 10) >= 0);
	assert_int_equal(step_ms, -30);
	step_ms = 0;
	no_timerfd = false;
	end(&trace);
}

static void test_wall_timer_can_be_set_again_and_cancelled(void **state)
{
	struct trace trace;
	int64_t now = clock_wall_ms(clock_system());

	(void)state;
	begin(&trace, 1);
	trace.timers[0] = loop_timer_new(trace.loop, fire_a, &trace);
	trace.timers[1] = loop_timer_new(trace.loop, fire_b, &trace);
	trace.timers[2] = loop_timer_new(trace.loop, fire_c, &trace);
	loop_timer_set_wall(trace.timers[0], 0);
	loop_timer_cancel(trace.timers[0]);
	/* From wall time to a delay, and from a near instant to a far one. */
	loop_timer_set_wall(trace.timers[1], 0);
	loop_timer_set_wall(trace.timers[1], now + INT64_C(86400000));
	loop_timer_set_wall(trace.timers[2], now + INT64_C(86400000));
	loop_timer_set(trace.timers[2], 5);
	run(&trace);
	assert_string_equal(trace.order, "c");
	assert_true(loop_timer_is_set(trace.timers[1]));
	end(&trace);
}

static void test_wall_timer_on_a_clock_of_another_time(void **state)
{
	static const int64_t differences[] = {20, -20};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(differences); i++) {
		struct manual_clock manual;
		struct trace trace;
		int64_t before = clock_mono_ms(clock_system());

		/* Long ago: by the system's clock all of it would be past. */
		manual_clock_init(&manual, 1000000);
		memset(&trace, 0, sizeof(trace));
		trace.loop = loop_new(&manual.clock);
		trace.stop_after = 1;
		trace.timers[0] = loop_timer_new(trace.loop, fire_at, &trace);
		loop_timer_set_wall(trace.timers[0], 1000000 + differences[i]);
		run(&trace);
		assert_string_equal(trace.order, "w");
		assert_true(trace.fired_mono_ms - before >= differences[i]);
		assert_ptr_equal(loop_clock(trace.loop), &manual.clock);
		end(&trace);
	}
}

static void pipe_ready(void *context, int fd, int events)
{
	struct trace *trace = context;
	char byte;

	if (events & LOOP_READ) {
		assert_int_equal(read(fd, &byte, 1), 1);
		note(trace, byte);
	}
	if (events & LOOP_WRITE)
		note(trace, 'W');
}

static void test_watch_is_level_triggered_and_can_change(void **state)
{
	struct trace trace;

	(void)state;
	begin(&trace, 3);
	assert_int_equal(pipe(trace.pipe), 0);
	assert_int_equal(write(trace.pipe[1], "123", 3), 3);
	trace.watch = loop_watch_new(trace.loop, trace.pipe[0], LOOP_READ, pipe_ready, &trace);
	assert_string_equal(trace.order, "");
	run(&trace);
	assert_string_equal(trace.order, "123");
	/* Watching nothing: the timer alone comes through. */
	assert_int_equal(write(trace.pipe[1], "4", 1), 1);
	loop_watch_change(trace.watch, 0);
	trace.stop_after = 4;
	trace.timers[0] = loop_timer_new(trace.loop, fire_a, &trace);
	loop_timer_set(trace.timers[0], 5);
	run(&trace);
	assert_string_equal(trace.order, "123a");
	loop_watch_change(trace.watch, LOOP_READ);
	trace.stop_after = 5;
	run(&trace);
	assert_string_equal(trace.order, "123a4");
	loop_watch_free(trace.watch);
	trace.watch = loop_watch_new(trace.loop, trace.pipe[1], LOOP_WRITE, pipe_ready, &trace);
	trace.stop_after = 6;
	run(&trace);
	assert_string_equal(trace.order, "123a4W");
	end(&trace);
	(void)close(trace.pipe[0]);
	(void)close(trace.pipe[1]);
}

static void signal_came(void *context, int number)
{
	note(context, number == SIGUSR1 ? '1' : '2');
}

static void test_signals_arrive_on_the_loop(void **state)
{
	struct trace trace;
	struct loop_signal *first;
	struct loop_signal *second;

	(void)state;
	begin(&trace, 1);
	first = loop_signal_new(trace.loop, SIGUSR1, signal_came, &trace);
	second = loop_signal_new(trace.loop, SIGUSR2, signal_came, &trace);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_string_equal(trace.order, "");
	run(&trace);
	trace.stop_after = 2;
	assert_int_equal(raise(SIGUSR2), 0);
	run(&trace);
	assert_string_equal(trace.order, "12");
	loop_signal_free(first);
	loop_signal_free(second);
	end(&trace);
}

static void test_a_stop_before_the_run_counts_once(void **state)
{
	struct trace trace;

	(void)state;
	begin(&trace, 1);
	trace.timers[0] = loop_timer_new(trace.loop, fire_a, &trace);
	loop_timer_set(trace.timers[0], 0);
	loop_stop(trace.loop);
	run(&trace);
	assert_string_equal(trace.order, "");
	run(&trace);
	assert_string_equal(trace.order, "a");
	end(&trace);
}

static void test_a_peer_that_hung_up_raises_no_signal(void **state)
{
	struct trace trace;

	(void)state;
	begin(&trace, 1);
	assert_int_equal(pipe(trace.pipe), 0);
	(void)close(trace.pipe[0]);
	assert_int_equal(write(trace.pipe[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	(void)close(trace.pipe[1]);
	end(&trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers_fire_in_order_of_their_delays),
		cmocka_unit_test(test_setting_again_replaces_and_cancelling_stops),
		cmocka_unit_test(test_at_once_replaces_a_delay),
		cmocka_unit_test(test_what_is_ready_has_its_turn_beside_timers),
		cmocka_unit_test(test_a_timer_can_set_itself_from_its_callback),
		cmocka_unit_test(test_a_timer_can_be_freed_from_its_callback),
		cmocka_unit_test(test_wall_timer_never_fires_early),
		cmocka_unit_test(test_wall_timer_is_armed_again_when_the_clock_was_stepped),
		cmocka_unit_test(test_wall_timer_works_without_a_timerfd),
		cmocka_unit_test(test_wall_timer_without_a_timerfd_notices_a_step),
		cmocka_unit_test(test_wall_timer_can_be_set_again_and_cancelled),
		cmocka_unit_test(test_wall_timer_on_a_clock_of_another_time),
		cmocka_unit_test(test_watch_is_level_triggered_and_can_change),
		cmocka_unit_test(test_signals_arrive_on_the_loop),
		cmocka_unit_test(test_a_stop_before_the_run_counts_once),
		cmocka_unit_test(test_a_peer_that_hung_up_raises_no_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
