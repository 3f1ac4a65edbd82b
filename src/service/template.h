#ifndef SERVICE_TEMPLATE_H
#define SERVICE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Texts with placeholders in braces, as the profiles' paths, parts and templates have them. */
enum placeholder {
	PLACEHOLDER_CODE,
	PLACEHOLDER_GROUP,
	PLACEHOLDER_FQDN,
	PLACEHOLDER_FINGERPRINT, /* SHA-256 of the leaf, in lower-case hexadecimal */
	PLACEHOLDER_LEAF,
	PLACEHOLDER_CHAIN,
	PLACEHOLDER_FULL_CHAIN, /* leaf, chain */
	PLACEHOLDER_KEY,
	PLACEHOLDER_BUNDLE, /* key, leaf, chain */
	PLACEHOLDER_PKCS12, /* base64 */
	PLACEHOLDER_PASSPHRASE,
	PLACEHOLDER_COUNT
};

#define PLACEHOLDER_BIT(placeholder) (1u << (placeholder))

/*
 * True when every brace of TEXT belongs to a placeholder of the set ALLOWED; else WHY says what to
 * write.
 */
bool template_check(const char *text, unsigned int allowed, char *why, size_t size);
/*
 * The same for a text in which braces have a meaning of their own: one that does not look like a
 * placeholder, `{word}`, stands for itself.
 */
bool template_check_loose(const char *text, unsigned int allowed, char *why, size_t size);
bool template_uses(const char *text, enum placeholder placeholder);

typedef void template_value(const void *context, enum placeholder placeholder, struct buffer *out);
/* Appends TEXT, which was checked, to OUT, each placeholder by VALUE. */
void template_expand(
	const char *text, template_value *value, const void *context, struct buffer *out);

#endif
