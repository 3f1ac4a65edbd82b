#include "service/profile_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "base/text.h"
#include "service/profile.h"
#include "service/profile_values.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static const char *const versions[] = {"1.1", "2", NULL};
static const char *const bring_in_rules[] = {[BRING_IN_NO] = "no",
	[BRING_IN_OPTIONAL] = "optional",
	[BRING_IN_REQUIRED] = "required",
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

bool profile_check_endpoint(const char *value, char why[OPTION_WHY_MAX])
{
	if (is_endpoint(value, false))
		return true;
	snprintf(why, OPTION_WHY_MAX,
		"is no https URL of a host, with or without port and base path; write "
		"https://host:port");
	return false;
}

/* "{fqdn}" stands for a host name, by which it is looked up. */
static bool check_edge(const char *value, char why[OPTION_WHY_MAX])
{
	static const char name[] = "{fqdn}";
	bool by_name = strncmp(value, name, strlen(name)) == 0;
	char *url = xasprintf(
		"https://%s%s", by_name ? "fqdn" : "", by_name ? value + strlen(name) : value);
	bool is = strchr(value, '/') == NULL && is_endpoint(url, true);

	free(url);
	if (!is)
		snprintf(why, OPTION_WHY_MAX,
			"is no address of a TLS server; write host:port, [v6]:port or "
			"{fqdn}:port");
	return is;
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

static void store_success(void *target, const char *value)
{
	struct profile *profile = target;

	profile_add_status(profile->request.success, &profile->request.success_count, value);
}

static void store_accepted(void *target, const char *value)
{
	struct profile *profile = target;

	profile_add_status(profile->request.accepted, &profile->request.accepted_count, value);
}

static void store_edges(void *target, const char *value)
{
	struct profile *profile = target;

	profile_add_text(&profile->edges, &profile->edge_count, value);
}

static void store_edge(void *target, const char *value)
{
	store_edges(target, NULL);
	store_edges(target, value);
}

static void store_read_back_edge(void *target, const char *value)
{
	struct profile *profile = target;

	profile->read_back.kind =
		strcmp(value, "true") == 0 || strcmp(value, "yes") == 0 || strcmp(value, "on") == 0
			? READ_BACK_EDGE
			: READ_BACK_NONE;
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
	{"endpoint", OPTION_TEXT, AT(endpoint), .check = profile_check_endpoint, .minimum = 1,
		.about = "Where the service is spoken to, https://host:port, with a base path if "
			 "need be. Without one its installs wait."},
	{"edge", OPTION_TEXT, .check = check_edge, .store = store_edge, .minimum = 1,
		.about = "host:port where the installed certificate is served and looked at after "
			 "an install; {fqdn}:port for the FQDN's own DNS. Without one that step is "
			 "left out."},
	{"edges", OPTION_TEXT, .list = true, .check = check_edge, .store = store_edges,
		.minimum = 1, .about = "The same where there are several, up to 16."},
	{"edges-needed", OPTION_NUMBER, AT(edges_needed), "0", 0, PROFILE_EDGES_MAX,
		.about = "So many of them must serve it; 0: all."},
	{"verify-chain", OPTION_FLAG, AT(verify_chain), "true",
		.about = "The served chain is compared, not only the certificate."},
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
	{"requests-per-second", OPTION_RATE, AT(rate_milli), "0", 0, INT64_C(1000000),
		.about = "No more requests than this are started; 0: no limit."},
	{"circuit-probe", OPTION_DURATION, AT(circuit_probe_ms), "30s", SECOND, HOUR,
		.about = "After failures of all that was tried, one request is sent after this "
			 "wait, to see whether the service is back."},
	{"circuit-probe-ceiling", OPTION_DURATION, AT(circuit_probe_ceiling_ms), "10m", SECOND,
		24 * HOUR, .about = "The wait between such requests grows up to this."},
	{"install-from", OPTION_MINUTE, AT(install_from_minute),
		.about = "Time of day (Asia/Tokyo) from which installs are made, with "
			 "install-until. Without them, at any time."},
	{"install-until", OPTION_MINUTE, AT(install_until_minute),
		.about = "Time of day at which no more are begun. One before install-from is the "
			 "next day's."},
	{"install-on-business-days", OPTION_FLAG, AT(install_business_days_only), "false",
		.about = "No installs on days that are no business days."},
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
	{"method", OPTION_TEXT, AT(request.method), "PUT", .choices = profile_methods,
		.about = "Of the install request."},
	{"path", OPTION_TEXT, AT(request.path), .check = profile_check_path, .minimum = 1,
		.about = "Behind the endpoint; {code}, {group}, {fqdn} and {fingerprint} are "
			 "percent-encoded. Without a path, here or in a step, the file gives rules "
			 "alone."},
	{"body", OPTION_CHOICE, AT(request.body_form), "json", .choices = profile_body_forms,
		.about = "The form of the request's body; what is in it, the part sections or the "
			 "template say."},
	{"template", OPTION_TEXT, AT(request.template_text), .check = profile_check_template,
		.minimum = 1, .confidential = true, .multiline = true,
		.about = "The whole body of body = \"template\", with the placeholders of a "
			 "part's content. A brace that begins none stands for itself."},
	{"template-type", OPTION_TEXT, AT(request.template_type), "application/json",
		.check = profile_check_type, .minimum = 1,
		.about = "Its content type. Of JSON, the template must be JSON, with placeholders "
			 "inside strings alone."},
	{"escape", OPTION_CHOICE, AT(request.escape), "by-type", .choices = profile_escapes,
		.about = "How placeholders are written into the template; by-type: json for JSON, "
			 "url for application/x-www-form-urlencoded, else none."},
	{"headers", OPTION_TEXT, .list = true, .confidential = true, .check = check_header,
		.store = store_header, .about = "More headers, each \"Name: value\"."},
	{"success", OPTION_TEXT, .list = true, .check = profile_check_success,
		.store = store_success, .fallback = "200", .about = "The statuses that mean done."},
	{"accepted", OPTION_TEXT, .list = true, .check = profile_check_success,
		.store = store_accepted,
		.about =
			"The statuses that mean taken but not done; the follow section says how it "
			"goes on."},
	{"read-back-edge", OPTION_FLAG, .store = store_read_back_edge,
		.about = "What the edge serves is what is installed; in the place of a read-back "
			 "section."},
	{"read-back-before-push", OPTION_FLAG, AT(read_back.before_push),
		.about = "Before an install the service is asked what it has; the certificate "
			 "itself is a success without a push. Default: true where there is a "
			 "read-back."},
};
