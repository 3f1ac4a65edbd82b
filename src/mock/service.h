#ifndef MOCK_SERVICE_H
#define MOCK_SERVICE_H

#include <stdbool.h>

/* The services of INTERFACES.md, "The mocked services". */
enum mock_service {
	MOCK_WEBHG2,
	MOCK_DOCEX,
	MOCK_CLOUD_HOSTING,
	MOCK_GIO_CA,
	MOCK_IDGW,
	MOCK_WAF,
	MOCK_WAF_GROUP,
	MOCK_FEED, /* no service, but a peer with requests and faults like one */
};

#define MOCK_SERVICE_COUNT 7
#define MOCK_PEER_COUNT 8

/* "webhg2", …; "feed" has a name, too. */
const char *mock_service_name(enum mock_service service);
/* Of the services alone. */
bool mock_service_from_name(const char *name, enum mock_service *service);

#endif
