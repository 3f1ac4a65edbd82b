#ifndef MOCK_OPTIONS_H
#define MOCK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "mock/service.h"

/* The command line; texts are borrowed from it, NULL where not given. */
struct options {
	const char *listen;
	const char *edges[MOCK_SERVICE_COUNT];
	const char *server_certificate;
	const char *server_key;
	const char *client_ca;
	const char *token_file;
	const char *ready_file;
	const char *ledger;
	const char *fault_script;
	bool async;
	int64_t gio_spread_ms;
	int64_t idgw_delay_ms;
	int64_t waf_rate;
	bool feed_client_certificate;
	bool tls10_only;
	bool help;
	bool version;
};

/* Permanent error that says what is wrong with the command line. */
bool must_check options_parse(int argc, char **argv, struct options *options, struct error *error);

/* For --help. */
extern const char options_usage[];

#endif
