#include "service/profile_values.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "service/profile.h"
#include "service/template.h"

#define PATH_PLACEHOLDERS                                                                          \
	(PLACEHOLDER_BIT(PLACEHOLDER_CODE) | PLACEHOLDER_BIT(PLACEHOLDER_GROUP) |                  \
		PLACEHOLDER_BIT(PLACEHOLDER_FQDN) | PLACEHOLDER_BIT(PLACEHOLDER_FINGERPRINT))
#define CONTENT_PLACEHOLDERS (PLACEHOLDER_BIT(PLACEHOLDER_COUNT) - 1)

const char *const profile_methods[] = {"PUT", "POST", "PATCH", "DELETE", NULL};
const char *const profile_body_forms[] = {[BODY_MULTIPART] = "multipart",
	[BODY_PKCS12_JSON] = "pkcs12-json",
	[BODY_PEM_BUNDLE] = "pem-bundle",
	[BODY_JSON] = "json",
	[BODY_TEMPLATE] = "template",
	[BODY_NONE] = "none",
	NULL};
const char *const profile_escapes[] = {[ESCAPE_BY_TYPE] = "by-type",
	[ESCAPE_NONE] = "none",
	[ESCAPE_URL] = "url",
	[ESCAPE_JSON] = "json",
	NULL};

static bool refuse(char why[OPTION_WHY_MAX], const char *text)
{
	snprintf(why, OPTION_WHY_MAX, "%s", text);
	return false;
}

bool profile_check_path(const char *value, char why[OPTION_WHY_MAX])
{
	const char *at;

	for (at = value; *at > ' ' && *at < 0x7f && strchr("#\\\"<>^`|", *at) == NULL; at++)
		;
	if (*value != '/' || *at != '\0')
		return refuse(why, "is no path of a URL; begin with / and percent-encode what is "
				   "special");
	return template_check(value, PATH_PLACEHOLDERS, why, OPTION_WHY_MAX);
}

bool profile_check_content(const char *value, char why[OPTION_WHY_MAX])
{
	return template_check(value, CONTENT_PLACEHOLDERS, why, OPTION_WHY_MAX);
}

bool profile_check_template(const char *value, char why[OPTION_WHY_MAX])
{
	return template_check_loose(value, CONTENT_PLACEHOLDERS, why, OPTION_WHY_MAX);
}

bool profile_check_type(const char *value, char why[OPTION_WHY_MAX])
{
	const char *at;

	for (at = value; *at >= ' ' && *at < 0x7f; at++)
		;
	if (*at == '\0' && *value != '/' && strchr(value, '/') != NULL)
		return true;
	return refuse(why, "is no media type; write application/json or text/plain, say");
}

/* They stand in a multipart part's own header lines. */
bool profile_check_quotable(const char *value, char why[OPTION_WHY_MAX])
{
	return strpbrk(value, "\"\\") == NULL ||
	       refuse(why, "holds a quote or backslash; write it without");
}

bool profile_check_pointer(const char *value, char why[OPTION_WHY_MAX])
{
	return *value == '\0' || *value == '/' ||
	       refuse(why, "is no JSON pointer; write /error/message, say, or \"\" for the whole "
			   "value");
}

bool profile_check_regex(const char *value, char why[OPTION_WHY_MAX])
{
	const char *at;
	regex_t regex;
	size_t used;
	int code;

	if (strlen(value) > PROFILE_REGEX_MAX)
		return refuse(why, "is longer than 512 bytes; write a shorter expression");
	/* Matching them takes time that grows without bound with what a service sends. */
	for (at = value; (at = strchr(at, '\\')) != NULL && at[1] != '\0'; at += 2) {
		if (at[1] >= '1' && at[1] <= '9')
			return refuse(why, "refers back to a group; write it without");
	}
	code = regcomp(&regex, value, REG_EXTENDED | REG_NOSUB);
	if (code == 0) {
		regfree(&regex);
		return true;
	}
	used = (size_t)snprintf(why, OPTION_WHY_MAX, "is no regular expression (POSIX extended): ");
	regerror(code, NULL, why + used, OPTION_WHY_MAX - used);
	return false;
}

bool profile_check_success(const char *value, char why[OPTION_WHY_MAX])
{
	int64_t status;

	return text_to_int64(value, 200, 299, &status) ||
	       refuse(why, "is no status of success; write 200 to 299");
}

bool profile_check_status(const char *value, char why[OPTION_WHY_MAX])
{
	int64_t status;

	return text_to_int64(value, 200, 599, &status) ||
	       refuse(why, "is no status of an answer; write 200 to 599");
}

void profile_add_status(int *statuses, size_t *count, const char *value)
{
	int64_t status;

	if (value == NULL) {
		*count = 0;
	} else if (text_to_int64(value, 200, 599, &status)) {
		if (*count < PROFILE_STATUSES_MAX)
			statuses[*count] = (int)status;
		(*count)++;
	}
}

void profile_add_text(char ***texts, size_t *count, const char *value)
{
	size_t i;

	if (value == NULL) {
		for (i = 0; i < *count; i++)
			free((*texts)[i]);
		free(*texts);
		*texts = NULL;
		*count = 0;
		return;
	}
	*texts = xreallocarray(*texts, *count + 1, sizeof(**texts));
	(*texts)[(*count)++] = xstrdup(value);
}
