#include "service/template.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const placeholder_names[PLACEHOLDER_COUNT] = {
	[PLACEHOLDER_CODE] = "{code}",
	[PLACEHOLDER_GROUP] = "{group}",
	[PLACEHOLDER_FQDN] = "{fqdn}",
	[PLACEHOLDER_LEAF] = "{leaf}",
	[PLACEHOLDER_CHAIN] = "{chain}",
	[PLACEHOLDER_KEY] = "{key}",
	[PLACEHOLDER_BUNDLE] = "{bundle}",
	[PLACEHOLDER_PKCS12] = "{pkcs12}",
	[PLACEHOLDER_PASSPHRASE] = "{passphrase}",
};

/* The placeholder that stands at TEXT; PLACEHOLDER_COUNT when none does. */
static enum placeholder placeholder_at(const char *text)
{
	unsigned int i;

	for (i = 0; i < PLACEHOLDER_COUNT; i++) {
		if (strncmp(text, placeholder_names[i], strlen(placeholder_names[i])) == 0)
			break;
	}
	return (enum placeholder)i;
}

bool template_check(const char *text, unsigned int allowed, char *why, size_t size)
{
	const char *at = text;
	size_t used;
	unsigned int i;

	for (at += strcspn(at, "{}"); *at != '\0'; at += strcspn(at, "{}")) {
		enum placeholder found = placeholder_at(at);

		if (found == PLACEHOLDER_COUNT || (allowed & PLACEHOLDER_BIT(found)) == 0)
			break;
		at += strlen(placeholder_names[found]);
	}
	if (*at == '\0')
		return true;
	used = (size_t)snprintf(why, size, "has no such placeholder at \"%.20s\"; write", at);
	for (i = 0; i < PLACEHOLDER_COUNT && used < size; i++) {
		if ((allowed & PLACEHOLDER_BIT(i)) != 0)
			used += (size_t)snprintf(
				why + used, size - used, " %s", placeholder_names[i]);
	}
	return false;
}

bool template_uses(const char *text, enum placeholder placeholder)
{
	return strstr(text, placeholder_names[placeholder]) != NULL;
}

void template_expand(
	const char *text, template_value *value, const void *context, struct buffer *out)
{
	const char *at = text;

	while (*at != '\0') {
		size_t plain = strcspn(at, "{");
		enum placeholder found;

		buffer_append(out, at, plain);
		at += plain;
		if (*at == '\0')
			return;
		found = placeholder_at(at);
		assert(found != PLACEHOLDER_COUNT);
		if (found == PLACEHOLDER_COUNT)
			return;
		value(context, found, out);
		at += strlen(placeholder_names[found]);
	}
}
