#include "service/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "service/options.h"

static const char *const placeholder_names[PLACEHOLDER_COUNT] = {
	[PLACEHOLDER_CODE] = "{code}",
	[PLACEHOLDER_GROUP] = "{group}",
	[PLACEHOLDER_FQDN] = "{fqdn}",
	[PLACEHOLDER_FINGERPRINT] = "{fingerprint}",
	[PLACEHOLDER_LEAF] = "{leaf}",
	[PLACEHOLDER_CHAIN] = "{chain}",
	[PLACEHOLDER_FULL_CHAIN] = "{leaf+chain}",
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

static void say_allowed(const char *at, unsigned int allowed, char *why, size_t size)
{
	size_t used =
		(size_t)snprintf(why, size, "has no such placeholder at \"%.20s\"; write", at);
	unsigned int i;

	for (i = 0; i < PLACEHOLDER_COUNT && used < size; i++) {
		if ((allowed & PLACEHOLDER_BIT(i)) != 0)
			used += (size_t)snprintf(
				why + used, size - used, " %s", placeholder_names[i]);
	}
}

static bool is_allowed(enum placeholder placeholder, unsigned int allowed)
{
	return placeholder != PLACEHOLDER_COUNT && (allowed & PLACEHOLDER_BIT(placeholder)) != 0;
}

bool template_check(const char *text, unsigned int allowed, char *why, size_t size)
{
	const char *at = text;

	for (at += strcspn(at, "{}"); *at != '\0'; at += strcspn(at, "{}")) {
		enum placeholder found = placeholder_at(at);

		if (!is_allowed(found, allowed)) {
			say_allowed(at, allowed, why, size);
			return false;
		}
		at += strlen(placeholder_names[found]);
	}
	return true;
}

/* The length of a `{word}` at TEXT, 0 when there is none. */
static size_t word_length(const char *text)
{
	size_t length = 1 + strspn(text + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					     "0123456789+-_");

	return length > 1 && text[length] == '}' ? length + 1 : 0;
}

bool template_check_loose(const char *text, unsigned int allowed, char *why, size_t size)
{
	const char *at;

	for (at = strchr(text, '{'); at != NULL; at = strchr(at + 1, '{')) {
		size_t length = word_length(at), best = 4;
		const char *nearest = NULL;
		unsigned int i;

		if (length == 0 || is_allowed(placeholder_at(at), allowed))
			continue;
		for (i = 0; i < PLACEHOLDER_COUNT; i++) {
			char *word = xstrndup(at, length);
			size_t distance = option_distance(word, placeholder_names[i]);

			free(word);
			if (is_allowed((enum placeholder)i, allowed) && distance < best) {
				best = distance;
				nearest = placeholder_names[i];
			}
		}
		if (nearest != NULL)
			snprintf(why, size, "has no such placeholder as %.*s; did you mean %s?",
				(int)(length < 40 ? length : 40), at, nearest);
		else
			say_allowed(at, allowed, why, size);
		return false;
	}
	return true;
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
		if (found == PLACEHOLDER_COUNT) {
			buffer_append_char(out, *at++);
		} else {
			value(context, found, out);
			at += strlen(placeholder_names[found]);
		}
	}
}
