#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "profile_text.h"
#include "service/options.h"
#include "service/profile_options.h"

#define DOCUMENT_MAX ((size_t)1024 * 1024)

static void test_steps(void **state)
{
	static const char text[] =
		"path = '/top'\nbody = 'json'\npart a { content = '{leaf}' }\n"
		"step first { method = 'PATCH' path = '/id/{fqdn}' on = {404, 410} then = 'last' "
		"}\n"
		"step second { body = 'multipart' success = {204} accepted = {202}\n"
		" part b { content = '{key}' filename = 'k' }\n part c { content = 'x' } }\n"
		"step third { method = 'DELETE' body = 'none' on = {200} then = 'last' }\n"
		"step last { method = 'POST' body = 'template' template = "
		"'{\"a\":\"{leaf+chain}\"}' }\n"
		"follow { path = '/s' }\n";
	struct profile profile;

	(void)state;
	profile_text_take(text, &profile);
	assert_int_equal(profile.step_count, 4);
	assert_string_equal(profile.steps[0].name, "first");
	assert_string_equal(profile.steps[0].method, "PATCH");
	assert_string_equal(profile.steps[0].path, "/id/{fqdn}");
	assert_int_equal(profile.steps[0].body_form, BODY_JSON);
	assert_int_equal(profile.steps[0].part_count, 1);
	assert_string_equal(profile.steps[0].parts[0].content, "{leaf}");
	assert_int_equal(profile.steps[0].on_count, 2);
	assert_int_equal(profile.steps[0].on[1], 410);
	assert_int_equal(profile.steps[0].then_index, 3);
	assert_int_equal(profile.steps[0].success_count, 1);
	/* Parts of its own take the place of those at the top. */
	assert_string_equal(profile.steps[1].method, "PUT");
	assert_string_equal(profile.steps[1].path, "/top");
	assert_int_equal(profile.steps[1].part_count, 2);
	assert_string_equal(profile.steps[1].parts[0].name, "b");
	assert_string_equal(profile.steps[1].parts[0].filename, "k");
	assert_int_equal(profile.steps[1].success[0], 204);
	assert_int_equal(profile.steps[1].accepted[0], 202);
	/* What a step goes on with does not mean done by default. */
	assert_int_equal(profile.steps[2].body_form, BODY_NONE);
	assert_int_equal(profile.steps[2].part_count, 0);
	assert_int_equal(profile.steps[2].success_count, 0);
	assert_int_equal(profile.steps[3].escape, ESCAPE_JSON);
	assert_null(profile.steps[3].then);
	profile_clear(&profile);
}

static void test_rest(void **state)
{
	static const char text[] =
		"path = '/x'\nbody = 'template'\ntemplate = \"a={leaf}\\n&b={ {}\"\n"
		"template-type = 'application/x-www-form-urlencoded; charset=utf-8'\n"
		"success = {}\naccepted = {200, 202}\n"
		"answer one { status = {500, 502} member = '' matches = 'a|b' means = 'permanent' "
		"}\n"
		"answer two { matches = '^x' means = 'temporary' }\n"
		"follow {\n path = '/f/{code}'\n member = '/s'\n done = {'d', 'e'}\n"
		" pending = {'p'}\n failed = {'f'}\n reason = '/r'\n interval = 3s\n"
		" interval-floor = 1s\n interval-ceiling = 4s\n timeout = 2h\n}\n"
		"read-back { path = '/r/{fqdn}' member = '/m' as = 'pem-chain' absent = {404, 204} "
		"}\nedges = {'a:443', '{fqdn}:8443', '[::1]:1'}\nedges-needed = 2\n"
		"verify-chain = no\nrequests-per-second = 2.5\ncircuit-probe = 1m\n"
		"circuit-probe-ceiling = 2m\ninstall-from = '22:00'\ninstall-until = '05:30'\n"
		"install-on-business-days = yes\n";
	struct profile profile;

	(void)state;
	profile_text_take(text, &profile);
	assert_int_equal(profile.step_count, 1);
	assert_null(profile.steps[0].name);
	assert_string_equal(profile.steps[0].template_text, "a={leaf}\n&b={ {}");
	assert_int_equal(profile.steps[0].escape, ESCAPE_URL);
	assert_int_equal(profile.steps[0].success_count, 0);
	assert_int_equal(profile.steps[0].accepted_count, 2);
	assert_int_equal(profile.answer_count, 2);
	assert_string_equal(profile.answers[0].name, "one");
	assert_int_equal(profile.answers[0].statuses[1], 502);
	assert_string_equal(profile.answers[0].member, "");
	assert_int_equal(profile.answers[0].means, JUDGED_PERMANENT);
	assert_int_equal(profile.answers[1].status_count, 0);
	assert_null(profile.answers[1].member);
	assert_int_equal(profile.answers[1].means, JUDGED_TEMPORARY);
	assert_true(profile.follow.used);
	assert_string_equal(profile.follow.path, "/f/{code}");
	assert_string_equal(profile.follow.member, "/s");
	assert_int_equal(profile.follow.done_count, 2);
	assert_string_equal(profile.follow.done[1], "e");
	assert_string_equal(profile.follow.pending[0], "p");
	assert_string_equal(profile.follow.failed[0], "f");
	assert_string_equal(profile.follow.reason_member, "/r");
	assert_int_equal(profile.follow.interval_ms, 3000);
	assert_int_equal(profile.follow.interval_floor_ms, 1000);
	assert_int_equal(profile.follow.interval_ceiling_ms, 4000);
	assert_int_equal(profile.follow.timeout_ms, 7200000);
	assert_int_equal(profile.read_back.kind, READ_BACK_REQUEST);
	assert_string_equal(profile.read_back.path, "/r/{fqdn}");
	assert_string_equal(profile.read_back.member, "/m");
	assert_int_equal(profile.read_back.as, READ_BACK_AS_PEM_CHAIN);
	assert_int_equal(profile.read_back.absent_count, 2);
	assert_int_equal(profile.read_back.absent[1], 204);
	assert_true(profile.read_back.before_push);
	assert_int_equal(profile.edge_count, 3);
	assert_string_equal(profile.edges[0], "a:443");
	assert_string_equal(profile.edges[1], "{fqdn}:8443");
	assert_int_equal(profile.edges_needed, 2);
	assert_false(profile.verify_chain);
	assert_int_equal(profile.rate_milli, 2500);
	assert_int_equal(profile.circuit_probe_ms, 60000);
	assert_int_equal(profile.circuit_probe_ceiling_ms, 120000);
	assert_int_equal(profile.install_from_minute, 22 * 60);
	assert_int_equal(profile.install_until_minute, 5 * 60 + 30);
	assert_true(profile.install_business_days_only);
	profile_clear(&profile);
}

static void test_defaults(void **state)
{
	struct profile profile;

	(void)state;
	profile_text_take("", &profile);
	assert_false(profile.follow.used);
	assert_int_equal(profile.read_back.kind, READ_BACK_NONE);
	assert_false(profile.read_back.before_push);
	assert_int_equal(profile.edge_count, 0);
	assert_true(profile.verify_chain);
	assert_int_equal(profile.rate_milli, 0);
	assert_int_equal(profile.circuit_probe_ms, 30000);
	assert_int_equal(profile.circuit_probe_ceiling_ms, 600000);
	assert_int_equal(profile.install_from_minute, -1);
	assert_int_equal(profile.install_until_minute, -1);
	assert_false(profile.install_business_days_only);
	profile_clear(&profile);
	profile_text_take("path = '/x'\nbody = 'pem-bundle'\naccepted = {202}\nfollow { }\n"
			  "read-back { path = '/r' }\nread-back-before-push = false\n"
			  "requests-per-second = 0.125\n",
		&profile);
	assert_null(profile.follow.path);
	assert_null(profile.follow.member);
	assert_int_equal(profile.follow.interval_ms, 2000);
	assert_int_equal(profile.follow.timeout_ms, 3600000);
	assert_null(profile.read_back.member);
	assert_int_equal(profile.read_back.as, READ_BACK_AS_SHA256);
	assert_int_equal(profile.read_back.absent[0], 404);
	assert_false(profile.read_back.before_push);
	assert_int_equal(profile.rate_milli, 125);
	profile_clear(&profile);
	profile_text_take("read-back-edge = yes\n", &profile);
	assert_int_equal(profile.read_back.kind, READ_BACK_EDGE);
	assert_true(profile.read_back.before_push);
	profile_clear(&profile);
}

#define BUNDLE "path = '/x'\nbody = 'pem-bundle'\n"
#define JSON "path = '/x'\nbody = 'template'\n"

static const struct {
	const char *text;
	const char *wanted; /* of the sentence behind the file's path */
} refused[] = {
	{"step a { body = 'pem-bundle' }\n", ": step a: has no path, and the top"},
	{BUNDLE "step a { on = {404} }\n", ":3: step a: on: on and then go together"},
	{BUNDLE "step a { then = 'b' }\n", ":3: step a: then: on and then go together"},
	{BUNDLE "step a { on = {404} then = 'a' }\n", ":3: step a: then: \"a\" is no later step"},
	{BUNDLE "step a { }\nstep b {\n on = {404}\n then = 'a' }\n", ":6: step b: then: \"a\" is"},
	{BUNDLE "step a { }\nstep a { }\n", ":4: "},
	{BUNDLE "step a { mthod = 'PUT' }\n", ":3: mthod: no such key; did you mean method?"},
	{BUNDLE "step a { part b { contnt = 'x' } }\n", ":3: contnt: no such key; did you mean "
							"content?"},
	{BUNDLE "step a { body = 'json'\n part b { filename = 'x' content = 'y' } }\n",
		":4: step a: part b: filename: is of body = \"multipart\" alone"},
	{BUNDLE "step a { part b { content = 'x' } }\n", "step a: part b: body = \"pem-bundle\" "},
	{BUNDLE "step a { body = 'json' part b { content = 'x'\n content = 'y' } }\n",
		":4: content: stands twice"},
	{BUNDLE "step a { body = 'json' }\n", ":3: step a: body: this form is made of parts"},
	{BUNDLE "step a {}\nstep b {}\nstep c {}\nstep d {}\nstep e {}\nstep f {}\nstep g {}\n"
		"step h {}\nstep i {}\n",
		":11: step i: is more than 8 steps"},
	{BUNDLE "step a { success = {200} on = {200} then = 'b' }\nstep b { }\n",
		":3: step a: on: 200 stands in success too"},
	{BUNDLE "success = {202}\naccepted = {202}\nfollow {}\n",
		":4: accepted: 202 stands in success too"},
	{BUNDLE "success = {}\n", ": success: write 1 to 16 statuses, or an answer"},
	{BUNDLE "accepted = {202}\n", ":3: accepted: nothing says how it is followed"},
	{BUNDLE "follow { }\n", ": follow: no step accepts anything"},
	{BUNDLE "accepted = {202}\nfollow { done = {'x'} }\n", ": follow: names states, but no "},
	{BUNDLE "accepted = {202}\nfollow { member = '/x' }\n", ": follow: member: no state means"},
	{BUNDLE "accepted = {202}\nfollow { member = 'x' }\n", ":4: member: \"x\" is no JSON poi"},
	{BUNDLE "accepted = {202}\nfollow { interval = 1ms }\n", "interval: \"1ms\" is out of"},
	{BUNDLE "accepted = {202}\nfollow {\ninterval = 1h }\n",
		":5: follow: interval: interval-floor (500ms), interval (1h) and interval-ceiling "
		"(5m) do not rise"},
	{BUNDLE "accepted = {202}\nfollow { }\nfollow { }\n", ":5: follow: stands twice; keep one"},
	{"follow a { }\n", ":1: "},
	{"body = 'template'\npath = '/x'\n", ":1: body: this form is a template"},
	{BUNDLE "template = 'x'\n", ":3: template: is of body = \"template\" alone"},
	{JSON "template = '{leef}'\n", ":3: template: the value has no such placeholder as {leef}; "
				       "did you mean {leaf}?"},
	{JSON "template = '{something}'\n", "has no such placeholder at \"{something}\"; write "},
	{JSON "template = '{\"a\": {leaf}}'\n", ":3: template: is no JSON ("},
	{JSON "template = '{\"a\": \"{leaf}\"'\n", ":3: template: is no JSON ("},
	{JSON "template = '{\"a\": \"{leaf}\"} x'\n", ":3: template: is no JSON ("},
	{JSON "template = '{\"a\": 1{leaf}}'\n", ":3: template: is no JSON ("},
	{JSON "template = '{\"a\": \"\\u00{leaf}\"}'\n", ":3: template: is no JSON ("},
	{JSON "template = '[1] // {leaf}'\n", ":3: template: is no JSON ("},
	{JSON "template = '{\"a\": \"\\{leaf}\"}'\n", ":3: template: is no JSON ("},
	{JSON "template = '\"{leaf}\"'\nescape = 'none'\n", ":4: escape: a template of JSON is "},
	{JSON "template = 'x'\ntemplate-type = 'text'\n",
		":4: template-type: \"text\" is no media"},
	{JSON "template = 'x'\nescape = 'xml'\n", "write by-type, none, url or json"},
	{"answer a { matches = 'x' }\n", ": answer a: does not say what it means"},
	{"answer a { means = 'done' }\n", ": answer a: would be right for every answer"},
	{"answer a { status = {200} member = '/x' means = 'done' }\n",
		": answer a: member: nothing is looked for"},
	{"answer a { matches = '(' means = 'done' }\n", ":1: matches: \"(\" is no regular expr"},
	{"answer a { matches = '(a)\\\\1' means = 'done' }\n", "refers back to a group"},
	{"answer a { matches = 'x' means = 'accepted' }\n", "write done, temporary or permanent"},
	{"answer a { status = {199} means = 'done' }\n", "write 200 to 599"},
	{"read-back { }\n", ": read-back: has no path"},
	{"read-back { path = '/{key}' }\n", "has no such placeholder at \"{key}\""},
	{"read-back { path = '/x' as = 'md5' }\n", "write sha256, pem or pem-chain"},
	{"read-back-edge = true\nread-back { path = '/x' }\n", ": read-back: stands beside "},
	{"\nread-back-before-push = true\n", ":2: read-back-before-push: nothing says how"},
	{"edge = 'a:1'\nedges = {'b:1'}\n", ":2: edges: stands beside edge"},
	{"edges = {'{fqdn}'}\n", "edges: \"{fqdn}\" is no address of a TLS server"},
	{"edges = {'{code}:1'}\n", "is no address of a TLS server"},
	{"edges = {'a:1'}\n\nedges-needed = 2\n",
		":3: edges-needed: edges-needed (2) is more than there are edges (1)"},
	{"requests-per-second = '-1'\n", "is no number; write 2, 2.5 or 0.125"},
	{"requests-per-second = 1.2345\n", "is no number"},
	{"requests-per-second = '1.'\n", "is no number"},
	{"requests-per-second = 1000.001\n", "is out of bounds; write 0 to 1000"},
	{"circuit-probe = 20m\n", ":1: circuit-probe: circuit-probe (20m) is longer than "
				  "circuit-probe-ceiling (10m)"},
	{"install-from = '09:00'\n", ":1: install-from: install-from and install-until go toget"},
	{"install-until = '09:00'\n", ":1: install-until: install-from and install-until go tog"},
	{"\ninstall-from = '09:00'\ninstall-until = '09:00'\n",
		":2: install-from: install-from and install-until are both 09:00, so that nothing"},
	{"install-until = '24:00'\n", "is no time of day"},
	{"step a {\n part b {\n", "the file ends inside a section"},
};

static void test_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(refused); i++) {
		struct profile profile;
		struct error error = {0};

		if (profile_text_read("svc", refused[i].text, &profile, &error))
			fail_msg("taken: %s", refused[i].text);
		assert_int_equal(error.kind, ERROR_PERMANENT);
		if (strstr(error.text, refused[i].wanted) == NULL)
			fail_msg("%s gave: %s", refused[i].text, error.text);
		assert_null(profile.rules.id);
	}
}

static const struct {
	const char *file;
	size_t steps, answers;
	enum read_back_kind read_back;
} examples[] = {
	{"caddy", 2, 1, READ_BACK_REQUEST},
	{"lxd", 1, 2, READ_BACK_REQUEST},
	{"nginx", 1, 0, READ_BACK_EDGE},
};

/* What the manual shows is what the program takes, as it is in the files and in the text. */
static void test_examples(void **state)
{
	struct buffer manual = {0};
	struct error error;
	size_t i;

	(void)state;
	assert_true(file_read(DOCUMENTS "/services.md", DOCUMENT_MAX, &manual, &error));
	for (i = 0; i < ARRAY_LENGTH(examples); i++) {
		char *path =
			xasprintf("%s/examples/services.d/%s.conf", DOCUMENTS, examples[i].file);
		struct buffer text = {0};
		struct profile profile;

		if (!profile_read(path, NULL, &profile, &error))
			fail_msg("%s", error.text);
		assert_int_equal(profile.step_count, examples[i].steps);
		assert_int_equal(profile.answer_count, examples[i].answers);
		assert_int_equal(profile.read_back.kind, examples[i].read_back);
		profile_clear(&profile);
		assert_true(file_read(path, DOCUMENT_MAX, &text, &error));
		if (strstr(buffer_text(&manual), buffer_text(&text)) == NULL)
			fail_msg("doc/services.md does not show %s as it is", path);
		buffer_free(&text);
		free(path);
	}
	buffer_free(&manual);
}

/* "name (type; default x)\n\tabout\n" of a table is "- `name` (type; default x): about\n". */
static char *manual_line(const struct option *option)
{
	struct buffer row = {0};
	char *text, *rest, *about, *line;

	options_describe(option, 1, &row);
	text = buffer_steal_text(&row);
	text[strlen(text) - 1] = '\0';
	rest = strchr(text, ' ');
	about = strchr(text, '\n');
	*rest = '\0';
	*about = '\0';
	line = xasprintf("\n- `%s` %s: %s\n", text, rest + 1, about + 2);
	free(text);
	return line;
}

static void assert_described(const struct buffer *manual, const char *heading,
	const struct option *options, size_t count)
{
	const char *section = strstr(buffer_text(manual), heading), *end;
	size_t i;

	if (section == NULL) {
		fail_msg("doc/services.md has no %s", heading);
		return;
	}
	end = strstr(section + 2, "\n## ");
	for (i = 0; i < count; i++) {
		char *line = manual_line(&options[i]);
		const char *found = strstr(section, line);

		if (found == NULL || (end != NULL && found > end))
			fail_msg("doc/services.md lacks, in %s:%s", heading, line);
		free(line);
	}
}

static void test_manual(void **state)
{
	struct buffer manual = {0};
	struct error error;

	(void)state;
	assert_true(file_read(DOCUMENTS "/services.md", DOCUMENT_MAX, &manual, &error));
	assert_described(
		&manual, "\n## Keys of a site", profile_options, PROFILE_SITE_OPTION_COUNT);
	assert_described(&manual, "\n## Keys of a profile",
		profile_options + PROFILE_SITE_OPTION_COUNT,
		PROFILE_OPTION_COUNT - PROFILE_SITE_OPTION_COUNT);
	assert_described(
		&manual, "\n## `part NAME`", profile_part_options, PROFILE_PART_OPTION_COUNT);
	assert_described(
		&manual, "\n## `step NAME`", profile_step_options, PROFILE_STEP_OPTION_COUNT);
	assert_described(
		&manual, "\n## `answer NAME`", profile_answer_options, PROFILE_ANSWER_OPTION_COUNT);
	assert_described(
		&manual, "\n## `follow`", profile_follow_options, PROFILE_FOLLOW_OPTION_COUNT);
	assert_described(&manual, "\n## `read-back`", profile_read_back_options,
		PROFILE_READ_BACK_OPTION_COUNT);
	buffer_free(&manual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_manual),
	};

	return cmocka_run_group_tests(tests, profile_text_setup, profile_text_teardown);
}
