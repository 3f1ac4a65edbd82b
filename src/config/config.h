#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "domain/backoff.h"
#include "domain/linkage.h"
#include "service/profile.h"

/*
 * The configuration as plain values, paths resolved against the file they stand in. Immutable once
 * read; a reload reads another and swaps.
 */
struct config {
	char *path;

	/* Places. */
	char *store;
	char *spool;
	char *runtime_directory;
	char *user; /* "": stay who we are */

	/* The admin socket; for its path see config_admin_socket. */
	char *admin_socket;	  /* "": none */
	char *admin_group;	  /* whose members may read; "": nobody but root and the user */
	char *admin_change_group; /* whose members may change things; "" likewise */
	int admin_group_line;	  /* of the file, where it names one; 0: it does not */
	int admin_change_group_line;

	/* Secrets: paths; a value "credential:NAME" means $CREDENTIALS_DIRECTORY/NAME. */
	char *sealing_key;
	char **sealing_keys_old;
	size_t sealing_keys_old_count;

	/* Certificates. */
	char *trust;	     /* NULL: the system's */
	char *intermediates; /* NULL: none */
	int pkcs12_max_iterations;

	/* Rules. */
	char *holidays_csv; /* NULL: by law alone */
	struct holidays *holidays;
	struct closing_period closings[CALENDAR_CLOSINGS_MAX];
	size_t closing_count;
	struct linkage_policy policy;

	/* Queue. */
	struct backoff_rules backoff;
	int64_t lease_ms;
	int64_t spool_poll_ms;
	int64_t shutdown_grace_ms;
	int64_t recheck_interval_ms; /* 0: no rolling check */
	int intake_threads;	     /* 0: by the machine */
	int concurrency;	     /* over all services */

	/* The feed; its texts are NULL when there is none. */
	char *feed_url;
	char *feed_token;
	char *feed_client_certificate;
	char *feed_client_key;
	char *feed_ca; /* NULL: the system's */
	int64_t feed_interval_ms;
	int64_t feed_timeout_ms;
	int feed_limit;

	/* Services: profiles from services.d, and their rules as the rulebook wants them. */
	char *services_directory;
	struct profile *profiles;
	size_t profile_count;
	struct service_rules *services; /* the profiles' rules, copied in order; shallow */
	struct rulebook rulebook;	/* points into this struct */

	/* What the built-in services' rules were made with; the profiles hold what came of it. */
	int opening_minute;	   /* of services whose profile is silent */
	int several_business_days; /* of idgw, waf and waf-group, after the first one */
};

/*
 * Reads PATH, and the profiles of its services directory. Permanent error naming file, line and key
 * and what to do. *CONFIG is to be freed with config_free.
 */
bool must_check config_read(const char *path, struct config **config, struct error *error);
/* The built-in defaults: the seven services' rules, no endpoints; for the offline verbs. */
struct config *config_defaults(void);
/*
 * Looks the groups up that the file itself names: one that is not there would give nobody the right
 * that it is meant to give. Permanent error naming file, line and key and what to do. One of which
 * the databases cannot tell now, and the defaults, are no error: they are looked up at each
 * question over the admin socket.
 */
bool must_check config_check_groups(const struct config *config, struct error *error);
void config_free(struct config *config);

/* Appends the documentation of every key: name, type, default, bounds, what it is for. */
void config_describe(struct buffer *out);

/* The path of the admin socket, to be freed; NULL when it is turned off. */
char *config_admin_socket(const struct config *config);

/* The profile with this id, NULL when there is none. */
const struct profile *config_profile(const struct config *config, const char *id);

#endif
