#ifndef SERVICE_REMOTE_H
#define SERVICE_REMOTE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where a service's Location leads. Resolves REFERENCE against the URL BASE (NULL: ENDPOINT's
 * root) and puts path and query into TARGET, of SIZE bytes. False when it leads to another origin
 * (scheme, host, port) than ENDPOINT's, names a user, is no URL at all or does not fit.
 */
bool remote_resolve(
	const char *endpoint, const char *base, const char *reference, char *target, size_t size);

/* The URL of TARGET, a path with its query, at ENDPOINT's origin; freed by the caller. */
char *remote_join(const char *endpoint, const char *target);

/* True when what REFERENCE means depends on the path of the request it answers. */
bool remote_is_relative(const char *reference);

#endif
