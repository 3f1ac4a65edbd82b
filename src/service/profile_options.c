#include "service/profile_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "base/text.h"
#include "service/profile.h"
#include "service/template.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

#define REQUEST_PLACEHOLDERS                                                                       \
	(PLACEHOLDER_BIT(PLACEHOLDER_CODE) | PLACEHOLDER_BIT(PLACEHOLDER_GROUP) |                  \
		PLACEHOLDER_BIT(PLACEHOLDER_FQDN))
#define CONTENT_PLACEHOLDERS (PLACEHOLDER_BIT(PLACEHOLDER_COUNT) - 1)

static const char *const methods[] = {"PUT", "POST", NULL};
static const char *const versions[] = {"1.1", "2", NULL};
static const char *const bring_in_rules[] = {[BRING_IN_NO] = "no",
	[BRING_IN_OPTIONAL] = "optional",
	[BRING_IN_REQUIRED] = "required",
	NULL};
static const char *const body_forms[] = {[BODY_MULTIPART] = "multipart",
	[BODY_PKCS12_JSON] = "pkcs12-json",
	[BODY_PEM_BUNDLE] = "pem-bundle",
	[BODY_JSON] = "json",
	NULL};

static bool url_has(CURLU *url, CURLUPart part)
{
	char *value = NULL;
	bool has = curl_url_get(url, part, &value, 0) == CURLUE_OK;

	curl_free(value);
	return has;
}

/* An https URL without what has no place in an endpoint; libcurl knows what a URL is. */
static bool is_endpoint(const char *text, bool with_port)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._~:/[]%";
	CURLU *url = curl_url();
	bool is;

	if (url == NULL)
		abort();
	is = strncmp(text, "https://", 8) == 0 && text[strspn(text, allowed)] == '\0' &&
	     text[8] != '/' && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
	     (!with_port || url_has(url, CURLUPART_PORT));
	curl_url_cleanup(url);
	return is;
}

static bool check_endpoint(const char *value, char why[OPTION_WHY_MAX])
{
	if (is_endpoint(value, false))
		return true;
	snprintf(why, OPTION_WHY_MAX,
		"is no https URL of a host, with or without port and base path; write "
		"https://host:port");
	return false;
}

static bool check_edge(const char *value, char why[OPTION_WHY_MAX])
{
	char *url = xasprintf("https://%s", value);
	bool is = strchr(value, '/') == NULL && is_endpoint(url, true);

	free(url);
	if (!is)
		snprintf(why, OPTION_WHY_MAX,
			"is no address of a TLS server; write host:port or [v6]:port");
	return is;
}

static bool check_path(const char *value, char why[OPTION_WHY_MAX])
{
	const char *at;

	for (at = value; *at > ' ' && *at < 0x7f && strchr("#\\\"<>^`|", *at) == NULL; at++)
		;
	if (*value != '/' || *at != '\0') {
		snprintf(why, OPTION_WHY_MAX,
			"is no path of a URL; begin with / and percent-encode what is special");
		return false;
	}
	return template_check(value, REQUEST_PLACEHOLDERS, why, OPTION_WHY_MAX);
}

static bool check_content(const char *value, char why[OPTION_WHY_MAX])
{
	return template_check(value, CONTENT_PLACEHOLDERS, why, OPTION_WHY_MAX);
}

/* They stand in a multipart part's own header lines. */
static bool check_quotable(const char *value, char why[OPTION_WHY_MAX])
{
	if (strpbrk(value, "\"\\") == NULL)
		return true;
	snprintf(why, OPTION_WHY_MAX, "holds a quote or backslash; write it without");
	return false;
}

static bool check_header(const char *value, char why[OPTION_WHY_MAX])
{
	static const char *const reserved[] = {"Authorization", "Idempotency-Key", "Content-Length",
		"Content-Type", "Transfer-Encoding", "Host", "Connection", "Expect"};
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t length = strspn(value, token), i;

	if (length == 0 || value[length] != ':') {
		snprintf(why, OPTION_WHY_MAX, "is no header; write \"Name: value\"");
		return false;
	}
	for (i = 0; i < ARRAY_LENGTH(reserved); i++) {
		if (strlen(reserved[i]) == length && strncasecmp(value, reserved[i], length) == 0) {
			snprintf(why, OPTION_WHY_MAX,
				"sets %s, which certinstalld sets itself; take it out",
				reserved[i]);
			return false;
		}
	}
	return true;
}

static bool check_status(const char *value, char why[OPTION_WHY_MAX])
{
	int64_t status;

	if (text_to_int64(value, 200, 299, &status))
		return true;
	snprintf(why, OPTION_WHY_MAX, "is no status of success; write 200 to 299");
	return false;
}

static void store_success(void *target, const char *value)
{
	struct profile *profile = target;
	int64_t status;

	if (value == NULL) {
		profile->success_count = 0;
	} else if (text_to_int64(value, 200, 299, &status)) {
		/* One more than fits is seen by the reader. */
		if (profile->success_count < PROFILE_STATUSES_MAX)
			profile->success[profile->success_count] = (int)status;
		profile->success_count++;
	}
}

static void store_header(void *target, const char *value)
{
	struct profile *profile = target;
	struct http_header *header;
	size_t length;

	if (value == NULL)
		return;
	profile->headers = xreallocarray(
		profile->headers, profile->header_count + 1, sizeof(*profile->headers));
	header = &profile->headers[profile->header_count++];
	length = strcspn(value, ":");
	header->name = xstrndup(value, length);
	value += length + 1;
	header->value = xstrdup(value + strspn(value, " "));
}

static void store_version(void *target, const char *value)
{
	struct profile *profile = target;

	profile->http1_only = strcmp(value, "1.1") == 0;
}

#define AT(member) .offset = offsetof(struct profile, member)

const struct option profile_options[PROFILE_OPTION_COUNT] = {
	{"endpoint", OPTION_TEXT, AT(endpoint), .check = check_endpoint, .minimum = 1,
		.about = "Where the service is spoken to, https://host:port, with a base path if "
			 "need be. Without one its installs wait."},
	{"edge", OPTION_TEXT, AT(edge), .check = check_edge, .minimum = 1,
		.about = "host:port where the installed certificate is served and looked at after "
			 "an install. Without one that step is left out."},
	{"token", OPTION_SECRET, AT(token_file),
		.about = "A file with the bearer token; read at each use, so that it can be "
			 "changed in place."},
	{"ca", OPTION_SECRET, AT(ca_file),
		.about = "PEM file of the roots that the endpoint is verified against; the "
			 "system's without it."},
	{"client-certificate", OPTION_SECRET, AT(client_certificate),
		.about = "PEM file of the client certificate, where the service wants one."},
	{"client-key", OPTION_SECRET, AT(client_key),
		.about = "PEM file of its key; in the certificate's file without it."},
	{"concurrency", OPTION_NUMBER, AT(concurrency), "8", 1, 256,
		.about = "Installs on the service at one time."},
	{"connect-timeout", OPTION_DURATION, AT(connect_timeout_ms), "10s", SECOND, 5 * MINUTE,
		.about = "For the connection and its TLS handshake."},
	{"total-timeout", OPTION_DURATION, AT(total_timeout_ms), "60s", SECOND, HOUR,
		.about = "For one request from start to answer."},
	{"stall-timeout", OPTION_DURATION, AT(stall_timeout_ms), "20s", SECOND, HOUR,
		.about = "Without a byte either way."},
	{"answer-max", OPTION_SIZE, AT(answer_max), "64k", 1024, INT64_C(16) << 20,
		.about = "A longer answer is cut off."},
	{"http", OPTION_TEXT, .choices = versions, .store = store_version, .fallback = "2",
		.about = "1.1 alone, or 2 where the server has it."},
	{"verify-grace", OPTION_DURATION, AT(verify_grace_ms), "10m", 0, 24 * HOUR,
		.about = "How long the edge may still serve the old certificate before the "
			 "install counts as a temporary failure."},
	{"verify-interval", OPTION_DURATION, AT(verify_interval_ms), "5s", 100, HOUR,
		.about = "Between two looks at the edge."},
	{"verify-timeout", OPTION_DURATION, AT(verify_timeout_ms), "10s", 100, 5 * MINUTE,
		.about = "For one look at the edge."},

	{"name", OPTION_TEXT, AT(rules.name), .minimum = 1,
		.about = "The service as customers know it."},
	{"business-days", OPTION_NUMBER, AT(rules.business_days), NULL, 0, 60,
		.about = "Business days from the base day to the due day (rule 11)."},
	{"opening", OPTION_MINUTE, AT(rules.opening_minute),
		.about = "When work on it begins on the due day (rule 13)."},
	{"rsa2048-only", OPTION_FLAG, AT(rules.rsa2048_only),
		.about = "It takes RSA 2048 alone (rule 7)."},
	{"bring-in", OPTION_CHOICE, AT(rules.bring_in), .choices = bring_in_rules,
		.about = "Whether it takes certificates of bring-in items (rule 5)."},
	{"takes-digicert-cloud", OPTION_FLAG, AT(rules.takes_digicert_cloud),
		.about = "Whether it takes DigiCert's cloud certificates (rule 1)."},
	{"method", OPTION_TEXT, AT(install_method), "PUT", .choices = methods,
		.about = "Of the install request."},
	{"path", OPTION_TEXT, AT(install_path), .check = check_path, .minimum = 1,
		.about = "Behind the endpoint; {code}, {group} and {fqdn} are percent-encoded. "
			 "Without a path the file gives rules alone."},
	{"body", OPTION_CHOICE, AT(body_form), "json", .choices = body_forms,
		.about = "The form of the request's body; what is in it, the part sections say."},
	{"headers", OPTION_TEXT, .list = true, .confidential = true, .check = check_header,
		.store = store_header, .about = "More headers, each \"Name: value\"."},
	{"success", OPTION_TEXT, .list = true, .check = check_status, .store = store_success,
		.fallback = "200", .about = "The statuses that mean done."},
};

#undef AT
#define AT(member) .offset = offsetof(struct profile_part, member)

const struct option profile_part_options[PROFILE_PART_OPTION_COUNT] = {
	{"content", OPTION_TEXT, AT(content), .check = check_content, .minimum = 1,
		.about = "What it holds: {leaf}, {chain}, {key}, {bundle} (key, leaf, chain), "
			 "{fqdn}, {code}, {group}, {pkcs12} (base64), {passphrase}."},
	{"filename", OPTION_TEXT, AT(filename), .check = check_quotable, .minimum = 1,
		.about = "Makes a multipart part a file."},
	{"type", OPTION_TEXT, AT(content_type), .check = check_quotable, .minimum = 1,
		.about = "A multipart part's own content type."},
};
