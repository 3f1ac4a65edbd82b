#include <string.h>

#include <json-c/json_object.h>

#include "base/text.h"
#include "service/judge_private.h"
#include "service/profile_private.h"

/* More certificates than a server sends. */
#define CHAIN_MAX 16

#define DIGEST_SIZE ((size_t)32)

static bool is_space(char character)
{
	return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

/* Hexadecimal of either case, with colons or without. */
static bool read_digest(const char *text, size_t length, unsigned char digest[DIGEST_SIZE])
{
	char plain[2 * DIGEST_SIZE + 1];
	size_t used = 0, i;

	for (i = 0; i < length; i++) {
		char character = text[i];

		if (character == ':' || is_space(character))
			continue;
		if (used == 2 * DIGEST_SIZE)
			return false;
		plain[used++] = (char)(character >= 'A' && character <= 'F' ? character - 'A' + 'a'
									    : character);
	}
	plain[used] = '\0';
	return text_unhex(plain, digest, DIGEST_SIZE);
}

static enum read_back_finding compare_digest(
	const char *text, size_t length, const unsigned char fingerprint[DIGEST_SIZE])
{
	unsigned char digest[DIGEST_SIZE];

	if (!read_digest(text, length, digest))
		return READ_BACK_UNKNOWN;
	return memcmp(digest, fingerprint, DIGEST_SIZE) == 0 ? READ_BACK_SAME : READ_BACK_OTHER;
}

static enum read_back_finding compare_pem(const char *text, size_t length,
	const unsigned char fingerprint[DIGEST_SIZE], const struct material *material)
{
	unsigned char found[CHAIN_MAX][DIGEST_SIZE], wanted[CHAIN_MAX][DIGEST_SIZE];
	struct buffer copy = {0};
	size_t count, wanted_count = 0;

	buffer_append(&copy, text, length);
	count = pki_pem_fingerprints(buffer_text(&copy), found, CHAIN_MAX);
	buffer_free(&copy);
	if (count == 0)
		return READ_BACK_UNKNOWN;
	if (memcmp(found[0], fingerprint, DIGEST_SIZE) != 0)
		return READ_BACK_OTHER;
	if (material == NULL)
		return READ_BACK_SAME;
	wanted_count = pki_pem_fingerprints(buffer_text(&material->chain_pem), wanted, CHAIN_MAX);
	return count == wanted_count + 1 &&
			       memcmp(found[1], wanted[0], wanted_count * DIGEST_SIZE) == 0
		       ? READ_BACK_SAME
		       : READ_BACK_OTHER;
}

static enum read_back_finding compare(const struct profile *profile, const char *text,
	size_t length, const unsigned char fingerprint[DIGEST_SIZE],
	const struct material *material)
{
	size_t i;

	for (i = 0; i < length && is_space(text[i]); i++)
		;
	/* A service that answers with nothing says that it has none. */
	if (i == length)
		return READ_BACK_ABSENT;
	switch (profile->read_back.as) {
	case READ_BACK_AS_SHA256:
		return compare_digest(text, length, fingerprint);
	case READ_BACK_AS_PEM:
		return compare_pem(text, length, fingerprint, NULL);
	case READ_BACK_AS_PEM_CHAIN:
		return compare_pem(text, length, fingerprint, material);
	}
	return READ_BACK_UNKNOWN;
}

enum read_back_finding service_judge_read_back(const struct profile *profile,
	const struct http_answer *answer, const unsigned char fingerprint[32],
	const struct material *material)
{
	const struct profile_read_back *read_back = &profile->read_back;
	enum read_back_finding finding = READ_BACK_UNKNOWN;
	struct json_object *object;
	const char *text;
	size_t length = 0;

	if (!judge_has_answer(answer))
		return READ_BACK_UNKNOWN;
	if (profile_has_status(read_back->absent, read_back->absent_count, answer->status))
		return READ_BACK_ABSENT;
	/* One that was cut off could be taken for a shorter chain. */
	if (answer->failure != HTTP_OK || answer->status < 200 || answer->status >= 300)
		return READ_BACK_UNKNOWN;
	if (read_back->member == NULL)
		return compare(profile, buffer_text(&answer->body), answer->body.length,
			fingerprint, material);
	object = judge_json(answer);
	text = judge_member(object, read_back->member, &length);
	if (text != NULL)
		finding = compare(profile, text, length, fingerprint, material);
	json_object_put(object);
	return finding;
}

static bool read_leaf(const struct profile *profile, const char *text, size_t length,
	unsigned char fingerprint[DIGEST_SIZE], int64_t *not_before_ms)
{
	struct buffer copy = {0};
	size_t count;

	if (profile->read_back.as == READ_BACK_AS_SHA256)
		return read_digest(text, length, fingerprint);
	buffer_append(&copy, text, length);
	count = pki_pem_fingerprints(
		buffer_text(&copy), (unsigned char(*)[DIGEST_SIZE])fingerprint, 1);
	if (count > 0)
		*not_before_ms = pki_pem_not_before_ms(buffer_text(&copy));
	buffer_free(&copy);
	return count > 0;
}

bool service_read_back_leaf(const struct profile *profile, const struct http_answer *answer,
	unsigned char fingerprint[32], int64_t *not_before_ms)
{
	const char *member = profile->read_back.member, *text;
	struct json_object *object;
	size_t length = 0;
	bool told;

	*not_before_ms = 0;
	if (member == NULL)
		return read_leaf(profile, buffer_text(&answer->body), answer->body.length,
			fingerprint, not_before_ms);
	object = judge_json(answer);
	text = judge_member(object, member, &length);
	told = text != NULL && read_leaf(profile, text, length, fingerprint, not_before_ms);
	json_object_put(object);
	return told;
}
