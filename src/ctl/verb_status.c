#include "ctl/verb_status.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/words.h"
#include "ctl/table.h"
#include "ctl/verb_status_private.h"
#include "ctl/view_request.h"
#include "ops/json_say.h"

#define COUNT_TEXT_MAX 32

/* ---- the screen ---- */

static struct json_object *element(struct json_object *array, size_t index)
{
	return json_object_array_get_idx(array, index);
}

/* "12", or "50000+" where counting stopped. */
static void count_text(char target[COUNT_TEXT_MAX], struct json_object *count)
{
	snprintf(target, COUNT_TEXT_MAX, "%" PRId64 "%s", json_said_int(count, "count"),
		json_said_bool(count, "more") ? "+" : "");
}

static const char *day_words(size_t number)
{
	if (number == 0)
		return _("today");
	return number == 1 ? _("tomorrow") : _("the next open day");
}

static void show_days(struct json_object *status)
{
	const struct table_column columns[] = {
		{_("DUE"), false, 0}, {_("DAY"), false, 0}, {_("JOBS"), true, 0}, {"", false, 10}};
	struct table *table = table_new(columns, 4);
	struct json_object *days = json_said(status, "days");
	size_t i;

	for (i = 0; i < json_object_array_length(days); i++) {
		struct json_object *day = element(days, i);
		char count[COUNT_TEXT_MAX];

		count_text(count, json_said(day, "due"));
		table_cell(table, PAINT_PLAIN, "%s", day_words(i));
		table_cell(table, PAINT_PLAIN, "%s", json_said_text(day, "date"));
		table_cell(table, PAINT_PLAIN, "%s", count);
		table_cell(table, PAINT_FAINT, "%s", json_said_text(day, "why"));
	}
	table_end(table);
}

static void show_figure(const char *before, const char *label, const char *value, enum paint paint)
{
	printf("%s%s: ", before, label);
	terminal_paint(strcmp(value, "0") == 0 ? PAINT_PLAIN : paint, value);
}

static void show_number(const char *label, int64_t value, enum paint paint)
{
	char text[COUNT_TEXT_MAX];

	snprintf(text, sizeof(text), "%" PRId64, value);
	show_figure("   ", label, text, paint);
}

static void show_figures(struct json_object *status)
{
	struct json_object *states = json_said(status, "states");
	char overdue[COUNT_TEXT_MAX], revocation[COUNT_TEXT_MAX];
	char expiring[COUNT_TEXT_MAX], later[COUNT_TEXT_MAX];

	count_text(overdue, json_said(status, "overdue"));
	count_text(revocation, json_said(status, "revocation"));
	count_text(expiring, json_said(status, "expiring_7_days"));
	count_text(later, json_said(status, "expiring_30_days"));
	show_figure("", _("Overdue"), overdue, PAINT_RED);
	show_number(_("retrying"), json_said_int(states, "retrying"), PAINT_YELLOW);
	show_number(_("failed"), json_said_int(states, "failed"), PAINT_RED);
	show_number(_("held"), json_said_int(states, "held"), PAINT_YELLOW);
	show_number(_("installed"), json_said_int(states, "installed"), PAINT_GREEN);
	putchar('\n');
	show_figure("", _("To replace what is revoked in 7 days"), revocation, PAINT_RED);
	show_number(_("refused in 7 days"), json_said_int(status, "refused_lately"), PAINT_YELLOW);
	show_number(_("set aside"), json_said_int(status, "set_aside"), PAINT_YELLOW);
	putchar('\n');
	show_figure("", _("Ending in 7 days with no newer one installed"), expiring, PAINT_RED);
	show_figure("   ", _("in 30 days"), later, PAINT_PLAIN);
	putchar('\n');
}

/* What a service does at present, in one cell. */
static void state_cell(struct table *table, struct json_object *service)
{
	struct json_object *pause = json_said(service, "pause"), *live = json_said(service, "live");
	const char *state = json_said_text(live, "state");
	char until[WHEN_TEXT_MAX];

	if (pause != NULL) {
		view_when_text(until, pause, "since");
		table_cell(table, PAINT_YELLOW, _("paused by %s since %s"),
			json_said_text(pause, "who"), until);
	} else if (!json_said_bool(service, "configured")) {
		table_cell(table, PAINT_RED, "%s", _("not configured"));
	} else if (!json_said_bool(service, "has_endpoint")) {
		table_cell(table, PAINT_FAINT, "%s", _("no endpoint"));
	} else if (!json_said_bool(service, "open")) {
		view_when_text(until, service, "opens");
		table_cell(table, PAINT_FAINT, _("closed until %s"), until);
	} else if (state == NULL) {
		table_cell(table, PAINT_FAINT, "%s", _("unknown"));
	} else if (json_said_instant(live, "until") != 0) {
		view_when_text(until, live, "until");
		table_cell(table, PAINT_RED, _("%s until %s"), _(state), until);
	} else {
		table_cell(table, strcmp(state, "flowing") == 0 ? PAINT_GREEN : PAINT_YELLOW, "%s",
			_(state));
	}
}

static void number_cell(
	struct table *table, struct json_object *object, const char *key, enum paint paint)
{
	int64_t value = json_said_int(object, key);

	table_cell(table, value > 0 ? paint : PAINT_PLAIN, "%" PRId64, value);
}

static void count_cell(
	struct table *table, struct json_object *object, const char *key, enum paint paint)
{
	char text[COUNT_TEXT_MAX];

	count_text(text, json_said(object, key));
	table_cell(table, strcmp(text, "0") == 0 ? PAINT_PLAIN : paint, "%s", text);
}

static void show_services(struct json_object *status, int64_t now_ms)
{
	/* Fits 80 columns. */
	const struct table_column columns[] = {{_("SERVICE"), false, 8}, {_("TODAY"), true, 0},
		{_("LATE"), true, 0}, {_("WAITS"), true, 0}, {_("RETRY"), true, 0},
		{_("FAIL"), true, 0}, {_("HELD"), true, 0}, {_("SUCCESS"), true, 0},
		{_("FAILURE"), true, 0}, {_("STATE"), false, 7}};
	struct table *table = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	struct json_object *services = json_said(status, "services");
	size_t i;

	for (i = 0; i < json_object_array_length(services); i++) {
		struct json_object *service = element(services, i);
		bool failing = json_said_instant(service, "last_failure") >
			       json_said_instant(service, "last_success");
		char age[WHEN_TEXT_MAX];

		table_cell(table, PAINT_PLAIN, "%s", json_said_text(service, "service"));
		count_cell(table, service, "due_today", PAINT_PLAIN);
		count_cell(table, service, "overdue", PAINT_RED);
		number_cell(table, service, "scheduled", PAINT_PLAIN);
		number_cell(table, service, "retrying", PAINT_YELLOW);
		number_cell(table, service, "failed", PAINT_RED);
		number_cell(table, service, "held", PAINT_YELLOW);
		view_age_text(age, service, "last_success", now_ms);
		table_cell(table, PAINT_PLAIN, "%s", age);
		view_age_text(age, service, "last_failure", now_ms);
		table_cell(table, failing ? PAINT_RED : PAINT_PLAIN, "%s", age);
		state_cell(table, service);
	}
	table_end(table);
}

static void show_sources(struct json_object *status, int64_t now_ms)
{
	const struct table_column columns[] = {{_("SOURCE"), false, 10}, {_("SUCCESS"), true, 0},
		{_("FAILURE"), true, 0}, {_("WHY"), false, 10}};
	struct table *table = table_new(columns, 4);
	struct json_object *sources = json_said(status, "sources");
	size_t i;

	for (i = 0; i < json_object_array_length(sources); i++) {
		struct json_object *source = element(sources, i);
		const char *failure = json_said_text(source, "failure");
		bool failing = json_said_instant(source, "last_failure") >
			       json_said_instant(source, "last_success");
		char age[WHEN_TEXT_MAX];

		table_cell(table, PAINT_PLAIN, "%s", json_said_text(source, "name"));
		view_age_text(age, source, "last_success", now_ms);
		table_cell(table, PAINT_PLAIN, "%s", age);
		view_age_text(age, source, "last_failure", now_ms);
		table_cell(table, failing ? PAINT_RED : PAINT_PLAIN, "%s", age);
		table_cell(table, PAINT_PLAIN, "%s", failure != NULL ? failure : "");
	}
	table_end(table);
}

static void show(struct json_object *status)
{
	int64_t now_ms = json_said_instant(status, "now");
	char now[WHEN_TEXT_MAX];

	view_when_text(now, status, "now");
	printf(_("certinstalld as of %s, Asia/Tokyo\n"), now);
	if (!json_said_bool(status, "live"))
		terminal_paint(PAINT_YELLOW, _("the daemon does not answer: circuits unknown\n"));
	putchar('\n');
	show_days(status);
	putchar('\n');
	show_figures(status);
	putchar('\n');
	show_services(status, now_ms);
	putchar('\n');
	show_sources(status, now_ms);
}

/* ---- the verb ---- */

struct status_request {
	struct store_request request;
	struct check check;
	bool checks;
	struct error fault; /* kept for --check */
};

static void usage(const struct status_request *asked, FILE *stream)
{
	struct check check;
	size_t i;

	(void)asked;
	check_init(&check);
	fputs("usage: certinstallctl status [OPTION]...\n"
	      "  --config FILE    the daemon's configuration\n"
	      "                   [" SYSCONFDIR "/certinstalld/certinstalld.conf]\n"
	      "  --json           one JSON object\n"
	      "  --check          one line and an exit status as monitoring plug-ins have them:\n"
	      "                   0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN\n"
	      "and with --check, W:C: more than W is a warning, more than C is critical:\n",
		stream);
	for (i = 0; i < CHECK_FIGURES; i++) {
		const struct check_figure *figure = &check.figures[i];

		fprintf(stream, "  --%-12s W:C  %s [", figure->name, figure->help);
		if (figure->is_age)
			fprintf(stream, "%" PRId64 "m:%" PRId64 "m]\n", figure->warning / 60000,
				figure->critical / 60000);
		else
			fprintf(stream, "%" PRId64 ":%" PRId64 "]\n", figure->warning,
				figure->critical);
	}
}

#define OPTION_CONFIG 256
#define OPTION_JSON 257
#define OPTION_CHECK 258
#define OPTION_HELP 259
#define OPTION_FIGURE 300

static bool take(struct status_request *asked, int option, const char *value)
{
	struct store_request *request = &asked->request;

	if (option == OPTION_CONFIG) {
		request->config_path = value;
	} else if (option == OPTION_JSON) {
		request->json = true;
	} else if (option == OPTION_CHECK) {
		asked->checks = true;
		request->kept = &asked->fault;
	} else if (option < OPTION_FIGURE ||
		   !check_take(&asked->check, (size_t)(option - OPTION_FIGURE), value)) {
		if (option >= OPTION_FIGURE)
			fprintf(stderr, "certinstallctl status: --%s wants W:C, as in 0:10\n",
				asked->check.figures[option - OPTION_FIGURE].name);
		return false;
	}
	return true;
}

/* False when the program is to end with *STATUS. */
static bool parse(struct status_request *asked, int argc, char **argv, int *status)
{
	struct option options[4 + CHECK_FIGURES + 1] = {
		{"config", required_argument, NULL, OPTION_CONFIG},
		{"json", no_argument, NULL, OPTION_JSON},
		{"check", no_argument, NULL, OPTION_CHECK},
		{"help", no_argument, NULL, OPTION_HELP},
	};
	int option;

	for (size_t i = 0; i < CHECK_FIGURES; i++)
		options[4 + i] = (struct option){asked->check.figures[i].name, required_argument,
			NULL, OPTION_FIGURE + (int)i};
	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			usage(asked, stdout);
			*status = STORE_DONE;
			return false;
		}
		if (take(asked, option, optarg))
			continue;
		usage(asked, stderr);
		*status = STORE_USAGE;
		return false;
	}
	if (argc == optind)
		return true;
	usage(asked, stderr);
	*status = STORE_USAGE;
	return false;
}

static int run(struct status_request *asked)
{
	struct json_object *answer;
	struct error error;
	int status = STORE_DONE;

	/* What programs read is English. */
	if (asked->request.json || asked->checks)
		words_english();
	if (!view_request_status(&asked->request, &answer, &error))
		return store_request_fault(&asked->request, error.text);
	if (asked->checks)
		status = (int)check_print(&asked->check, answer, json_said_instant(answer, "now"));
	else if (asked->request.json)
		puts(json_line(answer));
	else
		show(answer);
	json_object_put(answer);
	return status;
}

int verb_status(int argc, char **argv)
{
	static const struct store_verb verb = {"status", "", "", 0};
	struct status_request asked = {
		.request = {.verb = &verb,
			.config_path = SYSCONFDIR "/certinstalld/certinstalld.conf"}};
	int status = STORE_USAGE;

	check_init(&asked.check);
	if (!parse(&asked, argc, argv, &status))
		/* A plug-in that is used wrongly knows nothing. */
		return asked.checks && status != STORE_DONE ? (int)CHECK_UNKNOWN : status;
	if (store_request_reach(&asked.request, &status))
		status = run(&asked);
	if (asked.checks && asked.fault.text[0] != '\0')
		status = (int)check_print_unknown(asked.fault.text);
	return store_request_end(&asked.request, status);
}
