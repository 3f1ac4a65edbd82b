#include "ops/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-daemon.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"

#define STATUS_MAX 256

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
	/* The time is for systemd 253 and later; 252 takes no notice of it. */
	(void)sd_notifyf(
		0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_mono_ms(clock_system()) * 1000);
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void notify_status(const char *format, ...)
{
	char raw[STATUS_MAX], text[STATUS_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	/* A line break would start another assignment. */
	text_sanitise(text, sizeof(text), raw, strlen(raw));
	(void)sd_notifyf(0, "STATUS=%s", text);
}

void notify_extend_timeout(int64_t ms)
{
	(void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRId64, ms * 1000);
}

struct watchdog {
	struct loop_timer *timer;
	int64_t every_ms;
};

static void pat(void *context)
{
	struct watchdog *watchdog = context;

	(void)sd_notify(0, "WATCHDOG=1");
	loop_timer_set(watchdog->timer, watchdog->every_ms);
}

struct watchdog *watchdog_new(struct loop *loop)
{
	struct watchdog *watchdog;
	uint64_t usec = 0;

	if (sd_watchdog_enabled(0, &usec) <= 0)
		return NULL;
	watchdog = xmalloc(sizeof(*watchdog));
	watchdog->every_ms = (int64_t)(usec / 2000);
	if (watchdog->every_ms < 1)
		watchdog->every_ms = 1;
	watchdog->timer = loop_timer_new(loop, pat, watchdog);
	loop_timer_set(watchdog->timer, 0);
	return watchdog;
}

void watchdog_free(struct watchdog *watchdog)
{
	if (watchdog == NULL)
		return;
	loop_timer_free(watchdog->timer);
	free(watchdog);
}
