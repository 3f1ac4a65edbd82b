#ifndef SERVICE_REDACT_H
#define SERVICE_REDACT_H

#include <stddef.h>

/*
 * Copies LENGTH bytes of SOURCE, an answer from outside, to TARGET (SIZE bytes): sanitised, cut,
 * and with everything struck out that may be a secret echoed back: SECRET (may be NULL; also with
 * its slashes escaped as JSON does), PEM private keys, whole or cut, and base64 that is as long as
 * a line of one. A SHA-1 or SHA-256 in hexadecimal stays readable.
 */
__attribute__((nonnull(1, 3))) void redact(
	char *target, size_t size, const char *source, size_t length, const char *secret);

#endif
