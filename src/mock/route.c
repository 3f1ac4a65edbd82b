#include "mock/route.h"

#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct pattern {
	const char *method;
	enum route_operation operation;
	enum mock_service service;
	const char *path;
};

static const struct pattern patterns[] = {
	{"GET", ROUTE_FEED, MOCK_FEED, "/feed/v1/contracts"},
	{"POST", ROUTE_INSTALL, MOCK_WEBHG2, "/webhg2/{code}/certificates"},
	{"GET", ROUTE_SHOW, MOCK_WEBHG2, "/webhg2/{code}/certificates"},
	{"PUT", ROUTE_INSTALL, MOCK_DOCEX, "/docex/{code}/hosts/{fqdn}/certificate"},
	{"GET", ROUTE_SHOW, MOCK_DOCEX, "/docex/{code}/hosts/{fqdn}/certificate"},
	{"PUT", ROUTE_INSTALL, MOCK_CLOUD_HOSTING, "/cloud-hosting/{code}/{fqdn}"},
	{"GET", ROUTE_SHOW, MOCK_CLOUD_HOSTING, "/cloud-hosting/{code}/{fqdn}"},
	{"PUT", ROUTE_INSTALL, MOCK_GIO_CA, "/gio-ca/{code}/certificates/{fqdn}"},
	{"GET", ROUTE_SHOW, MOCK_GIO_CA, "/gio-ca/{code}/certificates/{fqdn}"},
	{"GET", ROUTE_STATUS, MOCK_GIO_CA, "/gio-ca/{code}/certificates/{fqdn}/status"},
	{"POST", ROUTE_INSTALL, MOCK_IDGW, "/idgw/{code}/certificate-requests"},
	{"GET", ROUTE_SHOW, MOCK_IDGW, "/idgw/{code}/certificate-requests"},
	{"GET", ROUTE_REQUEST, MOCK_IDGW, "/idgw/{code}/certificate-requests/{id}"},
	{"PUT", ROUTE_INSTALL, MOCK_WAF, "/waf/{code}/certificates/{fqdn}"},
	{"GET", ROUTE_SHOW, MOCK_WAF, "/waf/{code}/certificates/{fqdn}"},
	{"PUT", ROUTE_INSTALL, MOCK_WAF_GROUP, "/waf/{code}/groups/{group}/certificates/{fqdn}"},
	{"GET", ROUTE_SHOW, MOCK_WAF_GROUP, "/waf/{code}/groups/{group}/certificates/{fqdn}"},
};

static bool segment_decode(const char *text, size_t length, char target[ROUTE_SEGMENT_MAX])
{
	char raw[3 * ROUTE_SEGMENT_MAX], *decoded;
	size_t size = 0;
	bool fits;

	if (length == 0 || length >= sizeof(raw))
		return false;
	memcpy(raw, text, length);
	raw[length] = '\0';
	decoded = evhttp_uridecode(raw, 0, &size);
	if (decoded == NULL)
		return false;
	fits = size > 0 && size < ROUTE_SEGMENT_MAX && memchr(decoded, '/', size) == NULL &&
	       text_is_clean(decoded, size);
	if (fits)
		memcpy(target, decoded, size + 1);
	free(decoded);
	return fits;
}

static void lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

/* Fills ROUTE's texts when PATH has the form of PATTERN. */
static bool pattern_match(const char *pattern, const char *path, struct route *route)
{
	char group[ROUTE_SEGMENT_MAX] = "", code[ROUTE_SEGMENT_MAX] = "", *target;
	size_t name, length;

	route->fqdn[0] = route->id[0] = '\0';
	while (*pattern == '/' && *path == '/') {
		name = strcspn(++pattern, "/");
		length = strcspn(++path, "/");
		target = NULL;
		if (strncmp(pattern, "{code}", name) == 0)
			target = code;
		else if (strncmp(pattern, "{group}", name) == 0)
			target = group;
		else if (strncmp(pattern, "{fqdn}", name) == 0)
			target = route->fqdn;
		else if (strncmp(pattern, "{id}", name) == 0)
			target = route->id;
		if (target != NULL ? !segment_decode(path, length, target)
				   : name != length || memcmp(pattern, path, length) != 0)
			return false;
		pattern += name;
		path += length;
	}
	if (*pattern != '\0' || *path != '\0')
		return false;
	lower(route->fqdn);
	snprintf(route->code, sizeof(route->code), "%s%s%s", code, group[0] == '\0' ? "" : ":",
		group);
	return true;
}

void route_parse(const char *method, const char *path, struct route *route)
{
	size_t i;
	bool known = false;

	memset(route, 0, sizeof(*route));
	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (!pattern_match(patterns[i].path, path, route))
			continue;
		route->service = patterns[i].service;
		if (strcmp(patterns[i].method, method) == 0) {
			route->operation = patterns[i].operation;
			return;
		}
		known = true;
	}
	route->operation = known ? ROUTE_METHOD : ROUTE_NONE;
}
