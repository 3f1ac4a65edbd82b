#include "ops/metrics_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/file.h"
#include "domain/overdue.h"

/* What the store tells. */

/* So much of a processor's time, as a divisor, may go to looking through it. */
#define KEPT_SHARE 20

/* ---- jobs by service and state ---- */

struct counting {
	struct metrics_writer *writer;
	const struct config *config;
	int64_t unknown;
};

/* Services that only the store still knows would be labels without a bound: they are one number. */
static void put_count(void *context, const char *service, enum job_state state, int64_t count)
{
	struct counting *counting = context;

	if (config_profile(counting->config, service) == NULL) {
		counting->unknown += job_state_is_final(state) ? 0 : count;
		return;
	}
	metrics_int(counting->writer,
		&(const struct metrics_labels){
			{"service", "state", NULL}, {service, job_state_name(state), NULL}},
		count);
}

static bool write_jobs(
	struct metrics_writer *writer, const struct metrics_view *view, struct error *error)
{
	struct counting counting = {.writer = writer, .config = view->config};

	metrics_family(writer, "jobs", "gauge", NULL, "Jobs in the store, by state.");
	if (!store_counts(view->store, put_count, &counting, error))
		return false;
	metrics_family(writer, "jobs_of_unknown_services", "gauge", NULL,
		"Jobs that wait for a service which the configuration does not have.");
	metrics_int(writer, NULL, counting.unknown);
	return true;
}

/* ---- what is kept ---- */

void metrics_kept_free(struct metrics_kept *kept)
{
	free(kept->pressing);
	*kept = (struct metrics_kept){0};
}

static void keep_pressing(void *context, const struct store_pressing *pressing)
{
	struct metrics_kept *kept = context;
	struct metrics_pressing *added;

	if (kept->pressing_count >= PULSE_SERVICES_MAX)
		return;
	kept->pressing =
		xreallocarray(kept->pressing, kept->pressing_count + 1, sizeof(*kept->pressing));
	added = &kept->pressing[kept->pressing_count++];
	snprintf(added->service, sizeof(added->service), "%s", pressing->service);
	added->pressing = *pressing;
	added->pressing.service = NULL;
}

static bool look(const struct metrics_view *view, struct error *error)
{
	int64_t now_ms = clock_wall_ms(view->clock), began_us = measure_now_us(), took_us;
	int64_t today_ms =
		civil_instant(civil_day_of(now_ms, TOKYO_OFFSET_MIN), 0, TOKYO_OFFSET_MIN);
	struct metrics_kept *kept = view->kept;
	bool more;

	if (began_us < kept->until_us)
		return true;
	metrics_kept_free(kept);
	if (!store_pressing(view->store, now_ms, today_ms, keep_pressing, kept, error) ||
		!store_secrets_count(view->store, &kept->secrets, error) ||
		!store_guarded_count(view->store, &kept->guarded, error) ||
		!store_tally_replacing(view->store, now_ms + OVERDUE_BEFORE_REVOCATION_MS,
			&kept->replacing, &more, error))
		return false;
	took_us = measure_now_us() - began_us;
	kept->until_us = began_us + KEPT_SHARE * took_us;
	return true;
}

static const struct store_pressing *pressing_of(
	const struct metrics_kept *kept, const char *service)
{
	static const struct store_pressing none;
	size_t i;

	for (i = 0; i < kept->pressing_count; i++) {
		if (strcmp(kept->pressing[i].service, service) == 0)
			return &kept->pressing[i].pressing;
	}
	return &none;
}

static void put_due(struct metrics_writer *writer, const struct metrics_labels *labels,
	const struct store_pressing *pressing, int64_t now_ms)
{
	(void)now_ms;
	metrics_int(writer, labels, pressing->due);
}

static void put_late(struct metrics_writer *writer, const struct metrics_labels *labels,
	const struct store_pressing *pressing, int64_t now_ms)
{
	(void)now_ms;
	metrics_int(writer, labels, pressing->late);
}

static void put_oldest(struct metrics_writer *writer, const struct metrics_labels *labels,
	const struct store_pressing *pressing, int64_t now_ms)
{
	int64_t age_ms = pressing->oldest_due_ms > 0 ? now_ms - pressing->oldest_due_ms : 0;

	metrics_seconds(writer, labels, age_ms > 0 ? age_ms * 1000 : 0);
}

static void put_end(struct metrics_writer *writer, const struct metrics_labels *labels,
	const struct store_pressing *pressing, int64_t now_ms)
{
	(void)now_ms;
	if (pressing->soonest_end_ms > 0)
		metrics_seconds(writer, labels, pressing->soonest_end_ms * 1000);
}

static void write_pressing(struct metrics_writer *writer, const struct metrics_view *view)
{
	static const struct {
		const char *name, *unit, *help;
		void (*put)(struct metrics_writer *writer, const struct metrics_labels *labels,
			const struct store_pressing *pressing, int64_t now_ms);
	} families[] = {
		{"jobs_due", NULL, "Jobs that are to be acted on now and that nobody works on.",
			put_due},
		{"jobs_overdue", NULL, "Open jobs whose due day is over.", put_late},
		{"oldest_due_age_seconds", "seconds",
			"How long the longest of all due installs has been due; 0 without any.",
			put_oldest},
		{"uninstalled_certificate_end_timestamp_seconds", "seconds",
			"When the first of the certificates ends that are due and not installed, "
			"since 1970.",
			put_end},
	};
	int64_t now_ms = clock_wall_ms(view->clock);
	size_t i, j;

	for (i = 0; i < ARRAY_LENGTH(families); i++) {
		metrics_family(
			writer, families[i].name, "gauge", families[i].unit, families[i].help);
		for (j = 0; j < view->config->profile_count; j++) {
			const char *service = view->config->profiles[j].rules.id;

			families[i].put(writer,
				&(const struct metrics_labels){{"service", NULL}, {service, NULL}},
				pressing_of(view->kept, service), now_ms);
		}
	}
}

static void one(struct metrics_writer *writer, const char *name, const char *help, int64_t value)
{
	metrics_family(writer, name, "gauge", NULL, help);
	metrics_int(writer, NULL, value);
}

/* ---- the file ---- */

static int64_t file_size(const char *path, const char *suffix)
{
	char *name = xasprintf("%s%s", path, suffix);
	struct stat status;
	int64_t size = stat(name, &status) == 0 ? status.st_size : 0;

	free(name);
	return size;
}

static void write_file(struct metrics_writer *writer, const struct config *config)
{
	char *directory = path_directory(config->store);
	struct statvfs status;

	metrics_family(writer, "store_size_bytes", "gauge", "bytes",
		"The store's file, and the log of what was written.");
	metrics_int(writer, NULL, file_size(config->store, "") + file_size(config->store, "-wal"));
	if (statvfs(directory, &status) == 0) {
		metrics_family(writer, "store_disk_free_bytes", "gauge", "bytes",
			"Free on the store's disk, for the daemon.");
		metrics_int(writer, NULL, (int64_t)(status.f_bavail * status.f_frsize));
		metrics_family(writer, "store_disk_size_bytes", "gauge", "bytes",
			"The store's disk as a whole.");
		metrics_int(writer, NULL, (int64_t)(status.f_blocks * status.f_frsize));
	}
	free(directory);
}

static bool write_feed(
	struct metrics_writer *writer, const struct metrics_view *view, struct error *error)
{
	int64_t updated_ms, age_ms;

	if (view->config->feed_url == NULL)
		return true;
	if (!store_feed_updated(view->store, view->config->feed_url, &updated_ms, error))
		return false;
	if (updated_ms == 0)
		return true;
	age_ms = clock_wall_ms(view->clock) - updated_ms;
	metrics_family(writer, "feed_cursor_age_seconds", "gauge", "seconds",
		"Since the feed last gave something new.");
	metrics_seconds(writer, NULL, age_ms > 0 ? age_ms * 1000 : 0);
	return true;
}

bool metrics_write_stored(
	struct metrics_writer *writer, const struct metrics_view *view, struct error *error)
{
	int64_t set_aside;

	if (!write_jobs(writer, view, error) || !look(view, error) ||
		!store_tally_set_aside(view->store, &set_aside, error) ||
		!write_feed(writer, view, error))
		return false;
	write_pressing(writer, view);
	one(writer, "jobs_replacing_revoked",
		"Jobs that are not done and replace a certificate which is revoked within a week.",
		view->kept->replacing);
	one(writer, "jobs_guarded",
		"Jobs of before a restore: their services are asked what they have before a push.",
		view->kept->guarded);
	one(writer, "sealed_keys", "Private keys held, sealed.", view->kept->secrets);
	one(writer, "records_set_aside", "Records set aside: certinstallctl rejected lists them.",
		set_aside);
	write_file(writer, view->config);
	return true;
}
