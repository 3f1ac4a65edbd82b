/* A service's answer: what is shown of it is clean and does not hold the token. */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fuzz.h"
#include "service/profile.h"
#include "service/remote.h"

#define TOKEN "the-token-of-this-service"
#define HEAD 4

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void check(const char *text)
{
	must_hold(text_is_clean(text, strlen(text)));
	must_hold(strstr(text, TOKEN) == NULL);
}

/* The same answer to the other questions. */
static void look_further(struct profile *profile, const struct http_answer *answer)
{
	static const unsigned char fingerprint[32] = {1};
	struct judgement judgement;
	char target[JUDGEMENT_REMOTE_MAX];

	profile->follow.interval_ms = 2000;
	profile->follow.interval_floor_ms = 1000;
	profile->follow.interval_ceiling_ms = 3000;
	profile->follow.member = xstrdup("/status");
	profile->read_back.kind = READ_BACK_REQUEST;
	service_judge_follow(profile, answer, TOKEN, INT64_C(1763775000000), &judgement);
	check(judgement.text);
	check(judgement.excerpt);
	must_hold(judgement.look_again_ms == -1 ||
		  (judgement.look_again_ms >= 1000 && judgement.look_again_ms <= 3000));
	must_hold(service_judge_read_back(profile, answer, fingerprint, NULL) != READ_BACK_SAME);
	if (remote_resolve("https://a.example:1", NULL, answer->location, target, sizeof(target)))
		must_hold(target[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_answer answer = {0};
	struct judgement judgement;
	struct profile profile;
	struct service_rules rules = {0};

	if (size < HEAD)
		return 0;
	rules.id = xstrdup("sample");
	rules.name = xstrdup("sample");
	profile_init(&profile, &rules);
	answer.failure = (enum http_failure)(data[0] % (HTTP_INTERNAL + 1));
	answer.status = data[1] << 8 | data[2];
	buffer_append(&answer.body, data + HEAD, size - HEAD);
	if (data[3] & 1)
		answer.retry_after = fuzz_text(data + HEAD, size - HEAD);
	if (data[3] & 2)
		answer.date = fuzz_text(data + HEAD, size - HEAD);
	if (answer.failure != HTTP_OK)
		error_set(&answer.error, ERROR_TEMPORARY, "%.*s",
			(int)(size - HEAD > 200 ? 200 : size - HEAD), (const char *)data + HEAD);
	service_judge_step(&profile, 0, &answer, TOKEN, INT64_C(1763775000000), &judgement);
	check(judgement.text);
	check(judgement.excerpt);
	must_hold(judgement.retry_after_ms >= -1);
	must_hold(judgement.kind == JUDGED_TEMPORARY || judgement.retry_after_ms == -1);
	answer.location = fuzz_text(data + HEAD, size - HEAD);
	look_further(&profile, &answer);
	http_answer_clear(&answer);
	profile_clear(&profile);
	free(rules.id);
	free(rules.name);
	return 0;
}
