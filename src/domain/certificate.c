#include "domain/certificate.h"

#include <stdlib.h>

#include "base/civil.h"

void certificate_facts_clear(struct certificate_facts *facts)
{
	size_t i;

	for (i = 0; i < facts->name_count; i++)
		free(facts->names[i]);
	free(facts->names);
	free(facts->common_name);
	*facts = (struct certificate_facts){0};
}

/* By the certificate's notBefore (CA/Browser Forum, Baseline Requirements 6.3.2). */
static const struct {
	int year, month, day;
	int days;
} days_max[] = {
	{2029, 3, 15, 47},
	{2027, 3, 15, 100},
	{2026, 3, 15, 200},
};

#define DAYS_MAX_BEFORE 398

int certificate_days_max(int64_t not_before_ms)
{
	size_t i;

	for (i = 0; i < sizeof(days_max) / sizeof(days_max[0]); i++) {
		civil_day from =
			civil_from_date(days_max[i].year, days_max[i].month, days_max[i].day);

		if (not_before_ms >= civil_instant(from, 0, 0))
			return days_max[i].days;
	}
	return DAYS_MAX_BEFORE;
}
