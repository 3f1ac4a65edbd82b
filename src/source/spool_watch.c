#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/events.h"
#include "source/spool_private.h"

/* Files come in bursts; one pass serves a burst. */
#define GATHER_MS 20

struct spool_watch {
	char *directory;
	int64_t poll_ms;
	loop_callback *callback;
	void *context;
	int fd;	    /* inotify's; -1: the timer serves alone */
	int number; /* of the kernel's watch; -1: none at present */
	bool told;  /* the log says that there is none */
	struct loop_watch *readable;
	struct loop_timer *poll;
	struct loop_timer *gather;
};

static void say_none(struct spool_watch *watch)
{
	if (!watch->told)
		log_event(EVENT_SPOOL_NOT_WATCHED,
			(const struct log_field[]){{"SPOOL", watch->directory}}, 1,
			"%s: not watched (%s); looked at every %lld ms", watch->directory,
			strerror(errno), (long long)watch->poll_ms);
	watch->told = true;
}

/*
 * Puts the watch on whatever directory stands at the path now: the same number comes back as long
 * as it is the same directory.
 */
static void renew(struct spool_watch *watch)
{
	int number;

	if (watch->fd < 0)
		return;
	number = inotify_add_watch(
		watch->fd, watch->directory, IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR);
	if (watch->number >= 0 && watch->number != number)
		(void)inotify_rm_watch(watch->fd, watch->number);
	watch->number = number;
	if (number < 0)
		say_none(watch);
	else
		watch->told = false;
}

static bool is_of_interest(struct spool_watch *watch, const struct inotify_event *event)
{
	if ((event->mask & IN_Q_OVERFLOW) != 0)
		return true;
	if ((event->mask & IN_IGNORED) != 0) {
		/* The directory is gone; the next poll looks for a new one. */
		if (event->wd == watch->number)
			watch->number = -1;
		return false;
	}
	return event->len > 0 && spool_kind_of(event->name) != SPOOL_OTHER &&
	       !spool_name_is_claimed(event->name);
}

static void on_readable(void *context, int fd, int events)
{
	struct spool_watch *watch = context;
	char data[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool wanted = false;
	ssize_t got;

	(void)events;
	while ((got = read(fd, data, sizeof(data))) > 0) {
		size_t at = 0;

		while (at < (size_t)got) {
			const struct inotify_event *event = (const void *)(data + at);

			if (is_of_interest(watch, event))
				wanted = true;
			at += sizeof(*event) + event->len;
		}
	}
	if (wanted && !loop_timer_is_set(watch->gather))
		loop_timer_set(watch->gather, GATHER_MS);
}

static void on_gathered(void *context)
{
	const struct spool_watch *watch = context;

	watch->callback(watch->context);
}

static void on_poll(void *context)
{
	struct spool_watch *watch = context;

	renew(watch);
	loop_timer_set(watch->poll, watch->poll_ms);
	watch->callback(watch->context);
}

struct spool_watch *spool_watch_new(struct loop *loop, const char *directory, int64_t poll_ms,
	loop_callback *callback, void *context)
{
	struct spool_watch *watch = xmalloc(sizeof(*watch));

	*watch = (struct spool_watch){
		.directory = xstrdup(directory),
		.poll_ms = poll_ms,
		.callback = callback,
		.context = context,
		.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
		.number = -1,
	};
	watch->poll = loop_timer_new(loop, on_poll, watch);
	watch->gather = loop_timer_new(loop, on_gathered, watch);
	if (watch->fd >= 0)
		watch->readable = loop_watch_new(loop, watch->fd, LOOP_READ, on_readable, watch);
	else
		say_none(watch);
	renew(watch);
	loop_timer_set(watch->poll, poll_ms);
	return watch;
}

void spool_watch_free(struct spool_watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->readable != NULL)
		loop_watch_free(watch->readable);
	if (watch->fd >= 0)
		close(watch->fd);
	loop_timer_free(watch->poll);
	loop_timer_free(watch->gather);
	free(watch->directory);
	free(watch);
}
