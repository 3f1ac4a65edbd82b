#include "ctl/forecast_view.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

#define NUMBER_MAX 32

/* "319,149". */
static const char *number(char text[NUMBER_MAX], int64_t value)
{
	char digits[NUMBER_MAX];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)value), i, at;

	for (i = 0, at = 0; i < length && at + 2 < NUMBER_MAX; i++) {
		if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

#define DATE_MAX 24

/* "2031-01-06 Mon". */
static const char *date_of(char text[DATE_MAX], const struct forecast_view *view, int day)
{
	civil_day date = view->forecast.plan.first_day + day;
	char iso[CIVIL_DATE_MAX];

	civil_format_date(iso, date);
	snprintf(text, DATE_MAX, "%s %.3s", iso, civil_weekday_name(civil_weekday(date)));
	return text;
}

#define HOURS_MAX 24

/* "4.4"; "<0.1" for what is more than nothing. */
static const char *hours_of(char text[HOURS_MAX], int64_t work_ms)
{
	double hours = (double)work_ms / 3600000.0;

	if (hours < 0.05)
		snprintf(text, HOURS_MAX, "<0.1");
	else
		snprintf(text, HOURS_MAX, "%.1f", hours);
	return text;
}

static const char *service_id(const struct forecast_view *view, size_t service)
{
	return view->services[service].rules->id;
}

/* ---- what is looked at ---- */

static void print_head(const struct forecast_view *view)
{
	const struct forecast_options *options = view->options;
	char from[DATE_MAX], count[NUMBER_MAX], more[NUMBER_MAX], life[48];

	date_of(from, view, view->skipped);
	printf("%d day%s from %s on: ", options->days, options->days == 1 ? "" : "s", from);
	if (options->certificates > 0) {
		printf("%s certificates", number(count, options->certificates));
		text_from_duration_ms(life, sizeof(life), view->lifetime_ms);
		printf(" of %s", life);
	} else {
		printf("%s installs to be made and %s made, as stored",
			number(count, view->waiting), number(more, view->installed));
	}
	printf(",\nrenewed after %d/%d of their life%s\n", options->renew_part,
		options->renew_whole, options->weekdays_only ? ", on Monday to Friday alone" : "");
}

static void print_remark(int64_t count, const char *one, const char *more, const char *rest)
{
	char text[NUMBER_MAX];

	if (count > 0)
		printf("%s %s %s\n", number(text, count), count == 1 ? one : more, rest);
}

static void print_remarks(const struct forecast_view *view)
{
	print_remark(view->forecast.late, "renewal is", "renewals are",
		"late already and taken for made at the start");
	print_remark(view->forecast.expired, "certificate has", "certificates have",
		"ended before the start and are in no figure");
	print_remark(view->held, "job is", "jobs are",
		"held until another contract lets go, and in no figure");
	print_remark(view->unknown, "certificate is", "certificates are",
		"on services that the configuration lacks, and in no figure");
}

/* ---- the services ---- */

static void print_rate(const struct forecast_view *view, size_t service)
{
	const struct forecast_rate *rate = &view->rates[service];
	double per_second = (double)view->services[service].rate_milli / 1000.0;
	char hourly[NUMBER_MAX], pushes[NUMBER_MAX];

	if (rate->source == RATE_UNKNOWN) {
		printf("no rate known, hours left out; give it by --rate %s=N/s",
			service_id(view, service));
		return;
	}
	printf("%s an hour, ", number(hourly, view->services[service].rate_milli * 3600 / 1000));
	switch (rate->source) {
	case RATE_UNKNOWN:
		break;
	case RATE_OPTION:
		printf("by --rate %g/s", per_second);
		break;
	case RATE_LIMIT:
		printf("by its limit of %g/s%s", per_second,
			rate->is_measured ? "" : " (no push measured yet)");
		break;
	case RATE_MEASURED:
		printf("%d at once that take %lld ms each (median of %s pushes)", rate->concurrency,
			(long long)rate->median_ms, number(pushes, (int64_t)rate->pushes));
		break;
	}
}

static void print_services(const struct forecast_view *view)
{
	char total_text[NUMBER_MAX];
	size_t service;

	for (service = 0; service < view->service_count; service++) {
		if (view->busy[service].installs == 0)
			continue;
		printf("%s: %s installs; ", service_id(view, service),
			number(total_text, view->busy[service].installs));
		print_rate(view, service);
		putchar('\n');
	}
}

/* ---- the table ---- */

static int column_width(const struct forecast_view *view, size_t service)
{
	int length = (int)strlen(service_id(view, service));

	return length > 10 ? length : 10;
}

static void print_why(const struct forecast_view *view, int day, int64_t installs)
{
	civil_day date = view->forecast.plan.first_day + day;
	char why[DAY_WHY_MAX], reason[FORECAST_REASON_MAX];

	/* An ordinary day needs no words. */
	if (calendar_day(&view->calendar, date, why) != DAY_BUSINESS)
		printf("  %s", why);
	else if (installs > 0 && forecast_reason(&view->forecast, day, reason))
		printf("  %s", reason);
}

static void print_row(const struct forecast_view *view, int day)
{
	int64_t installs = forecast_installs(&view->forecast, day, NULL), longest_ms = 0, left = 0;
	char date[DATE_MAX], count[NUMBER_MAX], hours[HOURS_MAX];
	size_t service;

	printf("%s %12s", date_of(date, view, day), number(count, installs));
	for (service = 0; service < view->service_count; service++) {
		const struct forecast_cell *cell = forecast_cell(&view->forecast, service, day);

		if (cell->work_ms > longest_ms)
			longest_ms = cell->work_ms;
		left += cell->carried;
		if (view->busy[service].installs > 0)
			printf(" %*s", column_width(view, service), number(count, cell->installs));
	}
	printf(" %8s", longest_ms > 0 ? hours_of(hours, longest_ms) : "-");
	printf(" %10s", left > 0 ? number(count, left) : "-");
	print_why(view, day, installs);
	putchar('\n');
}

static void print_table(const struct forecast_view *view)
{
	size_t service;
	int day;

	printf("\n%-14s %12s", "Day", "Installs");
	for (service = 0; service < view->service_count; service++) {
		if (view->busy[service].installs > 0)
			printf(" %*s", column_width(view, service), service_id(view, service));
	}
	printf(" %8s %10s\n", "Hours", "Left over");
	for (day = view->skipped; day < view->forecast.plan.days; day++) {
		if (forecast_view_shows(view, day))
			print_row(view, day);
	}
}

/* ---- the chart ---- */

static int screen_width(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
		size.ws_col >= 40)
		return size.ws_col;
	return 80;
}

static void print_chart(const struct forecast_view *view, int peak)
{
	int64_t most = forecast_installs(&view->forecast, peak, NULL);
	char date[DATE_MAX], count[NUMBER_MAX];
	/* The date, two blanks, the number, a blank and the mark. */
	int room = screen_width() - 14 - 2 - (int)strlen(number(count, most)) - 2, day, i;

	printf("\nInstalls a day\n");
	for (day = view->skipped; day < view->forecast.plan.days; day++) {
		int64_t installs = forecast_installs(&view->forecast, day, NULL);
		int length = (int)((double)installs / (double)most * room + 0.5);

		if (installs == 0 && !view->options->all)
			continue;
		printf("%s ", date_of(date, view, day));
		for (i = 0; i < length; i++)
			putchar('#');
		printf(" %s%s\n", number(count, installs), day == peak ? " *" : "");
	}
}

/* ---- what to look out for ---- */

static void print_peak(const struct forecast_view *view, int peak)
{
	char date[DATE_MAX], count[NUMBER_MAX], reason[FORECAST_REASON_MAX];
	int64_t closed, installs = forecast_installs(&view->forecast, peak, &closed);

	forecast_reason(&view->forecast, peak, reason);
	printf("\n* The peak: %s installs on %s,\n  %s", number(count, installs),
		date_of(date, view, peak), reason);
	if (closed > 0)
		printf(";\n  %s of them for certificates that were issued on closed days",
			number(count, closed));
	putchar('\n');
}

static void print_backlogs(const struct forecast_view *view)
{
	struct forecast_backlog backlog;
	char first[DATE_MAX], last[DATE_MAX], most[NUMBER_MAX];
	size_t service;
	int from, days;

	for (service = 0; service < view->service_count; service++) {
		for (from = 0; forecast_view_backlog(view, service, from, &backlog);
			from = backlog.last + 1) {
			if (backlog.last < view->skipped)
				continue;
			days = backlog.last - backlog.first + 1;
			printf("%s: what falls due on %s is not done before the next day's;\n  up "
			       "to %s are left over for %d day%s, ",
				service_id(view, service), date_of(first, view, backlog.first),
				number(most, backlog.most), days, days == 1 ? "" : "s");
			if (backlog.goes_on)
				puts("and it is not worked off by the last day");
			else
				printf("and it is worked off on %s\n",
					date_of(last, view, backlog.last + 1));
		}
	}
}

static void print_hours(const struct forecast_view *view)
{
	char date[DATE_MAX], count[NUMBER_MAX], hours[HOURS_MAX];
	const struct forecast_cell *cell;
	size_t service;

	for (service = 0; service < view->service_count; service++) {
		cell = forecast_cell(&view->forecast, service, view->busy[service].day);
		if (cell->work_ms > 0)
			printf("%s: its busiest day, %s, takes %s hours for %s installs\n",
				service_id(view, service),
				date_of(date, view, view->busy[service].day),
				hours_of(hours, cell->work_ms), number(count, cell->installs));
	}
}

void forecast_as_text(const struct forecast_view *view)
{
	int peak = forecast_view_peak(view);

	print_head(view);
	print_remarks(view);
	print_services(view);
	if (peak < 0) {
		puts("nothing falls due");
		if (!view->options->all)
			return;
	}
	print_table(view);
	if (peak < 0)
		return;
	print_chart(view, peak);
	print_peak(view, peak);
	print_hours(view);
	print_backlogs(view);
}
