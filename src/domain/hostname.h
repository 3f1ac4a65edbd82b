#ifndef DOMAIN_HOSTNAME_H
#define DOMAIN_HOSTNAME_H

#include <stdbool.h>

#define HOSTNAME_MAX 256

/*
 * Normal form of a host name (DOMAIN.md rule 3): A-labels, lower case, no trailing dot. U-labels go
 * through libidn2 (non-transitional, UTS 46 mapping). A first label "*" stays as it is. Returns
 * false when NAME is no host name: empty, too long, an empty label, a character that none may have,
 * a "*" elsewhere, an address.
 */
bool hostname_normalise(const char *name, char normal[HOSTNAME_MAX]);

/* True when A and B are the same host name; false when either is none. */
bool hostname_equal(const char *a, const char *b);

/*
 * True when PATTERN is "*.rest" and NAME is exactly one label before that rest (rule 4): not the
 * rest itself, nothing deeper, and not a name that itself starts with "*".
 */
bool hostname_matches_wildcard(const char *pattern, const char *name);

/* True when NAME's normal form starts with "*.". */
bool hostname_is_wildcard(const char *name);

#endif
