#include "domain/guard.h"

#include <stdlib.h>
#include <string.h>

const char *guard_finding_name(enum guard_finding finding)
{
	static const char *const names[GUARD_FINDING_COUNT] = {
		[GUARD_NONE] = "none",
		[GUARD_SAME] = "same",
		[GUARD_OLDER] = "older",
		[GUARD_UNTOLD] = "untold",
		[GUARD_NEWER] = "newer",
	};

	return names[finding];
}

static const struct guard_known *find(
	const struct guard_job *job, const unsigned char fingerprint[FINGERPRINT_SIZE])
{
	for (size_t i = 0; i < job->known_count; i++) {
		if (memcmp(job->known[i].fingerprint, fingerprint, FINGERPRINT_SIZE) == 0)
			return &job->known[i];
	}
	return NULL;
}

bool guard_knows(const struct guard_job *job, const unsigned char fingerprint[FINGERPRINT_SIZE])
{
	return find(job, fingerprint) != NULL;
}

static enum guard_finding by_order(int64_t theirs_ms, int64_t own_ms)
{
	if (theirs_ms == own_ms)
		return GUARD_UNTOLD;
	return theirs_ms > own_ms ? GUARD_NEWER : GUARD_OLDER;
}

static enum guard_finding by_not_before(const struct guard_job *job, int64_t theirs_ms)
{
	const struct guard_known *own = find(job, job->fingerprint);

	if (own == NULL || own->not_before_ms == 0 || theirs_ms == 0)
		return GUARD_UNTOLD;
	return by_order(theirs_ms, own->not_before_ms);
}

enum guard_finding guard_judge(const struct guard_job *job, const struct guard_seen *seen)
{
	const struct guard_known *known = find(job, seen->fingerprint);
	enum guard_finding finding;

	if (memcmp(seen->fingerprint, job->fingerprint, FINGERPRINT_SIZE) == 0)
		return GUARD_SAME;
	if (known == NULL)
		return by_not_before(job, seen->not_before_ms);
	finding = by_order(known->issued_ms, job->issued_ms);
	if (!known->of_contract)
		return finding == GUARD_OLDER ? GUARD_OLDER : GUARD_UNTOLD;
	return finding != GUARD_UNTOLD ? finding : by_not_before(job, known->not_before_ms);
}

enum guard_finding guard_judge_all(
	const struct guard_job *job, const struct guard_seen *seen, size_t count)
{
	enum guard_finding heaviest = GUARD_NONE;

	for (size_t i = 0; i < count; i++) {
		enum guard_finding finding = guard_judge(job, &seen[i]);

		if (finding > heaviest)
			heaviest = finding;
	}
	return heaviest;
}

enum guard_decision guard_decide(enum guard_finding finding, bool complete)
{
	if (finding == GUARD_NEWER)
		return GUARD_OVERTAKEN;
	if (!complete)
		return GUARD_ASK_AGAIN;
	switch (finding) {
	case GUARD_NONE:
	case GUARD_OLDER:
		return GUARD_PUSH;
	case GUARD_SAME:
		return GUARD_CONFIRM;
	case GUARD_UNTOLD:
		return GUARD_STOP;
	case GUARD_NEWER:
	case GUARD_FINDING_COUNT:
		break;
	}
	abort();
}
