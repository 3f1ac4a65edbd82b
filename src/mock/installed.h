#ifndef MOCK_INSTALLED_H
#define MOCK_INSTALLED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mock/bundle.h"
#include "mock/service.h"

/*
 * What is installed, per service, service code and host name. A certificate is kept as DER and read
 * when a client shakes hands: 20,000 of them stay within some tens of megabytes.
 */
struct installed;

struct installed_version {
	unsigned char *der;
	size_t der_length;
	struct pooled *chain;
	struct pooled *key;
	char fingerprint[FINGERPRINT_TEXT_MAX];
	int64_t not_after_ms;
	int64_t installed_at_ms;
};

/* How the edge comes to serve an install. */
struct installed_spread {
	int64_t live_at_ms; /* from then on the edge serves it; until then the older one, if any */
	bool wrong;	    /* the edge serves another's certificate */
};

struct installed *installed_new(struct pool *pool);
void installed_free(struct installed *installed);

/*
 * Puts BUNDLE (taken over, then {0}) in place of what is there; times are wall time. True when
 * nothing was there before.
 */
bool installed_put(struct installed *installed, enum mock_service service, const char *code,
	const char *fqdn, struct bundle *bundle, int64_t now_ms,
	const struct installed_spread *spread);

/* What the service says is installed; NULL when nothing is. LIVE (may be NULL): does the edge serve
 * it. */
const struct installed_version *installed_find(const struct installed *installed,
	enum mock_service service, const char *code, const char *fqdn, int64_t now_ms, bool *live);

/*
 * What the edge serves for the SNI name NAME: the install of that name, else of the wildcard that
 * covers it; NULL when there is none. WRONG: another's certificate is to be served instead.
 */
const struct installed_version *installed_served(struct installed *installed,
	enum mock_service service, const char *name, int64_t now_ms, bool *wrong);

/* The number of (service, code, host name) that hold something. */
size_t installed_count(const struct installed *installed);

#endif
