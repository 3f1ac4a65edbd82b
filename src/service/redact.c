#include "service/redact.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

/* What lies further back in an answer cannot come into the few hundred bytes that are kept. */
#define WINDOW ((size_t)64 * 1024)
/* Two thirds of a PEM line: no word, path or UUID is so long. */
#define BASE64_RUN 48
#define BEGIN_MARK "-----BEGIN "
#define END_MARK "-----END "
#define KEY_MARK "PRIVATE KEY-----"
#define LABEL_MAX 24 /* "ENCRYPTED ", "RSA " and their like */

static bool starts_with(const char *at, const char *end, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(end - at) >= length && memcmp(at, word, length) == 0;
}

/*
 * The end of the secret that stands at AT, NULL when it does not. One that the end of the text cuts
 * counts when CUT, after four characters.
 */
static const char *secret_end(const char *at, const char *end, const char *secret, bool cut)
{
	const char *from = at;
	size_t i;

	for (i = 0; secret[i] != '\0'; i++) {
		if (secret[i] == '/' && starts_with(at, end, "\\/"))
			at++;
		if (at == end)
			return cut && at - from >= 4 ? end : NULL;
		if (*at++ != secret[i])
			return NULL;
	}
	return at;
}

/* The end of a "-----BEGIN … PRIVATE KEY-----" mark at AT, or of its END; NULL when there is none.
 */
static const char *mark_end(const char *at, const char *end, const char *mark)
{
	size_t i;

	if (!starts_with(at, end, mark))
		return NULL;
	at += strlen(mark);
	for (i = 0; i <= LABEL_MAX && at < end; i++, at++) {
		if (starts_with(at, end, KEY_MARK))
			return at + strlen(KEY_MARK);
	}
	return NULL;
}

static const char *private_key_end(const char *at, const char *end)
{
	const char *inside = mark_end(at, end, BEGIN_MARK), *found;

	if (inside == NULL)
		return NULL;
	for (; inside < end; inside++) {
		if ((found = mark_end(inside, end, END_MARK)) != NULL)
			return found;
	}
	return end;
}

static bool is_base64(char character)
{
	return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
	       (character >= '0' && character <= '9') || strchr("+/=-_", character) != NULL;
}

static bool is_digest(const char *at, const char *end)
{
	if (end - at != 40 && end - at != 64)
		return false;
	for (; at < end; at++) {
		if (!(*at >= '0' && *at <= '9') && !(*at >= 'a' && *at <= 'f') &&
			!(*at >= 'A' && *at <= 'F'))
			return false;
	}
	return true;
}

/* One line of base64, slashes escaped or not. */
static const char *line_end(const char *at, const char *end)
{
	while (at < end) {
		if (starts_with(at, end, "\\/"))
			at += 2;
		else if (*at != '\0' && is_base64(*at))
			at++;
		else
			break;
	}
	return at;
}

/* Past line breaks, as they are or escaped. */
static const char *breaks_end(const char *at, const char *end)
{
	while (at < end) {
		if (*at == '\n' || *at == '\r')
			at++;
		else if (starts_with(at, end, "\\n") || starts_with(at, end, "\\r"))
			at += 2;
		else
			break;
	}
	return at;
}

/* The end of base64 at AT with a long line in front, and the lines that go on from it. */
static const char *base64_end(const char *at, const char *end)
{
	const char *to = line_end(at, end), *next;

	if (to - at < BASE64_RUN || is_digest(at, to))
		return NULL;
	while ((next = breaks_end(to, end)) != to && line_end(next, end) != next)
		to = line_end(next, end);
	return to;
}

void redact(char *target, size_t size, const char *source, size_t length, const char *secret)
{
	bool cut = length > WINDOW;
	const char *end = source + (cut ? WINDOW : length), *at = source, *checked = source, *past;
	struct buffer out = {0};

	while (at < end && out.length < 4 * size) {
		if (secret != NULL && *secret != '\0' &&
			(past = secret_end(at, end, secret, cut)) != NULL) {
			buffer_append_text(&out, "[token struck out]");
		} else if ((past = private_key_end(at, end)) != NULL) {
			buffer_append_text(&out, "[private key struck out]");
		} else if (at >= checked && (past = base64_end(at, end)) != NULL) {
			buffer_append_text(&out, "[base64 struck out]");
		} else {
			/* A run is judged from its first character, once. */
			if (at >= checked)
				checked = line_end(at, end);
			buffer_append(&out, at, 1);
			past = at + 1;
		}
		at = past;
	}
	text_sanitise(target, size, buffer_text(&out), out.length);
	buffer_free(&out);
}
