#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "config/config.h"
#include "config/config_private.h"
#include "service/profile_options.h"

#define CONF_MAX ((size_t)1024 * 1024)

static char directory[] = "/tmp/test_config.XXXXXX";

/* Files that tests leave, all of which stand in the one directory or its services.d. */
static const char *const leftovers[] = {"c.conf", "days.csv", "services.d/waf.conf",
	"services.d/idgw.conf", "services.d/my-api.conf", "services.d/.hidden.conf",
	"services.d/README", "services.d/BAD.conf"};

static char *place(const char *name)
{
	return xasprintf("%s/%s", directory, name);
}

static void put_file(const char *name, const char *text)
{
	char *path = place(name);
	struct error error;

	assert_true(file_write_atomic(path, text, strlen(text), 0600, &error));
	free(path);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static int clean(void **state)
{
	char *services = place("services.d");
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(leftovers); i++) {
		char *path = place(leftovers[i]);

		unlink(path);
		free(path);
	}
	rmdir(services);
	free(services);
	return 0;
}

static int teardown(void **state)
{
	clean(state);
	return rmdir(directory);
}

static bool read_conf(const char *text, struct config **config, struct error *error)
{
	char *path = place("c.conf");
	bool done;

	put_file("c.conf", text);
	done = config_read(path, config, error);
	free(path);
	return done;
}

static void make_services(void)
{
	char *services = place("services.d");

	assert_int_equal(mkdir(services, 0700), 0);
	free(services);
}

static void assert_same_rules(const struct service_rules *a, const struct service_rules *b)
{
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->business_days, b->business_days);
	assert_int_equal(a->opening_minute, b->opening_minute);
	assert_int_equal(a->rsa2048_only, b->rsa2048_only);
	assert_int_equal(a->bring_in, b->bring_in);
	assert_int_equal(a->takes_digicert_cloud, b->takes_digicert_cloud);
}

static void assert_defaults(const struct config *config)
{
	struct linkage_policy policy = linkage_policy_default();
	struct backoff_rules backoff = backoff_rules_default();
	struct calendar calendar = calendar_default(config->holidays);
	size_t i, count;
	const struct service_rules *builtin = catalogue_builtin(&count);

	assert_int_equal(
		config->policy.bring_in_wildcard_matches, policy.bring_in_wildcard_matches);
	assert_int_equal(config->policy.agency_needs_chain, policy.agency_needs_chain);
	assert_int_equal(config->policy.bring_in_needs_chain, policy.bring_in_needs_chain);
	assert_int_equal(config->policy.expires_soon_ms, policy.expires_soon_ms);
	assert_int_equal(config->policy.cutoff_minute, policy.cutoff_minute);
	assert_int_equal(config->backoff.floor_ms, backoff.floor_ms);
	assert_int_equal(config->backoff.ceiling_ms, backoff.ceiling_ms);
	assert_int_equal(config->backoff.retry_after_cap_ms, backoff.retry_after_cap_ms);
	assert_int_equal(config->backoff.give_up_after_ms, backoff.give_up_after_ms);
	assert_int_equal(config->rulebook.calendar.closing_count, calendar.closing_count);
	assert_memory_equal(config->rulebook.calendar.closings, calendar.closings,
		calendar.closing_count * sizeof(calendar.closings[0]));
	assert_ptr_equal(config->rulebook.calendar.holidays, config->holidays);
	assert_int_equal(config->profile_count, count);
	assert_int_equal(config->rulebook.service_count, count);
	for (i = 0; i < count; i++) {
		const struct profile *profile = config_profile(config, builtin[i].id);

		assert_non_null(profile);
		assert_same_rules(&profile->rules, &builtin[i]);
		assert_null(profile->endpoint);
		assert_ptr_equal(rulebook_service(&config->rulebook, builtin[i].id)->name,
			profile->rules.name);
	}
	assert_string_equal(config->user, "certinstalld");
	assert_string_equal(config->admin_socket, "admin.sock");
	assert_string_equal(config->admin_group, "certinstalld-read");
	assert_string_equal(config->admin_change_group, "certinstalld-change");
	assert_string_equal(config->runtime_directory, RUNSTATEDIR "/certinstalld");
	assert_string_equal(config->spool, LOCALSTATEDIR "/spool/certinstalld");
	assert_string_equal(config->store, LOCALSTATEDIR "/lib/certinstalld/store.db");
	assert_null(config->trust);
	assert_int_equal(config->lease_ms, 300000);
	assert_int_equal(config->concurrency, 64);
	assert_int_equal(config->pkcs12_max_iterations, 100000);
	assert_int_equal(config->intake_threads, 0);
}

static void test_defaults(void **state)
{
	struct config *config = config_defaults();
	struct error error;

	(void)state;
	assert_defaults(config);
	assert_string_equal(config->services_directory, SYSCONFDIR "/certinstalld/services.d");
	assert_null(config_profile(config, "other"));
	config_free(config);
	/* An empty file without profiles beside it says the same. */
	assert_true(read_conf("", &config, &error));
	assert_defaults(config);
	config_free(config);
	config_free(NULL);
}

static void assert_place(const char *path, const char *name)
{
	char *wanted = place(name);

	assert_string_equal(path, wanted);
	free(wanted);
}

static void test_whole(void **state)
{
	static const char text[] =
		"store = 'q/store.db'\nspool = spool\nruntime-dir = run\nuser = \"\"\n"
		"sealing-key = 'credential:seal'\nsealing-keys-old = {'old1', '/old2'}\n"
		"trust = roots.pem\nintermediates = pool.pem\npkcs12-max-iterations = 2000\n"
		"intake-threads = 3\n"
		"holidays = days.csv\nclosing-days = {'08-13..08-15', '12-30..01-02'}\n"
		"opening = '10:15'\ncutoff = '17:00'\nseveral-business-days = 5\n"
		"bring-in-wildcard = off\nagency-needs-chain = no\nbring-in-needs-chain = yes\n"
		"expires-soon = 3d\nretry-floor = 250ms\nretry-ceiling = 2s\n"
		"retry-after-cap = 1h\ngive-up-after = 2d\nlease = 20m\nspool-poll = 200ms\n"
		"shutdown-grace = 5s\nrecheck-interval = 8s\nconcurrency = 9\nservices-dir = "
		"services.d\nfeed-url = 'https://f:1/base'\nfeed-token = 'credential:feed'\n"
		"feed-client-certificate = f.pem\nfeed-client-key = f.key\nfeed-ca = fca.pem\n"
		"admin-socket = a.sock\nadmin-group = readers\nadmin-change-group = changers\n"
		"feed-interval = 2s\nfeed-limit = 7\nfeed-timeout = 3s\n"
		"site webhg2 {\nendpoint = 'https://a:1'\nedge = 'b:2'\ntoken = tok\nca = ca.pem\n"
		"concurrency = 3\ntotal-timeout = 2m\n}\n"
		"site idgw { edges = {'c:1', '{fqdn}:2'} requests-per-second = 1.5\n"
		"install-from = '22:00' install-until = '05:00' install-on-business-days = yes }\n"
		"site my-api { endpoint = 'https://c/base' client-certificate = 'c.pem' }\n";
	struct config *config;
	struct error error;
	const struct profile *profile;
	char *socket_path;

	(void)state;
	make_services();
	put_file("days.csv",
		"国民の祝日・休日月日,国民の祝日・休日名称\n2026/1/1,元日\n2026/6/6,特別な日\n");
	put_file("services.d/waf.conf", "total-timeout = 4m\n");
	put_file("services.d/idgw.conf", "edge = 'old:1'\n");
	put_file("services.d/my-api.conf",
		"path = '/x'\nbody = 'pem-bundle'\nendpoint = 'https://shipped'\nclient-key = k\n");
	put_file("services.d/.hidden.conf", "nonsense");
	put_file("services.d/README", "nonsense");
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/creds", 1), 0);
	if (!read_conf(text, &config, &error))
		fail_msg("%s", error.text);
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	assert_place(config->path, "c.conf");
	assert_place(config->store, "q/store.db");
	assert_place(config->spool, "spool");
	assert_place(config->runtime_directory, "run");
	assert_string_equal(config->user, "");
	assert_string_equal(config->admin_group, "readers");
	assert_string_equal(config->admin_change_group, "changers");
	socket_path = config_admin_socket(config);
	assert_place(socket_path, "run/a.sock");
	free(socket_path);
	assert_string_equal(config->sealing_key, "/creds/seal");
	assert_int_equal(config->sealing_keys_old_count, 2);
	assert_place(config->sealing_keys_old[0], "old1");
	assert_string_equal(config->sealing_keys_old[1], "/old2");
	assert_place(config->trust, "roots.pem");
	assert_place(config->intermediates, "pool.pem");
	assert_int_equal(config->pkcs12_max_iterations, 2000);
	assert_int_equal(config->intake_threads, 3);
	assert_non_null(holidays_name(config->holidays, civil_from_date(2026, 6, 6)));
	assert_int_equal(config->rulebook.calendar.closing_count, 2);
	assert_int_equal(config->rulebook.calendar.closings[0].from_month, 8);
	assert_int_equal(config->rulebook.calendar.closings[1].to_day, 2);
	assert_int_equal(config->rulebook.policy.cutoff_minute, 1020);
	assert_false(config->rulebook.policy.bring_in_wildcard_matches);
	assert_false(config->rulebook.policy.agency_needs_chain);
	assert_true(config->rulebook.policy.bring_in_needs_chain);
	assert_int_equal(config->policy.expires_soon_ms, 3 * DAY_MS);
	assert_int_equal(config->backoff.floor_ms, 250);
	assert_int_equal(config->backoff.ceiling_ms, 2000);
	assert_int_equal(config->backoff.retry_after_cap_ms, 3600000);
	assert_int_equal(config->backoff.give_up_after_ms, 2 * DAY_MS);
	assert_int_equal(config->lease_ms, 1200000);
	assert_int_equal(config->spool_poll_ms, 200);
	assert_string_equal(config->feed_url, "https://f:1/base");
	assert_string_equal(config->feed_token, "/creds/feed");
	assert_place(config->feed_client_certificate, "f.pem");
	assert_place(config->feed_client_key, "f.key");
	assert_place(config->feed_ca, "fca.pem");
	assert_int_equal(config->feed_interval_ms, 2000);
	assert_int_equal(config->feed_limit, 7);
	assert_int_equal(config->feed_timeout_ms, 3000);
	assert_int_equal(config->shutdown_grace_ms, 5000);
	assert_int_equal(config->recheck_interval_ms, 8000);
	assert_int_equal(config->concurrency, 9);
	assert_int_equal(config->profile_count, 8);

	profile = config_profile(config, "webhg2");
	assert_string_equal(profile->endpoint, "https://a:1");
	assert_string_equal(profile->edges[0], "b:2");
	assert_place(profile->token_file, "tok");
	assert_place(profile->ca_file, "ca.pem");
	assert_int_equal(profile->concurrency, 3);
	assert_int_equal(profile->total_timeout_ms, 120000);
	assert_int_equal(profile->rules.business_days, 1);
	assert_int_equal(profile->rules.opening_minute, 615);
	profile = config_profile(config, "idgw");
	assert_int_equal(profile->edge_count, 2);
	assert_string_equal(profile->edges[1], "{fqdn}:2");
	assert_string_equal(profile->edges[0], "c:1");
	assert_int_equal(profile->rate_milli, 1500);
	/* The hours of a service are among its rules. */
	assert_true(rulebook_service(&config->rulebook, "idgw")->has_hours);
	assert_int_equal(rulebook_service(&config->rulebook, "idgw")->hours.from_minute, 22 * 60);
	assert_true(rulebook_service(&config->rulebook, "idgw")->hours.business_days_only);
	assert_false(rulebook_service(&config->rulebook, "webhg2")->has_hours);
	/* The file is silent about its rules: those of the catalogue, by this configuration. */
	profile = config_profile(config, "waf");
	assert_place(profile->path, "services.d/waf.conf");
	assert_int_equal(profile->rules.business_days, 6);
	assert_int_equal(profile->rules.bring_in, BRING_IN_REQUIRED);
	assert_int_equal(profile->total_timeout_ms, 240000);
	assert_int_equal(config_profile(config, "idgw")->rules.business_days, 6);
	/* A service that nobody foresaw; the site is laid over what its file says. */
	profile = config_profile(config, "my-api");
	assert_string_equal(profile->endpoint, "https://c/base");
	assert_string_equal(profile->steps[0].path, "/x");
	assert_place(profile->client_key, "services.d/k");
	assert_place(profile->client_certificate, "c.pem");
	assert_int_equal(profile->rules.opening_minute, 615);
	assert_non_null(rulebook_service(&config->rulebook, "my-api"));
	config_free(config);
}

static const struct {
	const char *text;
	const char *wanted;
} refused[] = {
	{"feed-url = 'http://f:1'\nfeed-token = t\n",
		":1: feed-url: \"http://f:1\" is no https URL"},
	{"feed-url = 'https://f:1/?a=b'\nfeed-token = t\n", ":1: feed-url: "},
	{"feed-url = 'https://u@f:1'\nfeed-token = t\n", ":1: feed-url: "},
	{"\nfeed-url = 'https://f:1'\n",
		":2: feed-url: stands without feed-token and feed-client-certificate"},
	{"feed-client-key = k\n", ":1: feed-client-key: has no feed-client-certificate"},
	{"feed-limit = 1001\n", ":1: feed-limit: "},
	{"feed-interval = 10ms\n", ":1: feed-interval: "},
	{"\nretry-flor = 1s\n", ":2: retry-flor: no such key; did you mean retry-floor?"},
	{"retry-floor = \"5x\"\n", ":1: retry-floor: \"5x\" is no duration; write 5s, 10m or 2h"},
	{"retry-floor = 10s\nretry-ceiling = 5s\n",
		":1: retry-floor: retry-floor (10s) is longer than retry-ceiling (5s)"},
	{"\nretry-ceiling = 1s\n", ":2: retry-ceiling: retry-floor (5s) is longer"},
	{"\nlease = 70s\n",
		":2: lease: 1m10s is not longer than total-timeout (1m) and verify-timeout (10s) "
		"of "},
	{"site docex { total-timeout = 10m }\n",
		": lease: 5m is not longer than total-timeout (10m) and verify-timeout (10s) of "
		"docex together"},
	{"concurrency = 0\n", "write 1 to 1024"},
	{"closing-days = {\"12-29..13-03\"}\n",
		":1: closing-days: \"12-29..13-03\" is no yearly period; write 12-29..01-03"},
	{"closing-days = {'01-01..01-01','01-02..01-02','01-03..01-03','01-04..01-04',"
	 "'01-05..01-05','01-06..01-06','01-07..01-07','01-08..01-08','01-09..01-09',"
	 "'01-10..01-10','01-11..01-11','01-12..01-12','01-13..01-13','01-14..01-14',"
	 "'01-15..01-15','01-16..01-16','01-17..01-17'}\n",
		":1: closing-days: more than 16 periods"},
	{"cutoff = \"25:00\"\n", "write 17:00, or none"},
	{"store = \"\"\n", "store: \"\" may not be empty"},
	{"sealing-key = 'credential:a'\n",
		":1: sealing-key: \"credential:a\" is a systemd credential, but "
		"CREDENTIALS_DIRECTORY is not set"},
	{"store = 'credential:a'\nholidays = 'none.csv'\n", "none.csv: cannot be opened"},
	{"\nservices-dir = nowhere\n", ":2: services-dir: "},
	{"site nosuch {\nendpoint = 'https://a'\n}\n",
		": site nosuch: no profile describes this service; write one, or one of these ids: "
		"webhg2"},
	{"site waf {\n\nendpoint = 'http://a'\n}\n", ":3: endpoint: \"http://a\" is no https URL"},
	{"site waf { path = '/x' }\n", ":1: path: no such key"},
	{"site waf {\nclient-key = 'k'\n}\n",
		":2: site waf: client-key: has no client-certificate to belong to"},
	{"site waf {\ninstall-from = '09:00'\n}\n",
		":2: site waf: install-from: install-from and install-until go together"},
	{"site waf {\ninstall-from = '09:00'\ninstall-until = '09:00'\n}\n",
		":2: site waf: install-from: install-from and install-until are both 09:00"},
	{"site waf {\nedge = 'a:1'\nedges = {'b:1'}\n}\n",
		":3: site waf: edges: stands beside edge"},
	{"site waf {\nedges = {'b:1'}\nedges-needed = 2\n}\n",
		":3: site waf: edges-needed: edges-needed (2) is more than there are edges (1)"},
	{"site waf { }\nsite waf { }\n", "waf"},
	{"site { }\n", "missing title for section 'site'"},
	{"include('x')\n", "include: no such key"},
	{"site waf {\n", "the file ends inside a section"},
};

static void test_refused(void **state)
{
	char *prefix = place("");
	size_t i;

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	for (i = 0; i < ARRAY_LENGTH(refused); i++) {
		struct config *config = NULL;
		struct error error = {0};

		if (read_conf(refused[i].text, &config, &error))
			fail_msg("taken: %s", refused[i].text);
		assert_null(config);
		assert_int_equal(error.kind, ERROR_PERMANENT);
		if (strncmp(error.text, prefix, strlen(prefix)) != 0 ||
			strstr(error.text, refused[i].wanted) == NULL)
			fail_msg("%s gave: %s", refused[i].text, error.text);
	}
	free(prefix);
}

static void test_groups(void **state)
{
	static const struct {
		const char *text, *wanted; /* NULL: it is none */
	} rows[] = {
		{"", NULL},
		{"admin-group = ''\nadmin-change-group = \"\"\n", NULL},
		{"admin-group = root\nadmin-change-group = root\n", NULL},
		{"\nadmin-group = no-such-group\n", "/c.conf:2: admin-group: there is no group "
						    "no-such-group; create it (groupadd"},
		{"admin-group = root\n# why\nadmin-change-group = no-such-group\n",
			"/c.conf:3: admin-change-group: there is no group no-such-group; create"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct config *config = NULL;
		struct error error = {0};
		bool done;

		/* The programs that only look at it need no group. */
		assert_true(read_conf(rows[i].text, &config, &error));
		done = config_check_groups(config, &error);
		config_free(config);
		if (done && rows[i].wanted != NULL)
			fail_msg("taken: %s", rows[i].text);
		if (!done && (rows[i].wanted == NULL || error.kind != ERROR_PERMANENT ||
				     strstr(error.text, rows[i].wanted) == NULL))
			fail_msg("%s gave: %s", rows[i].text, error.text);
	}
}

static void test_most_closings(void **state)
{
	struct buffer text = {0};
	struct config *config;
	struct error error;
	int i;

	(void)state;
	buffer_append_text(&text, "closing-days = {");
	for (i = 1; i <= CALENDAR_CLOSINGS_MAX; i++)
		buffer_printf(&text, "%s'02-%02d..02-%02d'", i == 1 ? "" : ", ", i, i);
	buffer_append_text(&text, "}\n");
	assert_true(read_conf(buffer_text(&text), &config, &error));
	assert_int_equal(config->rulebook.calendar.closing_count, CALENDAR_CLOSINGS_MAX);
	for (i = 1; i <= CALENDAR_CLOSINGS_MAX; i++)
		assert_int_equal(config->rulebook.calendar.closings[i - 1].to_day, i);
	config_free(config);
	assert_true(read_conf("closing-days = {}\n", &config, &error));
	assert_int_equal(config->rulebook.calendar.closing_count, 0);
	config_free(config);
	buffer_free(&text);
}

static void test_bad_profiles(void **state)
{
	struct config *config = NULL;
	struct error error;

	(void)state;
	make_services();
	put_file("services.d/waf.conf", "\nclient-key = 'k'\n");
	assert_false(read_conf("", &config, &error));
	assert_non_null(strstr(error.text, "services.d/waf.conf: client-key: has no client-cert"));
	put_file("services.d/waf.conf", "\nconcurrency = 'k'\n");
	assert_false(read_conf("", &config, &error));
	assert_non_null(
		strstr(error.text, "services.d/waf.conf:2: concurrency: \"k\" is no whole"));
	/* All requests of an attempt must fit into the lease. */
	put_file("services.d/waf.conf",
		"path = '/x'\nbody = 'pem-bundle'\nstep a { }\nstep b { }\nstep c { }\nstep d { }\n"
		"read-back { path = '/r' }\n");
	assert_false(read_conf("", &config, &error));
	assert_non_null(strstr(error.text,
		"lease: 5m is not longer than total-timeout (1m) for each of 5 requests and "
		"verify-timeout (10s) of waf together"));
	put_file("services.d/waf.conf", "install-from = '09:00'\ninstall-until = '17:00'\n");
	assert_false(read_conf("site waf { install-until = '09:00' }", &config, &error));
	assert_non_null(
		strstr(error.text, "waf.conf: install-from: install-from and install-until"));
	put_file("services.d/waf.conf", "");
	put_file("services.d/BAD.conf", "");
	assert_false(read_conf("", &config, &error));
	assert_non_null(strstr(error.text, "services.d/BAD.conf: the file's name gives"));
	assert_null(config);
}

/* The files as they are shipped: their rules are those of the catalogue. */
static void test_shipped(void **state)
{
	static const struct {
		const char *id, *method, *path;
		size_t parts;
		enum body_form form;
		int first_success;
		bool follows;
	} shipped[] = {
		{"webhg2", "POST", "/webhg2/{code}/certificates", 4, BODY_MULTIPART, 200, false},
		{"docex", "PUT", "/docex/{code}/hosts/{fqdn}/certificate", 2, BODY_PKCS12_JSON, 200,
			false},
		{"cloud-hosting", "PUT", "/cloud-hosting/{code}/{fqdn}", 0, BODY_PEM_BUNDLE, 204,
			false},
		{"gio-ca", "PUT", "/gio-ca/{code}/certificates/{fqdn}", 3, BODY_JSON, 200, true},
		{"idgw", "POST", "/idgw/{code}/certificate-requests", 4, BODY_JSON, 200, true},
		{"waf", "PUT", "/waf/{code}/certificates/{fqdn}", 3, BODY_JSON, 200, false},
		{"waf-group", "PUT", "/waf/{code}/groups/{group}/certificates/{fqdn}", 3, BODY_JSON,
			200, false},
	};
	struct config *config;
	struct error error;
	size_t i;

	(void)state;
	if (!config_read(SHIPPED_CONF "/certinstalld.conf", &config, &error))
		fail_msg("%s", error.text);
	assert_defaults(config);
	assert_int_equal(config->profile_count, ARRAY_LENGTH(shipped));
	for (i = 0; i < ARRAY_LENGTH(shipped); i++) {
		const struct profile *profile = config_profile(config, shipped[i].id);

		assert_non_null(profile->path);
		assert_string_equal(profile->steps[0].method, shipped[i].method);
		assert_string_equal(profile->steps[0].path, shipped[i].path);
		assert_int_equal(profile->steps[0].body_form, shipped[i].form);
		assert_int_equal(profile->steps[0].part_count, shipped[i].parts);
		assert_int_equal(profile->steps[0].success[0], shipped[i].first_success);
		assert_int_equal(profile->follow.used, shipped[i].follows);
		assert_int_equal(profile->steps[0].accepted_count, shipped[i].follows);
		/* Every one can say what it has, and none is asked before each install. */
		assert_int_equal(profile->read_back.kind, READ_BACK_REQUEST);
		assert_false(profile->read_back.before_push);
	}
	config_free(config);
}

/*
 * The commented-out keys of the shipped file, let in, are the defaults, and none of the table's is
 * missing. The site examples too are valid when they are let in.
 */
static void test_shipped_comments(void **state)
{
	struct buffer text = {0}, out = {0};
	struct config *config;
	struct error error;
	char *line, *rest = NULL, *copy;
	size_t i;

	(void)state;
	assert_true(file_read(SHIPPED_CONF "/certinstalld.conf", CONF_MAX, &text, &error));
	for (i = 0; i < CONFIG_OPTION_COUNT; i++) {
		char *key = xasprintf("\n#%s = ", config_options[i].name);

		if (strstr(buffer_text(&text), key) == NULL)
			fail_msg("conf/certinstalld.conf lacks %s", config_options[i].name);
		free(key);
	}
	for (i = 0; i < PROFILE_SITE_OPTION_COUNT; i++) {
		char *key = xasprintf("\n#\t%s = ", profile_options[i].name);

		if (strstr(buffer_text(&text), key) == NULL)
			fail_msg("conf/certinstalld.conf lacks %s", profile_options[i].name);
		free(key);
	}
	copy = buffer_steal_text(&text);
	for (line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '#' && line[1] != ' ')
			buffer_printf(&out, "%s\n", line + 1);
	}
	setenv("CREDENTIALS_DIRECTORY", "/creds", 1);
	if (!read_conf(buffer_text(&out), &config, &error)) {
		/* The shipped profiles are not beside this copy. */
		assert_non_null(strstr(error.text, "services-dir"));
		make_services();
		if (!read_conf(buffer_text(&out), &config, &error))
			fail_msg("%s", error.text);
	}
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_string_equal(
		config_profile(config, "webhg2")->token_file, "/creds/certinstalld.webhg2-token");
	assert_int_equal(config_profile(config, "waf")->concurrency, 8);
	assert_string_equal(config->user, "certinstalld");
	assert_int_equal(config->lease_ms, 300000);
	assert_int_equal(config->backoff.ceiling_ms, backoff_rules_default().ceiling_ms);
	assert_int_equal(config->several_business_days, 3);
	assert_int_equal(config->closing_count, 1);
	config_free(config);
	free(copy);
	buffer_free(&out);
}

static void test_describe(void **state)
{
	struct buffer text = {0};
	size_t i;

	(void)state;
	config_describe(&text);
	for (i = 0; i < CONFIG_OPTION_COUNT; i++)
		assert_non_null(strstr(buffer_text(&text), config_options[i].about));
	assert_non_null(
		strstr(buffer_text(&text), "retry-floor (duration, 10ms to 1h; default 5s)"));
	assert_non_null(strstr(buffer_text(&text), "\nservices.d/ID.conf"));
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_defaults, NULL, clean),
		cmocka_unit_test_setup_teardown(test_whole, NULL, clean),
		cmocka_unit_test_setup_teardown(test_refused, NULL, clean),
		cmocka_unit_test_setup_teardown(test_groups, NULL, clean),
		cmocka_unit_test_setup_teardown(test_most_closings, NULL, clean),
		cmocka_unit_test_setup_teardown(test_bad_profiles, NULL, clean),
		cmocka_unit_test_setup_teardown(test_shipped, NULL, clean),
		cmocka_unit_test_setup_teardown(test_shipped_comments, NULL, clean),
		cmocka_unit_test(test_describe),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
