#ifndef DOMAIN_HOLIDAYS_H
#define DOMAIN_HOLIDAYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/civil.h"
#include "base/error.h"

#define HOLIDAYS_FIRST_YEAR 1948
#define HOLIDAYS_LAST_YEAR 2099

/*
 * The name in Japanese of the national holiday on DAY as the Act on National Holidays (国民の祝日に
 * 関する法律, from 1948-07-20) and the special acts have it; substitute and sandwiched days are
 * "休日". NULL when DAY is none or lies outside the years above. The text is static.
 */
const char *holiday_by_law(civil_day day);

/*
 * The Cabinet Office's file over the law's computation, for the years that it covers. Opaque;
 * immutable once read, so threads may share it.
 */
struct holidays;

/* The law alone. To be freed with holidays_free. */
struct holidays *holidays_new(void);
void holidays_free(struct holidays *holidays);

/*
 * Reads syukujitsu.csv: Shift_JIS or UTF-8 (with or without a byte-order mark), CRLF or LF, a
 * heading line, then "YYYY/M/D,name" (also YYYY-MM-DD). The years from its first to its last date
 * follow the file from then on. NAME is for errors, which tell the line; nothing changes then.
 */
bool must_check holidays_read_csv(struct holidays *holidays, const char *name,
	const unsigned char *data, size_t length, struct error *error);

/* As holiday_by_law, with the file's word where it covers the day's year. Lives as long as
 * HOLIDAYS. */
const char *holidays_name(const struct holidays *holidays, civil_day day);

/* The years that a file covers; false when none was read. */
bool holidays_covered(const struct holidays *holidays, int *first_year, int *last_year);

#endif
