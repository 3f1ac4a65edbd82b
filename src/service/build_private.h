#ifndef SERVICE_BUILD_PRIVATE_H
#define SERVICE_BUILD_PRIVATE_H

#include "domain/hostname.h"
#include "service/profile.h"
#include "service/template.h"

/* What the placeholders stand for in one install. */
struct values {
	const struct install *install;
	char *code;
	const char *group; /* NULL: the code has none */
	char fqdn[HOSTNAME_MAX];
	char fingerprint[65]; /* "" when nothing wants it */
};

/* As it is; as it stands in a URL (RFC 3986: all but the unreserved characters is encoded). */
template_value values_plain;
template_value values_encoded;

/* The body of STEP's request, and its Content-Type. */
void build_body(
	const struct profile_step *step, const struct values *values, struct http_request *request);

#endif
