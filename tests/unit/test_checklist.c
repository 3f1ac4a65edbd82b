#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "domain/checklist.h"

static int64_t instant(const char *text)
{
	int64_t instant_ms = 0;

	if (!civil_parse_instant(text, &instant_ms))
		fail_msg("%s is no instant", text);
	return instant_ms;
}

static civil_day day(const char *text)
{
	civil_day found = 0;

	if (!civil_parse_date(text, &found))
		fail_msg("%s is no day", text);
	return found;
}

/* ---- days ---- */

static void test_month_before(void **state)
{
	static const char *const cases[][2] = {
		{"2026-11-22", "2026-10-22"},
		{"2026-03-31", "2026-02-28"},
		{"2026-03-29", "2026-02-28"},
		{"2026-03-28", "2026-02-28"},
		{"2028-03-31", "2028-02-29"},
		{"2028-03-29", "2028-02-29"},
		{"2100-03-31", "2100-02-28"},
		{"2000-03-31", "2000-02-29"},
		{"2026-05-31", "2026-04-30"},
		{"2026-07-31", "2026-06-30"},
		{"2026-08-31", "2026-07-31"},
		{"2026-12-31", "2026-11-30"},
		{"2027-01-31", "2026-12-31"},
		{"2027-01-01", "2026-12-01"},
		{"2026-03-01", "2026-02-01"},
	};
	char found[CIVIL_DATE_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		civil_format_date(found, checklist_month_before(day(cases[i][0])));
		assert_string_equal(found, cases[i][1]);
	}
}

static const struct {
	const char *name;
	const char *expiry; /* NULL: not known */
	const char *now;
	const char *wanted; /* ending, apply by, window */
} ending_cases[] = {
	{"long before", "2026-02-15", "2025-12-01T10:00:00+09:00",
		"apply-before 2026-01-15 2026-01-16..2026-01-20"},
	{"the last day's last moment", "2026-02-15", "2026-01-15T23:59:59+09:00",
		"apply-before 2026-01-15 2026-01-16..2026-01-20"},
	{"and over", "2026-02-15", "2026-01-16T00:00:00+09:00",
		"renewed 2026-01-15 2026-01-16..2026-01-20"},
	{"the day is Tokyo's", "2026-02-15", "2026-01-15T15:00:00Z",
		"renewed 2026-01-15 2026-01-16..2026-01-20"},
	{"the window begins on 01-30", "2026-03-01", "2026-01-29T10:00:00+09:00",
		"apply-before 2026-01-29 2026-01-30..2026-02-03"},
	{"the window begins on 01-30, which it is", "2026-03-01", "2026-01-31T10:00:00+09:00",
		"renewed 2026-01-29 2026-01-30..2026-02-03"},
	{"the window begins on 01-31", "2026-03-02", "2026-01-31T23:59:59+09:00",
		"apply-or-wait - 2026-01-31..2026-02-04"},
	{"the window begins on 01-31, a day later", "2026-03-02", "2026-02-01T00:00:00+09:00",
		"by-itself - -"},
	{"the window begins on 02-01", "2026-03-03", "2026-01-31T23:59:59+09:00",
		"apply-or-wait - -"},
	{"and from then on", "2026-03-03", "2026-02-01T00:00:00+09:00", "by-itself - -"},
	{"02-01 is Tokyo's", "2026-03-03", "2026-01-31T15:00:00Z", "by-itself - -"},
	{"a moment before", "2026-03-03", "2026-01-31T14:59:59Z", "apply-or-wait - -"},
	{"begun before 01-31, looked at after", "2026-03-01", "2026-02-01T00:00:00+09:00",
		"unclear - 2026-01-30..2026-02-03"},
	{"far from it", "2027-03-01", "2026-11-22T00:00:00+09:00", "by-itself - -"},
	{"no expiry, before", NULL, "2026-01-31T23:59:59+09:00", "no-days - -"},
	{"no expiry, after", NULL, "2026-02-01T00:00:00+09:00", "by-itself - -"},
};

static void test_endings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ending_cases); i++) {
		bool has = ending_cases[i].expiry != NULL;
		struct checklist_days days = checklist_days_of(
			has, has ? day(ending_cases[i].expiry) : 0, instant(ending_cases[i].now));
		char apply_by[CIVIL_DATE_MAX] = "-", first[CIVIL_DATE_MAX] = "-",
		     last[CIVIL_DATE_MAX] = "", found[128];

		if (days.has_apply_by)
			civil_format_date(apply_by, days.apply_by);
		if (days.has_window) {
			civil_format_date(first, days.window_first);
			civil_format_date(last, days.window_last);
		}
		(void)snprintf(found, sizeof(found), "%s %s %s%s%s", ending_name(days.ending),
			apply_by, first, days.has_window ? ".." : "", last);
		if (strcmp(found, ending_cases[i].wanted) != 0)
			fail_msg("%s: wanted \"%s\", found \"%s\"", ending_cases[i].name,
				ending_cases[i].wanted, found);
	}
}

/* ---- lists ---- */

struct given_link {
	const char *service, *code, *fqdn;
};

struct given_install {
	const char *service, *code, *fqdn;
	int state; /* enum job_state; -1: judged alone */
	const char *due, *issued;
	const char *detail;
};

struct given {
	const char *code; /* NULL: there is no such contract */
	const char *item;
	const char *certificate_at; /* NULL: none yet */
	bool ended;
	struct given_link links[3];
	struct given_install installs[3];
};

struct list_case {
	const char *name;
	const char *now;    /* NULL: 2026-11-22 10:00 */
	const char *expiry; /* NULL: 2027-01-10; "": not known */
	struct given old;
	struct given successors[2];
	/*
	 * A list each: service/code and a letter a step (x done, > next, o open, u not known, - not
	 * needed, ! impossible), then the install's basis and day.
	 */
	const char *wanted;
	const char *warnings;
};

#define AT "2026-01-10T10:00:00+09:00"
#define NEW_AT "2026-11-20T10:00:00+09:00"
#define W "webhg2", "w1", "www.example.jp"
#define OLD_ON_W                                                                                   \
	"old", "dv-ssl", AT, false,                                                                \
	{                                                                                          \
		{                                                                                  \
			W                                                                          \
		}                                                                                  \
	}
#define INSTALLED_W                                                                                \
	{                                                                                          \
		W, JOB_INSTALLED, "2026-01-13T09:00:00+09:00", AT, ""                              \
	}

static const struct list_case list_cases[] = {
	/* which list */
	{"その他", NULL, NULL, {"old", "dv-ssl", AT, false, {{"other", "", "x.example.jp"}}, {{0}}},
		{{0}}, "other uuu-", ""},
	{"no link", NULL, NULL, {"old", "dv-ssl", AT, false, {{0}}, {{0}}}, {{0}}, "other uuu-",
		""},
	{"both kinds", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{W}, {"other", "", "x.example.jp"}}, {{0}}}, {{0}},
		"webhg2/w1 xu>ouoo- if-today 2026-11-24 | other uuu-", ""},
	{"two names of one pair, and another pair", NULL, NULL,
		{"old", "dv-ssl-wildcard", AT, false,
			{{W}, {"webhg2", "w1", "b.example.jp"}, {"waf", "f1", "c.example.jp"}},
			{{0}}},
		{{0}},
		"webhg2/w1 xu>ouoo- if-today 2026-11-24 | waf/f1 xu>ouoo- if-today 2026-11-27", ""},
	{"a bring-in contract", NULL, NULL, {"old", "bring-in", AT, false, {{W}}, {{0}}}, {{0}}, "",
		"bring-in-already"},
	{"a service that nothing describes", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"cdn", "c1", "www.example.jp"}}, {{0}}}, {{0}},
		"cdn/c1 xu>ouoo- none", "unknown-service"},
	{"idgw takes none", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"idgw", "i1", "www.example.jp"}}, {{0}}}, {{0}},
		"idgw/i1 xuo!u!!- none", "service-not-for-bring-in"},

	/* how far */
	{"the beginning", NULL, NULL, {OLD_ON_W, {INSTALLED_W}}, {{0}},
		"webhg2/w1 xu>ouoo- if-today 2026-11-24", ""},
	{"let go, changed to その他", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "www.example.jp"}}, {INSTALLED_W}},
		{{0}}, "webhg2/w1 xux>uoo- if-today 2026-11-24", ""},
	{"let go, the link removed", NULL, NULL, {"old", "dv-ssl", AT, false, {{0}}, {INSTALLED_W}},
		{{0}}, "webhg2/w1 xux>uoo- if-today 2026-11-24", ""},
	{"let go of long ago, before the present certificate", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "www.example.jp"}},
			{{W, JOB_INSTALLED, NULL, "2025-01-10T10:00:00+09:00", ""}}},
		{{0}}, "other uuu-", ""},
	{"never installed, and let go", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "www.example.jp"}},
			{{W, JOB_CANCELLED, NULL, AT, ""}}},
		{{0}}, "other uuu-", ""},
	{"never installed, let go, and a successor is there", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "www.example.jp"}},
			{{W, JOB_CANCELLED, NULL, AT, ""}}},
		{{"new", "bring-in", NULL, false, {{W}}, {{0}}}},
		"webhg2/w1 xuxxu>o- if-today 2026-11-24", ""},
	{"the service code deleted", NULL, NULL,
		{"old", "digicert-cloud", AT, false, {{"waf", "", "www.example.jp"}},
			{{"waf", "f1", "www.example.jp", JOB_INSTALLED, NULL, AT, ""}}},
		{{0}}, "waf/f1 xux>uoo- if-today 2026-11-27", ""},
	{"the service code deleted, and a successor tells it", NULL, NULL,
		{"old", "digicert-cloud", AT, false, {{"waf", "", "www.example.jp"}}, {{0}}},
		{{"new", "bring-in", NULL, false, {{"waf", "f7", "www.example.jp"}}, {{0}}}},
		"waf/f7 xuxxu>o- if-today 2026-11-27", ""},
	{"the service code deleted, and nothing tells it", NULL, NULL,
		{"old", "digicert-cloud", AT, false, {{"waf", "", "www.example.jp"}}, {{0}}}, {{0}},
		"waf/ uux>uoo- if-today 2026-11-27", ""},
	{"the service code deleted, and one that has ended tells nothing", NULL, NULL,
		{"old", "digicert-cloud", AT, false, {{"waf", "", "www.example.jp"}}, {{0}}},
		{{"new", "bring-in", NULL, true, {{"waf", "f7", "www.example.jp"}}, {{0}}}},
		"waf/ uux>uoo- if-today 2026-11-27", "successor-ended"},
	{"records alone, and one that has ended", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {{0}}},
		{{"new", "bring-in", NEW_AT, true, {{W}}, {{0}}}}, "other uuu-", "successor-ended"},
	{"the caution: step 4 before step 3", NULL, NULL, {OLD_ON_W, {INSTALLED_W}},
		{{"new", "bring-in", NULL, false, {{W}}, {{0}}}},
		"webhg2/w1 xu>xuoo- if-today 2026-11-24", "step-4-before-step-3"},
	{"the new install waits for it", NULL, NULL, {OLD_ON_W, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, JOB_HELD, NULL, NEW_AT, "old has it"}}}},
		"webhg2/w1 xx>xxxo- if-today 2026-11-24", "step-4-before-step-3"},
	{"registered and scheduled", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, JOB_SCHEDULED, "2026-11-25T09:00:00+09:00", NEW_AT, ""}}}},
		"webhg2/w1 xxxxxx>- job 2026-11-25", ""},
	{"installed", NULL, NULL, {"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, JOB_INSTALLED, "2026-11-25T09:00:00+09:00", NEW_AT, ""}}}},
		"webhg2/w1 xxxxxxx- job 2026-11-25", ""},
	{"installed on one name of two", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}, {"webhg2", "w1", "b.example.jp"}},
			{{W, JOB_INSTALLED, "2026-11-25T09:00:00+09:00", NEW_AT, ""}}}},
		"webhg2/w1 xxxxxx>- if-today 2026-11-24", ""},
	{"installed late on one name of two", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}, {"webhg2", "w1", "b.example.jp"}},
			{{W, JOB_INSTALLED, "2026-11-27T09:00:00+09:00", NEW_AT, ""},
				{"webhg2", "w1", "b.example.jp", JOB_RETRYING,
					"2026-11-25T09:00:00+09:00", NEW_AT, "HTTP 503"}}}},
		"webhg2/w1 xxxxxx>- job 2026-11-25", ""},
	{"another spelling of the name; a renewal over it", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{"webhg2", "w1", "WWW.Example.JP."}},
			{{W, JOB_SUPERSEDED, "2026-11-24T09:00:00+09:00", NEW_AT, ""},
				{W, JOB_INSTALLED, "2026-11-25T09:00:00+09:00", NEW_AT, ""},
				{W, JOB_CANCELLED, "2026-11-26T09:00:00+09:00", NEW_AT, ""}}}},
		"webhg2/w1 xxxxxxx- job 2026-11-25", ""},
	{"failed", NULL, NULL, {"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, JOB_FAILED, "2026-11-25T09:00:00+09:00", NEW_AT, "HTTP 422"}}}},
		"webhg2/w1 xxxxxx>- job 2026-11-25", "install-failed"},
	{"refused", NULL, NULL, {"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, JOB_REFUSED, NULL, NEW_AT, "name-mismatch"}}}},
		"webhg2/w1 xxxxxx>- if-today 2026-11-24", "install-refused"},
	{"by records alone", NULL, NULL, {"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {{0}}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, -1, "2026-11-25T09:00:00+09:00", NEW_AT, ""}}}},
		"webhg2/w1 xxxxxx>- judged 2026-11-25", ""},
	{"by records alone, and it would be refused", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {{0}}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, -1, NULL, NEW_AT, "key-not-allowed"}}}},
		"webhg2/w1 xxxxxx>- if-today 2026-11-24", "install-refused"},
	{"ended, and the new one is installed", NULL, NULL,
		{"old", "dv-ssl", AT, true, {{W}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, JOB_INSTALLED, "2026-11-25T09:00:00+09:00", NEW_AT, ""}}}},
		"webhg2/w1 xxxxxxxx job 2026-11-25", ""},

	/* who succeeds */
	{"another agency contract on the pair", NULL, NULL, {OLD_ON_W, {{0}}},
		{{"new", "dv-ssl", NEW_AT, false, {{W}}, {{0}}}},
		"webhg2/w1 xu>ouoo- if-today 2026-11-24", "successor-not-bring-in"},
	{"the bring-in one of two", NULL, NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"newer", "dv-ssl", NEW_AT, false, {{W}}, {{0}}},
			{"new", "bring-in", NULL, false, {{W}}, {{0}}}},
		"webhg2/w1 xuxxu>o- if-today 2026-11-24", ""},
	{"one that names another code", NULL, NULL, {OLD_ON_W, {{0}}},
		{{"new", "bring-in", NEW_AT, false, {{"webhg2", "w2", "www.example.jp"}}, {{0}}}},
		"webhg2/w1 xu>ouoo- if-today 2026-11-24", "successor-elsewhere"},
	{"one that has ended", NULL, NULL, {OLD_ON_W, {{0}}},
		{{"new", "bring-in", NEW_AT, true, {{W}}, {{0}}}},
		"webhg2/w1 xu>ouoo- if-today 2026-11-24", "successor-ended"},
	{"itself", NULL, NULL, {OLD_ON_W, {{0}}},
		{{"old", "bring-in", NEW_AT, false, {{W}}, {{0}}}},
		"webhg2/w1 xu>ouoo- if-today 2026-11-24", "successor-is-the-same"},

	/* days that do not fit */
	{"the recommended day itself", "2026-12-10T23:59:59+09:00", NULL, {OLD_ON_W, {{0}}}, {{0}},
		"webhg2/w1 xu>ouoo- if-today 2026-12-11", "due-after-recommended"},
	{"past the recommended day", "2026-12-11T00:00:00+09:00", NULL, {OLD_ON_W, {{0}}}, {{0}},
		"webhg2/w1 xu>ouoo- if-today 2026-12-14",
		"due-after-recommended recommended-day-passed"},
	{"due on the recommended day", NULL, "2026-12-25",
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, JOB_SCHEDULED, "2026-11-25T09:00:00+09:00", NEW_AT, ""}}}},
		"webhg2/w1 xxxxxx>- job 2026-11-25", ""},
	{"due a day after it", NULL, "2026-12-24",
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, JOB_SCHEDULED, "2026-11-25T09:00:00+09:00", NEW_AT, ""}}}},
		"webhg2/w1 xxxxxx>- job 2026-11-25", "due-after-recommended"},
	{"due on the last day", NULL, "2026-11-25",
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, JOB_SCHEDULED, "2026-11-25T09:00:00+09:00", NEW_AT, ""}}}},
		"webhg2/w1 xxxxxx>- job 2026-11-25",
		"due-after-recommended recommended-day-passed"},
	{"due after the end", NULL, "2026-11-24",
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, JOB_SCHEDULED, "2026-11-25T09:00:00+09:00", NEW_AT, ""}}}},
		"webhg2/w1 xxxxxx>- job 2026-11-25", "due-after-expiry recommended-day-passed"},
	{"waf, registered in time for webhg2 alone", "2026-12-04T10:00:00+09:00", NULL,
		{"old", "dv-ssl", AT, false, {{W}, {"waf", "f1", "www.example.jp"}}, {{0}}}, {{0}},
		"webhg2/w1 xu>ouoo- if-today 2026-12-07 | waf/f1 xu>ouoo- if-today 2026-12-10", ""},
	{"waf, a day later", "2026-12-07T10:00:00+09:00", NULL,
		{"old", "dv-ssl", AT, false, {{W}, {"waf", "f1", "www.example.jp"}}, {{0}}}, {{0}},
		"webhg2/w1 xu>ouoo- if-today 2026-12-08 | waf/f1 xu>ouoo- if-today 2026-12-11",
		"due-after-recommended"},
	{"over", "2027-01-12T10:00:00+09:00", NULL, {OLD_ON_W, {{0}}}, {{0}},
		"webhg2/w1 xu>ouoo- if-today 2027-01-13", "due-after-expiry expired"},
	{"over, and done in time", "2027-01-12T10:00:00+09:00", NULL,
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", NEW_AT, false, {{W}},
			{{W, JOB_INSTALLED, "2027-01-25T09:00:00+09:00", NEW_AT, ""}}}},
		"webhg2/w1 xxxxxxx- job 2027-01-25", ""},
	{"その他, past the recommended day", "2026-12-11T00:00:00+09:00", NULL,
		{"old", "dv-ssl", AT, false, {{0}}, {{0}}}, {{0}}, "other uuu-",
		"recommended-day-passed"},
	{"no expiry, no day to compare with", NULL, "", {OLD_ON_W, {{0}}}, {{0}},
		"webhg2/w1 xu>ouoo- if-today 2026-11-24", ""},

	/* the end of the old contract */
	{"to be applied for", "2026-01-05T10:00:00+09:00", "2026-02-15",
		{"old", "dv-ssl", "2025-01-10T10:00:00+09:00", false, {{0}}, {{0}}}, {{0}},
		"other uuuo", ""},
	{"too late", "2026-01-20T10:00:00+09:00", "2026-02-15",
		{"old", "dv-ssl", "2025-01-10T10:00:00+09:00", false, {{0}}, {{0}}}, {{0}},
		"other uuuo", "recommended-day-passed renewal"},
	{"too late, but it has ended", "2026-01-20T10:00:00+09:00", "2026-02-15",
		{"old", "dv-ssl", "2025-01-10T10:00:00+09:00", true, {{0}}, {{0}}}, {{0}},
		"other uuux", "recommended-day-passed"},
	{"all but that is done", "2026-01-10T10:00:00+09:00", "2026-02-15",
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", AT, false, {{W}},
			{{W, JOB_INSTALLED, "2026-01-13T09:00:00+09:00", AT, ""}}}},
		"webhg2/w1 xxxxxxx> job 2026-01-13", ""},
	{"whether it was renewed is not known", "2026-02-10T10:00:00+09:00", "2026-02-28",
		{"old", "dv-ssl", AT, false, {{"other", "", "x"}}, {INSTALLED_W}},
		{{"new", "bring-in", AT, false, {{W}},
			{{W, JOB_INSTALLED, "2026-01-13T09:00:00+09:00", AT, ""}}}},
		"webhg2/w1 xxxxxxxu job 2026-01-13", ""},
	{"idgw goes on with it", "2026-01-05T10:00:00+09:00", "2026-02-15",
		{"old", "dv-ssl", AT, false, {{"idgw", "i1", "www.example.jp"}}, {{0}}}, {{0}},
		"idgw/i1 xuo!u!!- none", "service-not-for-bring-in"},
};

/* A contract made of what is given; its arrays are in STORAGE. */
struct storage {
	struct contract contract;
	struct contract_link links[3];
	struct checklist_install installs[3];
	char *texts[16];
	size_t text_count;
};

static char *keep(struct storage *storage, const char *text)
{
	char *kept = xstrdup(text);

	assert_true(storage->text_count < ARRAY_LENGTH(storage->texts));
	storage->texts[storage->text_count++] = kept;
	return kept;
}

static struct checklist_contract make(struct storage *storage, const struct given *given)
{
	struct checklist_contract made = {&storage->contract, storage->installs, 0};

	*storage = (struct storage){
		.contract = {.state = given->ended ? CONTRACT_ENDED : CONTRACT_ACTIVE,
			.links = storage->links,
			.has_certificate = given->certificate_at != NULL}};
	storage->contract.code = keep(storage, given->code);
	storage->contract.item = keep(storage, given->item);
	storage->contract.common_name = keep(storage, "www.example.jp");
	if (given->certificate_at != NULL)
		storage->contract.certificate_at_ms = instant(given->certificate_at);
	for (size_t i = 0; i < 3 && given->links[i].service != NULL; i++) {
		storage->links[i].service = keep(storage, given->links[i].service);
		storage->links[i].service_code = keep(storage, given->links[i].code);
		storage->links[i].fqdn = keep(storage, given->links[i].fqdn);
		storage->contract.link_count = i + 1;
	}
	for (size_t i = 0; i < 3 && given->installs[i].service != NULL; i++) {
		const struct given_install *install = &given->installs[i];

		storage->installs[i] = (struct checklist_install){
			.service = install->service,
			.service_code = install->code,
			.fqdn = install->fqdn,
			.has_job = install->state >= 0,
			.state = install->state >= 0 ? (enum job_state)install->state : JOB_HELD,
			.due_ms = install->due != NULL ? instant(install->due) : 0,
			.issued_ms = instant(install->issued),
			.detail = install->detail,
		};
		made.install_count = i + 1;
	}
	return made;
}

static void storage_clear(struct storage *storage)
{
	for (size_t i = 0; i < storage->text_count; i++)
		free(storage->texts[i]);
}

/* A case with all that its answer borrows. */
struct asked {
	struct holidays *holidays;
	struct rulebook rulebook;
	struct storage old, successors[2];
	struct checklist_contract successor_views[2];
	struct checklist_input input;
	struct migration migration;
};

static void ask(struct asked *asked, const struct list_case *given)
{
	const char *expiry = given->expiry != NULL ? given->expiry : "2027-01-10";

	*asked = (struct asked){.holidays = holidays_new()};
	asked->rulebook.calendar = calendar_default(asked->holidays);
	asked->rulebook.policy = linkage_policy_default();
	asked->rulebook.services = catalogue_builtin(&asked->rulebook.service_count);
	asked->input = (struct checklist_input){
		.rulebook = &asked->rulebook,
		.old = make(&asked->old, &given->old),
		.successors = asked->successor_views,
		.has_expiry = expiry[0] != '\0',
		.expiry = expiry[0] != '\0' ? day(expiry) : 0,
		.now_ms = instant(given->now != NULL ? given->now : "2026-11-22T10:00:00+09:00"),
	};
	for (size_t i = 0; i < 2 && given->successors[i].code != NULL; i++) {
		asked->successor_views[i] = make(&asked->successors[i], &given->successors[i]);
		asked->input.successor_count = i + 1;
	}
	migration_make(&asked->input, &asked->migration);
}

static void asked_clear(struct asked *asked)
{
	migration_clear(&asked->migration);
	storage_clear(&asked->old);
	for (size_t i = 0; i < asked->input.successor_count; i++)
		storage_clear(&asked->successors[i]);
	holidays_free(asked->holidays);
}

static void list_text(struct buffer *text, const struct checklist *list)
{
	static const char letters[] = "x>ou-!";
	char due[CIVIL_DATE_MAX];

	if (list->service != NULL)
		buffer_printf(text, "%s/%s ", list->service, list->service_code);
	else
		buffer_append_text(text, "other ");
	for (size_t i = 0; i < list->step_count; i++) {
		const struct checklist_step *step = &list->steps[i];

		assert_int_equal(step->number, i + 1);
		assert_non_null(step->title);
		assert_true(step->text[0] != '\0' && step->why[0] != '\0');
		assert_int_equal(strncmp(step->source, "004, ", 5), 0);
		buffer_append_char(text, letters[step->state]);
	}
	if (list->service != NULL)
		buffer_printf(text, " %s", due_basis_name(list->due_basis));
	if (list->due_basis != DUE_NONE) {
		civil_format_date(due, civil_day_of(list->due_ms, TOKYO_OFFSET_MIN));
		buffer_printf(text, " %s", due);
	}
}

static void test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(list_cases); i++) {
		struct buffer lists = {0}, warnings = {0};
		struct asked asked;

		ask(&asked, &list_cases[i]);
		for (size_t k = 0; k < asked.migration.list_count; k++) {
			buffer_append_text(&lists, k > 0 ? " | " : "");
			list_text(&lists, &asked.migration.lists[k]);
		}
		for (size_t k = 0; k < asked.migration.warning_count; k++)
			buffer_printf(&warnings, "%s%s", k > 0 ? " " : "",
				asked.migration.warnings[k].code);
		if (strcmp(buffer_text(&lists), list_cases[i].wanted) != 0 ||
			strcmp(buffer_text(&warnings), list_cases[i].warnings) != 0)
			fail_msg("%s: wanted \"%s\" [%s], found \"%s\" [%s]", list_cases[i].name,
				list_cases[i].wanted, list_cases[i].warnings, buffer_text(&lists),
				buffer_text(&warnings));
		buffer_free(&lists);
		buffer_free(&warnings);
		asked_clear(&asked);
	}
}

/* ---- words ---- */

struct word_case {
	const char *service;
	const char *item;
	int step;
	enum step_actor who;
	const char *text; /* in the step's text; with a leading "!" not in it */
};

static const struct word_case word_cases[] = {
	{"gio-ca", "dv-ssl", 2, ACTOR_CUSTOMER, "RSA 2048"},
	{"webhg2", "dv-ssl", 2, ACTOR_CUSTOMER, "!RSA 2048"},
	{"waf", "dv-ssl", 2, ACTOR_CUSTOMER, "!RSA 2048"},
	{"waf", "dv-ssl", 3, ACTOR_ADMINISTRATOR, "Change 対象サービス to その他"},
	{"waf", "digicert-cloud", 3, ACTOR_ADMINISTRATOR_AND_PROVIDER, "サービスコードの削除"},
	{"waf", "digicert-cloud", 3, ACTOR_ADMINISTRATOR_AND_PROVIDER, "!to その他"},
	{"waf", "dv-ssl", 3, ACTOR_ADMINISTRATOR, "Step 4 must not be applied for before"},
	{"webhg2", "dv-ssl", 4, ACTOR_ADMINISTRATOR, "Optional on this service"},
	{"docex", "dv-ssl", 4, ACTOR_ADMINISTRATOR, "Optional on this service"},
	{"cloud-hosting", "dv-ssl", 4, ACTOR_ADMINISTRATOR, "Optional on this service"},
	{"gio-ca", "dv-ssl", 4, ACTOR_ADMINISTRATOR, "!Optional"},
	{"waf", "dv-ssl", 4, ACTOR_ADMINISTRATOR, "!Optional"},
	{"waf-group", "dv-ssl", 4, ACTOR_ADMINISTRATOR, "!Optional"},
	{"waf", "dv-ssl", 5, ACTOR_CUSTOMER, "CA"},
	{"waf", "dv-ssl", 6, ACTOR_CUSTOMER, "持ち込み証明書品目"},
	{"waf", "dv-ssl", 7, ACTOR_PROVIDER, "new certificate"},
	{"waf", "dv-ssl", 8, ACTOR_ADMINISTRATOR, "stays valid"},
	{"idgw", "dv-ssl", 3, ACTOR_ADMINISTRATOR, "Do not do it"},
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(word_cases); i++) {
		const struct word_case *wanted = &word_cases[i];
		const struct list_case given = {
			.old = {"old", wanted->item, AT, false,
				{{wanted->service, "x1", "www.example.jp"}}, {{0}}}};
		bool absent = wanted->text[0] == '!';
		const struct checklist_step *step;
		struct asked asked;

		ask(&asked, &given);
		assert_int_equal(asked.migration.list_count, 1);
		step = &asked.migration.lists[0].steps[wanted->step - 1];
		assert_int_equal(step->who, wanted->who);
		if ((strstr(step->text, wanted->text + (absent ? 1 : 0)) == NULL) != absent)
			fail_msg("%s, step %d: \"%s\" in \"%s\"", wanted->service, wanted->step,
				wanted->text, step->text);
		asked_clear(&asked);
	}
}

static const struct {
	const char *expiry, *now;
	bool told;
	const char *wanted;
} undefined_cases[] = {
	{"2027-01-10", "2026-11-22T10:00:00+09:00", false,
		"month-before contract-expiry step-days"},
	{"2027-01-10", "2026-11-22T10:00:00+09:00", true, "month-before step-days"},
	{"", "2026-11-22T10:00:00+09:00", false, "step-days"},
	{"", "2026-01-22T10:00:00+09:00", false, "step-days timing"},
	{"2026-02-15", "2026-01-05T10:00:00+09:00", true,
		"month-before step-days timing days-before window-after-last-day"},
	{"2026-02-27", "2026-01-05T10:00:00+09:00", true,
		"month-before step-days timing days-before window-after-last-day "
		"window-straddles-2026-02-01"},
	{"2026-02-26", "2026-01-05T10:00:00+09:00", true,
		"month-before step-days timing days-before window-after-last-day"},
	{"2026-03-01", "2026-02-05T10:00:00+09:00", true,
		"month-before step-days timing days-before window-straddles-2026-02-01 "
		"renewed-before-2026-02-01"},
	{"2026-03-02", "2026-01-05T10:00:00+09:00", true,
		"month-before step-days timing days-before window-begins-on-2026-01-31"},
	{"2026-03-02", "2026-02-05T10:00:00+09:00", true,
		"month-before step-days days-before window-begins-on-2026-01-31"},
	{"2026-03-03", "2026-01-05T10:00:00+09:00", true,
		"month-before step-days timing days-before"},
};

static void test_undefined(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(undefined_cases); i++) {
		struct list_case given = {.now = undefined_cases[i].now,
			.expiry = undefined_cases[i].expiry,
			.old = {"old", "dv-ssl", AT, false, {{0}}, {{0}}}};
		struct buffer text = {0};
		struct asked asked;

		ask(&asked, &given);
		migration_clear(&asked.migration);
		asked.input.expiry_told = undefined_cases[i].told;
		migration_make(&asked.input, &asked.migration);
		for (size_t k = 0; k < asked.migration.undefined_count; k++)
			buffer_printf(
				&text, "%s%s", k > 0 ? " " : "", asked.migration.undefined[k].code);
		if (strcmp(buffer_text(&text), undefined_cases[i].wanted) != 0)
			fail_msg("%s at %s: wanted \"%s\", found \"%s\"", undefined_cases[i].expiry,
				undefined_cases[i].now, undefined_cases[i].wanted,
				buffer_text(&text));
		buffer_free(&text);
		asked_clear(&asked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_month_before),
		cmocka_unit_test(test_endings),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_undefined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
