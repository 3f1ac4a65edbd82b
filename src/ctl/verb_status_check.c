#include "ctl/verb_status_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "ops/json_say.h"

enum {
	FIGURE_OVERDUE,
	FIGURE_REVOCATION,
	FIGURE_EXPIRING,
	FIGURE_FAILED,
	FIGURE_RETRYING,
	FIGURE_SET_ASIDE,
	FIGURE_SOURCE_AGE,
	FIGURE_SERVICE_AGE,
};

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
/* What never happened counts as having happened in 1970. */
#define LONG_AGO_MS (INT64_C(20) * 365 * 24 * HOUR_MS)
#define COUNT_MAX INT64_C(1000000000)

void check_init(struct check *check)
{
	static const struct check defaults = {{
		[FIGURE_OVERDUE] = {"overdue", "overdue", NULL, "installs whose day is over", false,
			0, 10},
		[FIGURE_REVOCATION] = {"revocation", "to replace what is revoked within a week",
			NULL, "open installs that replace what is revoked within a week", false, 0,
			10},
		[FIGURE_EXPIRING] = {"expiring", "ending within a week, not replaced", NULL,
			"certificates in use that end within a week, none newer installed", false,
			0, 100},
		[FIGURE_FAILED] = {"failed", "failed", NULL, "failed installs", false, 0, 50},
		[FIGURE_RETRYING] = {"retrying", "retrying", NULL, "installs that are tried again",
			false, 50, 500},
		[FIGURE_SET_ASIDE] = {"set-aside", "records set aside", NULL,
			"records of feeds that were set aside", false, 0, 100},
		[FIGURE_SOURCE_AGE] = {"source-age", "since a source was read",
			"a source was never read", "since the most silent source was read", true,
			15 * MINUTE_MS, HOUR_MS},
		[FIGURE_SERVICE_AGE] = {"service-age", "since a failing service did its work", "",
			"since a service that fails did its work", true, HOUR_MS, 4 * HOUR_MS},
	}};

	*check = defaults;
}

static bool take_one(const struct check_figure *figure, const char *text, int64_t *value)
{
	return figure->is_age ? text_to_duration_ms(text, value)
			      : text_to_int64(text, 0, COUNT_MAX, value);
}

bool check_take(struct check *check, size_t number, const char *text)
{
	struct check_figure *figure = &check->figures[number];
	const char *colon = strchr(text, ':');
	char *first = xstrndup(text, colon != NULL ? (size_t)(colon - text) : strlen(text));
	bool good = take_one(figure, first, &figure->warning) &&
		    take_one(figure, colon != NULL ? colon + 1 : first, &figure->critical);

	free(first);
	return good;
}

/* ---- what the figures are ---- */

static int64_t count_of(struct json_object *status, const char *key)
{
	return json_said_int(json_said(status, key), "count");
}

/* Of the source that was silent longest; one that never was read counts from 1970. */
static int64_t source_age_ms(struct json_object *status, int64_t now_ms)
{
	struct json_object *sources = json_said(status, "sources");
	int64_t oldest = 0;
	size_t i;

	for (i = 0; i < json_object_array_length(sources); i++) {
		int64_t age = now_ms - json_said_instant(json_object_array_get_idx(sources, i),
					       "last_success");

		if (age > oldest)
			oldest = age;
	}
	return oldest;
}

/*
 * A service that has nothing to do is silent, too: one counts that failed since it did its work.
 * One that never did is told of by what is overdue, retrying and failed.
 */
static int64_t service_age_ms(struct json_object *status, int64_t now_ms)
{
	struct json_object *services = json_said(status, "services");
	int64_t oldest = 0;
	size_t i;

	for (i = 0; i < json_object_array_length(services); i++) {
		struct json_object *service = json_object_array_get_idx(services, i);
		int64_t succeeded = json_said_instant(service, "last_success");
		int64_t age = now_ms - succeeded;

		if (succeeded != 0 && age > oldest &&
			json_said_instant(service, "last_failure") > succeeded &&
			json_said_int(service, "retrying") + json_said_int(service, "failed") > 0)
			oldest = age;
	}
	return oldest;
}

static void read_figures(struct json_object *status, int64_t now_ms, int64_t values[CHECK_FIGURES])
{
	struct json_object *states = json_said(status, "states");

	values[FIGURE_OVERDUE] = count_of(status, "overdue");
	values[FIGURE_REVOCATION] = count_of(status, "revocation");
	values[FIGURE_EXPIRING] = count_of(status, "expiring_7_days");
	values[FIGURE_FAILED] = json_said_int(states, "failed");
	values[FIGURE_RETRYING] = json_said_int(states, "retrying");
	values[FIGURE_SET_ASIDE] = json_said_int(status, "set_aside");
	values[FIGURE_SOURCE_AGE] = source_age_ms(status, now_ms);
	values[FIGURE_SERVICE_AGE] = service_age_ms(status, now_ms);
}

/* ---- the line ---- */

static enum check_level level_of(const struct check_figure *figure, int64_t value)
{
	if (value > figure->critical)
		return CHECK_CRITICAL;
	return value > figure->warning ? CHECK_WARNING : CHECK_OK;
}

static const char *level_name(enum check_level level)
{
	static const char *const names[] = {
		[CHECK_OK] = "OK",
		[CHECK_WARNING] = "WARNING",
		[CHECK_CRITICAL] = "CRITICAL",
		[CHECK_UNKNOWN] = "UNKNOWN",
	};

	return names[level];
}

static void print_found(const struct check_figure *figure, int64_t value, bool first)
{
	printf("%s", first ? "" : ", ");
	if (!figure->is_age)
		printf("%" PRId64 " %s", value, figure->words);
	else if (value > LONG_AGO_MS)
		fputs(figure->never, stdout);
	else
		printf("%" PRId64 " min %s", value / MINUTE_MS, figure->words);
}

static void print_perfdata(const struct check_figure *figure, int64_t value)
{
	int64_t unit = figure->is_age ? 1000 : 1;

	printf(" %s=%" PRId64 "%s;%" PRId64 ";%" PRId64 ";0", figure->name, value / unit,
		figure->is_age ? "s" : "", figure->warning / unit, figure->critical / unit);
}

static void print_calm(struct json_object *status)
{
	struct json_object *days = json_said(status, "days");

	printf("%" PRId64 " due today, %" PRId64 " tomorrow",
		count_of(json_object_array_get_idx(days, 0), "due"),
		count_of(json_object_array_get_idx(days, 1), "due"));
}

enum check_level check_print(const struct check *check, struct json_object *status, int64_t now_ms)
{
	int64_t values[CHECK_FIGURES];
	enum check_level levels[CHECK_FIGURES], worst = CHECK_OK;
	bool first = true;
	size_t i;

	read_figures(status, now_ms, values);
	for (i = 0; i < CHECK_FIGURES; i++) {
		levels[i] = level_of(&check->figures[i], values[i]);
		if (levels[i] > worst)
			worst = levels[i];
	}
	printf("CERTINSTALLD %s: ", level_name(worst));
	for (i = 0; i < CHECK_FIGURES; i++) {
		if (levels[i] == CHECK_OK)
			continue;
		print_found(&check->figures[i], values[i], first);
		first = false;
	}
	if (first)
		print_calm(status);
	fputs(" |", stdout);
	for (i = 0; i < CHECK_FIGURES; i++)
		print_perfdata(&check->figures[i], values[i]);
	putchar('\n');
	return worst;
}

enum check_level check_print_unknown(const char *why)
{
	printf("CERTINSTALLD UNKNOWN: %s\n", why);
	return CHECK_UNKNOWN;
}
