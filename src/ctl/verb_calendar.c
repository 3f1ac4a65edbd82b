#include "ctl/verb_calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/text.h"
#include "ctl/calendar_request.h"
#include "domain/calendar.h"
#include "domain/holidays.h"

static bool year_is_known(int64_t year)
{
	return year >= HOLIDAYS_FIRST_YEAR && year <= HOLIDAYS_LAST_YEAR;
}

static bool read_year(const struct calendar_request *request, const char *text, int *year)
{
	int64_t number;

	if (!text_to_int64(text, 0, 9999, &number) || !year_is_known(number)) {
		calendar_request_tell(request, "\"%.64s\" is no year from %d to %d", text,
			HOLIDAYS_FIRST_YEAR, HOLIDAYS_LAST_YEAR);
		return false;
	}
	*year = (int)number;
	return true;
}

static struct json_object *holiday_json(const char *date, const char *name)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "date", date);
	json_add_text(object, "name", name);
	return object;
}

static void list_holidays(struct calendar_request *request, int from, int to)
{
	struct json_object *list = json_object_new_array(), *whole;
	civil_day day, last = civil_from_date(to, 12, 31);

	for (day = civil_from_date(from, 1, 1); day <= last; day++) {
		const char *name = holidays_name(request->rulebook.calendar.holidays, day);
		char date[CIVIL_DATE_MAX];

		if (name == NULL)
			continue;
		civil_format_date(date, day);
		if (request->json)
			json_object_array_add(list, holiday_json(date, name));
		else
			printf("%s,%s\n", date, name);
	}
	if (!request->json) {
		json_object_put(list);
		return;
	}
	whole = json_object_new_object();
	json_object_object_add(whole, "from", json_object_new_int(from));
	json_object_object_add(whole, "to", json_object_new_int(to));
	json_object_object_add(whole, "holidays", list);
	json_print(whole);
	putchar('\n');
}

static int run_holidays(struct calendar_request *request)
{
	int from, to;

	if (request->operand_count != 2)
		return calendar_request_misused(request, "give the first year and the last");
	if (!read_year(request, request->operands[0], &from) ||
		!read_year(request, request->operands[1], &to))
		return STATUS_USAGE;
	if (from > to)
		return calendar_request_misused(request, "the first year comes after the last");
	calendar_request_note_year(request, to);
	list_holidays(request, from, to);
	return STATUS_DONE;
}

int verb_holidays(int argc, char **argv)
{
	static const struct calendar_verb verb = {.name = "holidays", .operands = "FROM TO"};
	struct calendar_request request;
	int status;

	if (calendar_request_begin(&request, &verb, argc, argv, &status))
		status = run_holidays(&request);
	return calendar_request_end(&request, status);
}

struct month {
	int year, number;
	civil_day first, last;
	int business_days;
	struct {
		enum day_kind kind;
		char why[DAY_WHY_MAX];
	} days[31];
};

static void month_fill(struct month *month, const struct calendar *calendar)
{
	civil_day day;

	month->business_days = 0;
	for (day = month->first; day <= month->last; day++) {
		int at = day - month->first;

		month->days[at].kind = calendar_day(calendar, day, month->days[at].why);
		if (month->days[at].kind == DAY_BUSINESS)
			month->business_days++;
	}
}

static bool wants_colour(void)
{
	const char *terminal = getenv("TERM"), *refused = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0 &&
	       (refused == NULL || refused[0] == '\0');
}

/* Weeks as rows, Sunday first, four columns a day. */
static void month_draw(const struct month *month)
{
	static const char *const names[] = {"January", "February", "March", "April", "May", "June",
		"July", "August", "September", "October", "November", "December"};
	bool has_colour = wants_colour();
	char title[32];
	civil_day day;
	int length = snprintf(title, sizeof(title), "%s %d", names[month->number - 1], month->year);

	printf("%*s\n", (28 + length + 1) / 2, title);
	printf("  Su  Mo  Tu  We  Th  Fr  Sa\n");
	printf("%*s", 4 * civil_weekday(month->first), "");
	for (day = month->first; day <= month->last; day++) {
		int number = day - month->first + 1;
		bool is_open = month->days[number - 1].kind == DAY_BUSINESS;
		bool is_marked = has_colour && !is_open;

		printf("%s%s%s%d%s", number < 10 ? "  " : " ", is_marked ? "\033[31m" : "",
			is_open ? " " : "*", number, is_marked ? "\033[0m" : "");
		if (civil_weekday(day) == 6 || day == month->last)
			putchar('\n');
	}
}

static void month_print(const struct month *month)
{
	civil_day day;
	bool is_first = true;

	month_draw(month);
	for (day = month->first; day <= month->last; day++) {
		enum day_kind kind = month->days[day - month->first].kind;
		char date[CIVIL_DATE_MAX];

		if (kind == DAY_BUSINESS || kind == DAY_WEEKEND)
			continue;
		civil_format_date(date, day);
		printf("%s%s  %s\n", is_first ? "\n" : "", date,
			month->days[day - month->first].why);
		is_first = false;
	}
	printf("\n%d business day%s\n", month->business_days, month->business_days == 1 ? "" : "s");
}

static const char *kind_name(enum day_kind kind)
{
	switch (kind) {
	case DAY_BUSINESS:
		return "business";
	case DAY_WEEKEND:
		return "weekend";
	case DAY_HOLIDAY:
		return "holiday";
	case DAY_COMPANY_CLOSED:
		return "company-closed";
	}
	return "";
}

static void month_print_json(const struct month *month, const char *name)
{
	struct json_object *whole = json_object_new_object(), *days = json_object_new_array();
	civil_day day;

	for (day = month->first; day <= month->last; day++) {
		enum day_kind kind = month->days[day - month->first].kind;
		struct json_object *object = json_object_new_object();
		char date[CIVIL_DATE_MAX];

		civil_format_date(date, day);
		json_add_text(object, "date", date);
		json_add_text(object, "weekday", civil_weekday_name(civil_weekday(day)));
		json_object_object_add(
			object, "business", json_object_new_boolean(kind == DAY_BUSINESS));
		json_add_text(object, "kind", kind_name(kind));
		json_add_text(object, "why", month->days[day - month->first].why);
		json_object_array_add(days, object);
	}
	json_add_text(whole, "month", name);
	json_object_object_add(whole, "business_days", json_object_new_int(month->business_days));
	json_object_object_add(whole, "days", days);
	json_print(whole);
	putchar('\n');
}

/* Reads "YYYY-MM". */
static bool read_month(const char *text, struct month *month)
{
	struct civil_date date;
	char first[CIVIL_DATE_MAX];

	if (strlen(text) != 7)
		return false;
	snprintf(first, sizeof(first), "%s-01", text);
	if (!civil_parse_date(first, &month->first))
		return false;
	date = civil_to_date(month->first);
	month->year = date.year;
	month->number = date.month;
	month->last = month->first + civil_days_in_month(date.year, date.month) - 1;
	return year_is_known(date.year);
}

static int run_calendar(struct calendar_request *request)
{
	struct month month;

	if (request->operand_count != 1)
		return calendar_request_misused(request, "give one month, as 2026-11");
	if (!read_month(request->operands[0], &month)) {
		calendar_request_tell(request,
			"\"%.64s\" is no month from %d-01 to %d-12; write it as 2026-11",
			request->operands[0], HOLIDAYS_FIRST_YEAR, HOLIDAYS_LAST_YEAR);
		return STATUS_USAGE;
	}
	calendar_request_note_year(request, month.year);
	month_fill(&month, &request->rulebook.calendar);
	if (request->json)
		month_print_json(&month, request->operands[0]);
	else
		month_print(&month);
	return STATUS_DONE;
}

int verb_calendar(int argc, char **argv)
{
	static const struct calendar_verb verb = {
		.name = "calendar", .operands = "YYYY-MM", .takes_config = true};
	struct calendar_request request;
	int status;

	if (calendar_request_begin(&request, &verb, argc, argv, &status))
		status = run_calendar(&request);
	return calendar_request_end(&request, status);
}
