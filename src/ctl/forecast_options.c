#include "ctl/forecast_options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "base/words.h"
#include "ctl/calendar_request.h"
#include "domain/forecast.h"

static void usage(FILE *stream)
{
	fputs("usage: certinstallctl forecast --days N [OPTION]...\n"
	      "  --days N          so many days, up to 3660\n"
	      "  --from DATE       from this day on, as 2030-12-01 [today]\n"
	      "  --all             also the days on which nothing falls due\n"
	      "  --json            one JSON object\n"
	      "  --config FILE     the daemon's configuration\n"
	      "                    [" SYSCONFDIR "/certinstalld/certinstalld.conf;\n"
	      "                    for a described estate the built-in rules]\n"
	      "  --holidays CSV    the official file of national holidays\n"
	      "  --renew-at A/B    renewed after this part of their life [2/3]\n"
	      "  --weekdays        renewals of a Saturday or Sunday are made on Monday\n"
	      "  --rate ID=N/s     so many installs a second on the service, whatever\n"
	      "                    was measured there\n"
	      "What is stored is replayed, or an estate that is described:\n"
	      "  --certificates N  so many certificates, their issuances spread evenly\n"
	      "  --lifetime DAYS   how long they live, as 47d [as a public one may then]\n"
	      "  --service ID=NN%  so many of them are on this service; without a share:\n"
	      "                    those that are left [webhg2]\n" CALENDAR_EXIT_HELP,
		stream);
}

void forecast_tell(const char *format, ...)
{
	struct error error;
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	/* An error's text holds no control characters, whatever the arguments held. */
	error_set(&error, ERROR_PERMANENT, "%s", text);
	free(text);
	fflush(stdout);
	fprintf(stderr, "certinstallctl forecast: %s\n", error.text);
}

enum option_value {
	OPTION_DAYS = 256,
	OPTION_FROM,
	OPTION_ALL,
	OPTION_JSON,
	OPTION_CONFIG,
	OPTION_HOLIDAYS,
	OPTION_RENEW_AT,
	OPTION_WEEKDAYS,
	OPTION_RATE,
	OPTION_CERTIFICATES,
	OPTION_LIFETIME,
	OPTION_SERVICE,
	OPTION_HELP,
};

static const struct option long_options[] = {
	{"days", required_argument, NULL, OPTION_DAYS},
	{"from", required_argument, NULL, OPTION_FROM},
	{"all", no_argument, NULL, OPTION_ALL},
	{"json", no_argument, NULL, OPTION_JSON},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"holidays", required_argument, NULL, OPTION_HOLIDAYS},
	{"renew-at", required_argument, NULL, OPTION_RENEW_AT},
	{"weekdays", no_argument, NULL, OPTION_WEEKDAYS},
	{"rate", required_argument, NULL, OPTION_RATE},
	{"certificates", required_argument, NULL, OPTION_CERTIFICATES},
	{"lifetime", required_argument, NULL, OPTION_LIFETIME},
	{"service", required_argument, NULL, OPTION_SERVICE},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

/* Adds what TEXT, "ID=…", says of a service to LIST; *VALUE is what stands behind the "=", NULL
 * without one. False when it names no service, or one that LIST has. */
static bool add_said(struct forecast_said **list, size_t *count, const char *option,
	const char *text, const char **value)
{
	const char *equals = strchr(text, '=');
	size_t length = equals != NULL ? (size_t)(equals - text) : strlen(text), i;

	*value = equals != NULL ? equals + 1 : NULL;
	if (length == 0) {
		forecast_tell("--%s \"%.64s\" names no service", option, text);
		return false;
	}
	for (i = 0; i < *count; i++) {
		if (strlen((*list)[i].service) != length ||
			strncmp((*list)[i].service, text, length) != 0)
			continue;
		forecast_tell("--%s names %.64s twice", option, (*list)[i].service);
		return false;
	}
	*list = xreallocarray(*list, *count + 1, sizeof(**list));
	(*list)[(*count)++] =
		(struct forecast_said){.service = xstrndup(text, length), .value = -1};
	return true;
}

static bool take_share(struct forecast_options *options, const char *text)
{
	const char *value;
	char number[8];
	size_t length;

	if (!add_said(&options->shares, &options->share_count, "service", text, &value))
		return false;
	if (value == NULL)
		return true;
	length = strlen(value);
	if (length >= 2 && length <= sizeof(number) && value[length - 1] == '%') {
		snprintf(number, sizeof(number), "%.*s", (int)(length - 1), value);
		if (text_to_int64(number, 1, 100, &options->shares[options->share_count - 1].value))
			return true;
	}
	forecast_tell("--service \"%.64s\": write the share as 1%% to 100%%: webhg2=60%%", text);
	return false;
}

/* "5/s", "0.25/s": thousandths a second. */
static bool read_rate(const char *text, int64_t *rate_milli)
{
	static const char places[] = "000";
	size_t whole = strspn(text, "0123456789"), part = 0;
	char number[24];

	if (whole == 0 || whole > 6)
		return false;
	if (text[whole] == '.') {
		part = strspn(text + whole + 1, "0123456789");
		if (part == 0 || part > 3)
			return false;
	}
	if (strcmp(text + whole + (part > 0 ? part + 1 : 0), "/s") != 0)
		return false;
	snprintf(number, sizeof(number), "%.*s%.*s%s", (int)whole, text, (int)part,
		part > 0 ? text + whole + 1 : "", places + part);
	return text_to_int64(number, 1, INT64_C(999999999), rate_milli);
}

static bool take_rate(struct forecast_options *options, const char *text)
{
	const char *value;

	if (!add_said(&options->rates, &options->rate_count, "rate", text, &value))
		return false;
	if (value != NULL && read_rate(value, &options->rates[options->rate_count - 1].value))
		return true;
	forecast_tell("--rate \"%.64s\": write the installs a second, more than none, with up to "
		      "three decimals: webhg2=12.5/s",
		text);
	return false;
}

static bool take_renew_at(struct forecast_options *options, const char *text)
{
	const char *slash = strchr(text, '/');
	int64_t part, whole;
	char number[8];

	if (slash != NULL && (size_t)(slash - text) < sizeof(number)) {
		snprintf(number, sizeof(number), "%.*s", (int)(slash - text), text);
		if (text_to_int64(number, 1, 1000, &part) &&
			text_to_int64(slash + 1, part, 1000, &whole)) {
			options->renew_part = (int)part;
			options->renew_whole = (int)whole;
			return true;
		}
	}
	forecast_tell("--renew-at \"%.64s\": write a fraction of up to 1, as 2/3 or 90/100", text);
	return false;
}

static bool take_number(const char *option, const char *text, int64_t most, int64_t *number)
{
	if (text_to_int64(text, 1, most, number))
		return true;
	forecast_tell(
		"--%s \"%.64s\": give a number from 1 to %lld", option, text, (long long)most);
	return false;
}

static bool take_lifetime(struct forecast_options *options, const char *text)
{
	int64_t lifetime_ms;

	/* A bare number would be seconds. */
	if (strpbrk(text, "dh") != NULL && text_to_duration_ms(text, &lifetime_ms) &&
		lifetime_ms >= DAY_MS && lifetime_ms <= 3660 * DAY_MS) {
		options->lifetime_ms = lifetime_ms;
		return true;
	}
	forecast_tell("--lifetime \"%.64s\": give 1 to 3660 days, as 47d", text);
	return false;
}

static bool take(struct forecast_options *options, int option, const char *value)
{
	int64_t number;

	switch (option) {
	case OPTION_DAYS:
		if (!take_number("days", value, FORECAST_DAYS_MAX, &number))
			return false;
		options->days = (int)number;
		return true;
	case OPTION_FROM:
		options->has_from = civil_parse_date(value, &options->from);
		if (!options->has_from)
			forecast_tell("--from \"%.64s\": write the day as 2030-12-01", value);
		return options->has_from;
	case OPTION_ALL:
		options->all = true;
		return true;
	case OPTION_JSON:
		options->json = true;
		words_english();
		return true;
	case OPTION_CONFIG:
		options->config_path = value;
		return true;
	case OPTION_HOLIDAYS:
		options->holidays_path = value;
		return true;
	case OPTION_RENEW_AT:
		return take_renew_at(options, value);
	case OPTION_WEEKDAYS:
		options->weekdays_only = true;
		return true;
	case OPTION_RATE:
		return take_rate(options, value);
	case OPTION_CERTIFICATES:
		return take_number(
			"certificates", value, INT64_C(1000000000), &options->certificates);
	case OPTION_LIFETIME:
		return take_lifetime(options, value);
	case OPTION_SERVICE:
		return take_share(options, value);
	default:
		return false;
	}
}

/* What is left for the one service without a share; the whole is 100 per cent. */
static bool settle_shares(struct forecast_options *options)
{
	struct forecast_said *rest = NULL;
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < options->share_count; i++) {
		if (options->shares[i].value >= 0) {
			sum += options->shares[i].value;
		} else if (rest == NULL) {
			rest = &options->shares[i];
		} else {
			forecast_tell("--service: %.64s and %.64s have no share; give one to all "
				      "but one of the services",
				rest->service, options->shares[i].service);
			return false;
		}
	}
	if (rest != NULL && sum < 100)
		rest->value = 100 - sum;
	else if (options->share_count > 0 && (rest != NULL || sum != 100)) {
		forecast_tell("--service: the shares make %lld%%%s", (long long)sum,
			rest != NULL ? ", so that nothing is left for the one without a share"
				     : ", and not 100%; one service may stand without a share for "
				       "what is left");
		return false;
	}
	return true;
}

static bool check(struct forecast_options *options)
{
	if (options->days == 0) {
		forecast_tell("how far ahead? Give --days N");
		return false;
	}
	if (options->certificates == 0 && (options->share_count > 0 || options->lifetime_ms > 0)) {
		forecast_tell("%s describes an estate; add --certificates N, or leave it out to "
			      "look at what is stored",
			options->share_count > 0 ? "--service" : "--lifetime");
		return false;
	}
	if (options->certificates > 0 && options->share_count == 0) {
		options->shares = xcalloc(1, sizeof(*options->shares));
		options->shares[0].service = xstrdup("webhg2");
		options->shares[0].value = -1;
		options->share_count = 1;
	}
	return settle_shares(options);
}

bool forecast_options_parse(struct forecast_options *options, int argc, char **argv, int *status)
{
	bool good = true;
	int option;

	*options = (struct forecast_options){.renew_part = 2, .renew_whole = 3};
	*status = STATUS_USAGE;
	/* glibc's way to begin anew, since main may have used getopt for its own options. */
	optind = 0;
	while (good && (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			usage(stdout);
			*status = STATUS_DONE;
			return false;
		}
		good = take(options, option, optarg);
	}
	if (good && optind < argc) {
		forecast_tell("\"%.64s\" is one word too many", argv[optind]);
		good = false;
	}
	good = good && check(options);
	if (!good)
		fputs("certinstallctl forecast --help tells the options.\n", stderr);
	return good;
}

static void free_said(struct forecast_said *list, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(list[i].service);
	free(list);
}

void forecast_options_clear(struct forecast_options *options)
{
	free_said(options->shares, options->share_count);
	free_said(options->rates, options->rate_count);
	*options = (struct forecast_options){0};
}
