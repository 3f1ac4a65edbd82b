#include "domain/overdue.h"

#include <stdio.h>

#include "base/words.h"

enum overdue job_overdue(enum job_state state, int64_t due_ms, int64_t revoked_ms, int64_t now_ms)
{
	bool open = !job_state_is_final(state);

	if ((open || state == JOB_FAILED) && revoked_ms > 0 &&
		now_ms >= revoked_ms - OVERDUE_BEFORE_REVOCATION_MS)
		return OVERDUE_REVOCATION;
	if (open && due_ms > 0 &&
		civil_day_of(now_ms, TOKYO_OFFSET_MIN) > civil_day_of(due_ms, TOKYO_OFFSET_MIN))
		return OVERDUE_LATE;
	return OVERDUE_NOT;
}

const char *overdue_name(enum overdue overdue)
{
	switch (overdue) {
	case OVERDUE_REVOCATION:
		return "revocation";
	case OVERDUE_LATE:
		return "late";
	case OVERDUE_NOT:
		break;
	}
	return NULL;
}

void overdue_text(
	enum overdue overdue, int64_t due_ms, int64_t revoked_ms, char *target, size_t size)
{
	char date[CIVIL_DATE_MAX];

	target[0] = '\0';
	if (overdue == OVERDUE_REVOCATION) {
		civil_format_date(date, civil_day_of(revoked_ms, TOKYO_OFFSET_MIN));
		snprintf(target, size, _("the certificate that it replaces is revoked from %s on"),
			date);
	} else if (overdue == OVERDUE_LATE) {
		civil_format_date(date, civil_day_of(due_ms, TOKYO_OFFSET_MIN));
		snprintf(target, size, _("due since %s"), date);
	}
}
