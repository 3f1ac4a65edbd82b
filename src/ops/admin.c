#include "ops/admin_private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/events.h"
#include "base/words.h"

#define RESUME_S 1

static void *work(void *context);
static void told_to_stop(evutil_socket_t fd, short events, void *context);
static void cannot_accept(struct evconnlistener *listener, void *context);
static void listen_again(evutil_socket_t fd, short events, void *context);

/* libevent gives nothing only when memory has run out; base/alloc.h aborts then as well. */
static void *not_null(void *data)
{
	if (data == NULL)
		abort();
	return data;
}

static void prepare_server(struct admin *admin)
{
	struct event_config *config = not_null(event_config_new());

	/* The base is this thread's alone, and signals are the loop's. */
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) != 0)
		abort();
	admin->base = not_null(event_base_new_with_config(config));
	event_config_free(config);
	admin->stop =
		not_null(event_new(admin->base, admin->stop_fd, EV_READ, told_to_stop, admin));
	admin->http = not_null(evhttp_new(admin->base));
	admin->listener = not_null(evconnlistener_new(
		admin->base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, admin->socket.fd));
	not_null(evhttp_bind_listener(admin->http, admin->listener));
	evconnlistener_set_error_cb(admin->listener, cannot_accept);
	admin_http_begin(admin);
	if (event_add(admin->stop, NULL) != 0)
		abort();
}

static bool open_socket(
	struct admin *admin, const struct config *config, bool *found, struct error *error)
{
	char *path = config_admin_socket(config);
	bool shared = false, done;

	if (!admin_socket_inherit(&admin->socket, found, error)) {
		free(path);
		return false;
	}
	if (*found || path == NULL) {
		if (*found)
			log_event(EVENT_ADMIN_READY, NULL, 0,
				"admin socket: the one that systemd handed over");
		free(path);
		return true;
	}
	done = admin_socket_make(path, config->admin_group, &admin->socket, &shared, error);
	if (done)
		log_event(EVENT_ADMIN_READY, NULL, 0, "admin socket: %s, for %s%s", path,
			shared ? "the group " : "root and the daemon's user alone",
			shared ? config->admin_group : "");
	*found = done;
	free(path);
	return done;
}

static void free_parts(struct admin *admin)
{
	admin_http_end(admin);
	if (admin->http != NULL)
		evhttp_free(admin->http); /* with its listener and connections */
	if (admin->stop != NULL)
		event_free(admin->stop);
	if (admin->base != NULL)
		event_base_free(admin->base);
	if (admin->japanese != (locale_t)0)
		freelocale(admin->japanese);
	if (admin->stop_fd >= 0)
		close(admin->stop_fd);
	admin_socket_close(&admin->socket);
	metrics_kept_free(&admin->kept);
	store_close(admin->store);
	free(admin);
}

static void start_thread(struct admin *admin)
{
	sigset_t all, before;
	int status;

	/* Signals are the loop's thread's to take. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	status = pthread_create(&admin->thread, NULL, work, admin);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (status != 0) {
		/* A process without room for one more thread cannot do its work. */
		log_event(EVENT_PROCESS_ABORTED, NULL, 0,
			"the admin socket's thread cannot be started: %s", strerror(status));
		abort();
	}
}

bool admin_new(const struct admin_options *options, const struct config *config,
	struct admin **result, struct error *error)
{
	struct admin *admin = xcalloc(1, sizeof(*admin));
	bool found;

	*result = NULL;
	admin->options = *options;
	if (admin->options.request_ms == 0)
		admin->options.request_ms = 10000;
	if (admin->options.answer_ms == 0)
		admin->options.answer_ms = 30000;
	admin->socket.fd = -1;
	admin->stop_fd = -1;
	if (!open_socket(admin, config, &found, error) ||
		(found && !store_open_again(options->store, &admin->store, error))) {
		free_parts(admin);
		return false;
	}
	if (!found) {
		free_parts(admin);
		return true;
	}
	admin->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (admin->stop_fd < 0) {
		error_set(error, ERROR_TEMPORARY, "the admin socket: %s", strerror(errno));
		free_parts(admin);
		return false;
	}
	admin->japanese = words_japanese();
	prepare_server(admin);
	start_thread(admin);
	*result = admin;
	return true;
}

void admin_free(struct admin *admin)
{
	if (admin == NULL)
		return;
	if (eventfd_write(admin->stop_fd, 1) != 0)
		abort(); /* it is written once */
	pthread_join(admin->thread, NULL);
	free_parts(admin);
}

/* ---- on the thread ---- */

static void *work(void *context)
{
	struct admin *admin = context;

	if (event_base_loop(admin->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
		log_event(EVENT_PROCESS_ABORTED, NULL, 0,
			"the admin socket is not served any more: %s", strerror(errno));
	return NULL;
}

static void told_to_stop(evutil_socket_t fd, short events, void *context)
{
	struct admin *admin = context;

	(void)fd;
	(void)events;
	(void)event_base_loopbreak(admin->base);
}

/* No descriptor is to be had, say: who waits goes on to wait, and the thread does not spin. */
static void cannot_accept(struct evconnlistener *listener, void *context)
{
	const struct timeval soon = {.tv_sec = RESUME_S};

	/* The server's, not ours: libevent keeps one for both callbacks. */
	(void)context;
	if (evconnlistener_disable(listener) != 0 ||
		event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, listen_again,
			listener, &soon) != 0)
		log_event(EVENT_PROCESS_ABORTED, NULL, 0,
			"the admin socket takes no more connections");
}

static void listen_again(evutil_socket_t fd, short events, void *context)
{
	(void)fd;
	(void)events;
	(void)evconnlistener_enable(context);
}
