#include "config/config_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "service/profile_options.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static bool check_closing(const char *value, char why[OPTION_WHY_MAX])
{
	struct closing_period period;

	if (closing_period_parse(value, &period))
		return true;
	snprintf(why, OPTION_WHY_MAX, "is no yearly period; write 12-29..01-03");
	return false;
}

static void store_closing(void *target, const char *value)
{
	struct config *config = target;

	if (value == NULL) {
		config->closing_count = 0;
		return;
	}
	/* One more than fits is seen by the reader. */
	if (config->closing_count < CALENDAR_CLOSINGS_MAX &&
		!closing_period_parse(value, &config->closings[config->closing_count]))
		abort();
	config->closing_count++;
}

static void store_old_key(void *target, const char *value)
{
	struct config *config = target;

	if (value == NULL)
		return;
	config->sealing_keys_old = xreallocarray(config->sealing_keys_old,
		config->sealing_keys_old_count + 1, sizeof(*config->sealing_keys_old));
	config->sealing_keys_old[config->sealing_keys_old_count++] = xstrdup(value);
}

#define AT(member) .offset = offsetof(struct config, member)

const struct option config_options[CONFIG_OPTION_COUNT] = {
	{"store", OPTION_PATH, AT(store), LOCALSTATEDIR "/lib/certinstalld/store.db", 1,
		.about = "The queue's database file."},
	{"spool", OPTION_PATH, AT(spool), LOCALSTATEDIR "/spool/certinstalld", 1,
		.about = "The directory into which sources put records."},
	{"runtime-dir", OPTION_PATH, AT(runtime_directory), RUNSTATEDIR "/certinstalld", 1,
		.about = "Where sockets and locks are."},
	{"user", OPTION_TEXT, AT(user), "certinstalld",
		.about = "Whom the program becomes when root started it; \"\": it stays root."},

	{"admin-socket", OPTION_TEXT, AT(admin_socket), "admin.sock",
		.about = "The unix socket for certinstallctl and for monitoring, in runtime-dir "
			 "unless it is a whole path; \"\": none."},
	{"admin-group", OPTION_TEXT, AT(admin_group), "certinstalld-read",
		.about = "The group whose members may read there, which must exist where it is "
			 "named; \"\": root and the program's user alone."},
	{"admin-change-group", OPTION_TEXT, AT(admin_change_group), "certinstalld-change",
		.about = "The group whose members may change things there, likewise; \"\": root "
			 "and the program's user alone."},

	{"sealing-key", OPTION_SECRET, AT(sealing_key), SYSCONFDIR "/certinstalld/sealing.key", 1,
		.about = "The key that seals private keys in the store."},
	{"sealing-keys-old", OPTION_SECRET, .list = true, .store = store_old_key, .minimum = 1,
		.about = "Earlier sealing keys, for what they sealed."},

	{"trust", OPTION_PATH, AT(trust),
		.about = "PEM file of the roots that chains are judged against; the system's "
			 "without it."},
	{"intermediates", OPTION_PATH, AT(intermediates),
		.about = "PEM file of intermediates that complete chains; none without it."},
	{"pkcs12-max-iterations", OPTION_NUMBER, AT(pkcs12_max_iterations), "100000", 1000,
		10000000,
		.about = "A PKCS#12 that wants more rounds of key derivation is refused."},

	{"intake-threads", OPTION_NUMBER, AT(intake_threads), "0", 0, 64,
		.about = "Records are read and examined on so many threads. 0: one a processor, "
			 "at most 8."},

	{"holidays", OPTION_PATH, AT(holidays_csv),
		.about = "The Cabinet Office's syukujitsu.csv; by law alone without it."},
	{"closing-days", OPTION_TEXT, .list = true, .check = check_closing, .store = store_closing,
		.fallback = "12-29..01-03",
		.about = "The company's yearly closing periods (rule 12)."},
	{"opening", OPTION_MINUTE, AT(opening_minute), "09:00",
		.about = "When work begins on a due day (rule 13), unless the service's profile "
			 "says otherwise."},
	{"cutoff", OPTION_MINUTE, AT(policy.cutoff_minute), "none", .maximum = 1440,
		.about = "From this time of day on, an instant counts as the next day (rule 11)."},
	{"several-business-days", OPTION_NUMBER, AT(several_business_days), "3", 1, 30,
		.about = "The several business days after the first for idgw, waf and waf-group."},
	{"bring-in-wildcard", OPTION_FLAG, AT(policy.bring_in_wildcard_matches), "true",
		.about = "A wildcard in a bring-in certificate matches one label (rule 6)."},
	{"agency-needs-chain", OPTION_FLAG, AT(policy.agency_needs_chain), "true",
		.about = "An agency certificate whose chain is incomplete or untrusted is refused "
			 "(rule 8)."},
	{"bring-in-needs-chain", OPTION_FLAG, AT(policy.bring_in_needs_chain), "false",
		.about = "The same for a bring-in certificate."},
	{"expires-soon", OPTION_DURATION, AT(policy.expires_soon_ms), "7d", 0, 90 * DAY,
		.about = "A certificate that is over so soon after its due day gets a warning."},

	{"retry-floor", OPTION_DURATION, AT(backoff.floor_ms), "5s", 10, HOUR,
		.about = "No failed install is tried again sooner."},
	{"retry-ceiling", OPTION_DURATION, AT(backoff.ceiling_ms), "1h", 10, 7 * DAY,
		.about = "The wait between two tries grows up to this."},
	{"retry-after-cap", OPTION_DURATION, AT(backoff.retry_after_cap_ms), "1d", SECOND, 7 * DAY,
		.about = "A service that asks for a longer wait waits this long."},
	{"give-up-after", OPTION_DURATION, AT(backoff.give_up_after_ms), "7d", MINUTE, 90 * DAY,
		.about = "A job fails for good this long after its first try."},
	{"lease", OPTION_DURATION, AT(lease_ms), "5m", SECOND, DAY,
		.about = "How long a process owns a job that it works on; a killed process's jobs "
			 "go again after it."},
	{"spool-poll", OPTION_DURATION, AT(spool_poll_ms), "5s", 100, HOUR,
		.about = "Between two looks into the spool, where the kernel tells of nothing."},
	{"recheck-interval", OPTION_DURATION, AT(recheck_interval_ms), "0s", 0, 24 * HOUR,
		.about = "The rolling check looks at one installed certificate each time this has "
			 "passed, one after another, and warns of what is not served any more. 0s: "
			 "off."},
	{"shutdown-grace", OPTION_DURATION, AT(shutdown_grace_ms), "30s", 0, 10 * MINUTE,
		.about = "How long what is in flight may take when the daemon is told to end."},
	{"concurrency", OPTION_NUMBER, AT(concurrency), "64", 1, 1024,
		.about = "Installs at one time over all services."},

	{"feed-url", OPTION_TEXT, AT(feed_url), .check = profile_check_endpoint, .minimum = 1,
		.about =
			"A feed of records, https://host:port with a base path if need be; without "
			"one the spool is the only source."},
	{"feed-token", OPTION_SECRET, AT(feed_token),
		.about = "The file with the feed's bearer token; read for each page."},
	{"feed-client-certificate", OPTION_PATH, AT(feed_client_certificate),
		.about = "PEM file of the certificate that the feed wants of its clients."},
	{"feed-client-key", OPTION_SECRET, AT(feed_client_key),
		.about = "Its key, where that is not in the same file."},
	{"feed-ca", OPTION_PATH, AT(feed_ca),
		.about = "PEM file of the roots for the feed; the system's without it."},
	{"feed-interval", OPTION_DURATION, AT(feed_interval_ms), "60s", 100, DAY,
		.about = "Between two questions to a feed that has nothing new."},
	{"feed-limit", OPTION_NUMBER, AT(feed_limit), "100", 1, 1000,
		.about = "So many records a page are asked for; fewer, while pages are too large."},
	{"feed-timeout", OPTION_DURATION, AT(feed_timeout_ms), "60s", 100, HOUR,
		.about = "For one page from start to end."},

	{"services-dir", OPTION_PATH, AT(services_directory), "services.d", 1,
		.about = "The directory of the service profiles, ID.conf."},
};
