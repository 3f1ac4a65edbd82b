#include "ctl/verb_why.h"

#include <stdint.h>
#include <stdio.h>

#include "base/words.h"
#include "ctl/store_request.h"
#include "ctl/terminal.h"
#include "ctl/view_request.h"
#include "ops/json_say.h"

#define WHY_INSTALLED 0
#define WHY_NOT 1
#define WHY_USAGE 2
#define WHY_UNKNOWN 3

static void say_all(const char *first, struct json_object *sentences)
{
	size_t i;

	for (i = 0; i < json_object_array_length(sentences); i++)
		terminal_fold(
			first, json_object_get_string(json_object_array_get_idx(sentences, i)));
}

static void say_link(struct json_object *link)
{
	const char *state = json_said_text(link, "state");

	putchar('\n');
	if (state == NULL)
		printf(_("%s %s, contract %s\n"), json_said_text(link, "service"),
			json_said_text(link, "service_code"), json_said_text(link, "contract"));
	else
		printf(_("%s %s, contract %s: %s, job %jd\n"), json_said_text(link, "service"),
			json_said_text(link, "service_code"), json_said_text(link, "contract"),
			state, (intmax_t)json_said_int(link, "job"));
	say_all("  ", json_said(link, "sentences"));
}

static void say_text(struct json_object *answer)
{
	struct json_object *links = json_said(answer, "links");
	struct json_object *similar = json_said(answer, "similar");
	size_t i;

	say_all("", json_said(answer, "sentences"));
	for (i = 0; i < json_object_array_length(links); i++)
		say_link(json_object_array_get_idx(links, i));
	if (json_object_array_length(similar) == 0)
		return;
	puts(_("Names that are much like it:"));
	say_all("  ", similar);
}

static int run_why(struct store_request *request)
{
	struct json_object *answer;
	struct error error;
	bool installed;

	if (request->operand_count != 1) {
		store_request_fault(request, "which host name? Give one");
		return WHY_USAGE;
	}
	if (!view_request_why(request, request->operands[0], &answer, &error)) {
		store_request_fault(request, error.text);
		return error.kind == ERROR_PERMANENT ? WHY_USAGE : WHY_UNKNOWN;
	}
	installed = json_said_bool(answer, "installed");
	if (request->json)
		puts(json_line(answer));
	else
		say_text(answer);
	json_object_put(answer);
	return installed ? WHY_INSTALLED : WHY_NOT;
}

int verb_why(int argc, char **argv)
{
	static const struct store_verb verb = {"why", "FQDN",
		"exit status: 0 installed and served, 1 not, 2 wrong usage, 3 it cannot be told\n",
		0};
	struct store_request request;
	int status;

	if (store_request_begin_asking(&request, &verb, argc, argv, &status))
		status = run_why(&request);
	else if (status == STORE_FAULT)
		status = WHY_UNKNOWN;
	return store_request_end(&request, status);
}
