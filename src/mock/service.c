#include "mock/service.h"

#include <stddef.h>
#include <string.h>

static const char *const names[MOCK_PEER_COUNT] = {
	[MOCK_WEBHG2] = "webhg2",
	[MOCK_DOCEX] = "docex",
	[MOCK_CLOUD_HOSTING] = "cloud-hosting",
	[MOCK_GIO_CA] = "gio-ca",
	[MOCK_IDGW] = "idgw",
	[MOCK_WAF] = "waf",
	[MOCK_WAF_GROUP] = "waf-group",
	[MOCK_FEED] = "feed",
};

const char *mock_service_name(enum mock_service service)
{
	return names[service];
}

bool mock_service_from_name(const char *name, enum mock_service *service)
{
	size_t i;

	for (i = 0; i < MOCK_SERVICE_COUNT; i++) {
		if (strcmp(names[i], name) == 0) {
			*service = (enum mock_service)i;
			return true;
		}
	}
	return false;
}
