#ifndef CTL_FORECAST_OPTIONS_H
#define CTL_FORECAST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/civil.h"

/* What is said of one service: --service ID=NN% or --rate ID=N/s. */
struct forecast_said {
	char *service;
	int64_t value; /* per cent, -1 for what the others leave; or thousandths a second */
};

struct forecast_options {
	int days;
	bool has_from;
	civil_day from;
	bool json;
	bool all;
	const char *config_path; /* NULL when not given */
	const char *holidays_path;
	int renew_part, renew_whole;
	bool weekdays_only;

	int64_t certificates; /* of a described estate; 0: what is stored is looked at */
	int64_t lifetime_ms;  /* 0: as a public certificate may live at the start */
	struct forecast_said *shares;
	size_t share_count;
	struct forecast_said *rates;
	size_t rate_count;
};

/*
 * Parses the command line. False when there is nothing more to do: --help was answered, or
 * something is wrong and has been told; *STATUS is then the exit status. To be cleared with
 * forecast_options_clear either way.
 */
bool forecast_options_parse(struct forecast_options *options, int argc, char **argv, int *status);
void forecast_options_clear(struct forecast_options *options);

/* Says on standard error what is wrong. */
void forecast_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
