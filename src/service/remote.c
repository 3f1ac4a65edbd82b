#include "service/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/alloc.h"

static char *part_of(CURLU *url, CURLUPart part)
{
	char *value = NULL;

	return curl_url_get(url, part, &value, CURLU_DEFAULT_PORT) == CURLUE_OK ? value : NULL;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *of_a = part_of(a, part), *of_b = part_of(b, part);
	bool same = of_a != NULL && of_b != NULL && strcasecmp(of_a, of_b) == 0;

	curl_free(of_a);
	curl_free(of_b);
	return same;
}

static bool has_part(CURLU *url, CURLUPart part)
{
	char *value = part_of(url, part);
	bool has = value != NULL;

	curl_free(value);
	return has;
}

/* A reference of printable ASCII, as a header may hold one. */
static bool is_plain(const char *reference)
{
	const char *at;

	for (at = reference; *at > ' ' && *at < 0x7f && *at != '\\'; at++)
		;
	return at != reference && *at == '\0';
}

/* Up to the first slash behind the host. */
static size_t origin_length(const char *endpoint)
{
	return 8 + strcspn(endpoint + 8, "/");
}

bool remote_is_relative(const char *reference)
{
	size_t scheme = strcspn(reference, ":/?#");

	return *reference != '/' && (reference[scheme] != ':' || scheme == 0);
}

bool remote_resolve(
	const char *endpoint, const char *base, const char *reference, char *target, size_t size)
{
	char *root = xasprintf("%.*s/", (int)origin_length(endpoint), endpoint);
	CURLU *url = curl_url(), *own = curl_url();
	char *path = NULL, *query = NULL;
	bool done = false;
	int length;

	if (url == NULL || own == NULL)
		abort();
	if (is_plain(reference) && curl_url_set(own, CURLUPART_URL, root, 0) == CURLUE_OK &&
		curl_url_set(url, CURLUPART_URL, base != NULL ? base : root, 0) == CURLUE_OK &&
		curl_url_set(url, CURLUPART_URL, reference, CURLU_DISALLOW_USER) == CURLUE_OK &&
		same_part(url, own, CURLUPART_SCHEME) && same_part(url, own, CURLUPART_HOST) &&
		same_part(url, own, CURLUPART_PORT) && !has_part(url, CURLUPART_USER) &&
		(path = part_of(url, CURLUPART_PATH)) != NULL) {
		query = part_of(url, CURLUPART_QUERY);
		length = snprintf(target, size, "%s%s%s", path, query != NULL ? "?" : "",
			query != NULL ? query : "");
		done = length > 0 && (size_t)length < size && path[0] == '/';
	}
	curl_free(path);
	curl_free(query);
	curl_url_cleanup(url);
	curl_url_cleanup(own);
	free(root);
	return done;
}

char *remote_join(const char *endpoint, const char *target)
{
	return xasprintf("%.*s%s", (int)origin_length(endpoint), endpoint, target);
}
