/* A service's answer: what is shown of it is clean and does not hold the token. */
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fuzz.h"
#include "service/profile.h"

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
	service_judge(&profile, &answer, TOKEN, INT64_C(1763775000000), &judgement);
	check(judgement.text);
	check(judgement.excerpt);
	must_hold(judgement.retry_after_ms >= -1);
	must_hold(judgement.kind == JUDGED_TEMPORARY || judgement.retry_after_ms == -1);
	http_answer_clear(&answer);
	profile_clear(&profile);
	free(rules.id);
	free(rules.name);
	return 0;
}
