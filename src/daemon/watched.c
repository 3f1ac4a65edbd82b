#include "daemon/watched.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/events.h"

void watched_init(struct watched *watched, const struct settings *settings)
{
	*watched = (struct watched){.metrics = metrics_new(settings)};
}

/* ---- the pulse ---- */

static void add_service(void *context, const struct pump_service *service)
{
	struct pulse_state *state = context;
	struct pulse_service *added;

	if (state->service_count == PULSE_SERVICES_MAX ||
		strlen(service->service) >= PULSE_NAME_MAX)
		return;
	added = &state->services[state->service_count++];
	snprintf(added->name, sizeof(added->name), "%s", service->service);
	added->state = service->state;
	added->until_ms = service->until_ms;
	added->window = service->window;
	added->in_flight = service->in_flight;
	added->rate_milli = service->rate_milli;
}

static void look(void *context, struct pulse_state *state)
{
	const struct watched *watched = context;
	const struct pump *pump = watched->runtime->pump;

	pump_services(pump, add_service, state);
	state->in_flight = pump_in_flight(pump);
	state->unsaved = pump_unsaved(pump);
	state->stopping = watched->stopping;
}

/* Somebody wrote the store, or put something into the spool. */
static void poked(void *context)
{
	const struct watched *watched = context;

	if (watched->stopping)
		return;
	pump_poke(watched->runtime->pump);
	worker_poke(watched->runtime->worker);
}

/* ---- the socket ---- */

/* Where the daemon makes it itself, who may use the socket may go to it. */
static void make_runtime_directory(const struct config *config)
{
	const struct group *group =
		config->admin_group[0] != '\0' ? getgrnam(config->admin_group) : NULL;

	if (mkdir(config->runtime_directory, 0700) != 0 || group == NULL)
		return;
	if (chown(config->runtime_directory, (uid_t)-1, group->gr_gid) == 0)
		(void)chmod(config->runtime_directory, 0710);
}

static void start_admin(struct watched *watched)
{
	const struct runtime *runtime = watched->runtime;
	const struct config *config = settings_config(runtime->settings);
	const struct admin_options options = {
		.pulse = watched->pulse,
		.metrics = watched->metrics,
		.store = runtime->store,
		.clock = loop_clock(runtime->loop),
	};
	struct error error;

	if (config->admin_socket[0] != '\0')
		make_runtime_directory(config);
	if (!admin_new(&options, config, &watched->admin, &error))
		log_event(EVENT_ADMIN_MISSING, NULL, 0, "there is no admin socket: %s", error.text);
}

void watched_start(struct watched *watched, struct runtime *runtime)
{
	const struct pulse_options options = {
		.loop = runtime->loop,
		.look = look,
		.poked = poked,
		.context = watched,
	};

	watched->runtime = runtime;
	watched->pulse = pulse_new(&options, runtime->settings);
	start_admin(watched);
}

void watched_stop(struct watched *watched)
{
	admin_free(watched->admin);
	pulse_free(watched->pulse);
	watched->admin = NULL;
	watched->pulse = NULL;
}

void watched_reloaded(struct watched *watched, bool succeeded)
{
	const struct runtime *runtime = watched->runtime;

	if (succeeded) {
		metrics_use(watched->metrics, runtime->settings);
		pulse_use(watched->pulse, runtime->settings);
	}
	pulse_reloaded(watched->pulse, succeeded, clock_wall_ms(loop_clock(runtime->loop)));
}
