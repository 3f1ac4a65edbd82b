#include "mock/options.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

const char options_usage[] =
	"Usage: certinstall-mock --server-cert FILE --server-key FILE --token-file FILE "
	"[OPTION]...\n"
	"Stands in for the linked services: takes installs over HTTPS and serves over TLS what "
	"was\n"
	"installed. For demonstrations, tests and benchmarks.\n"
	"\n"
	"  --listen ADDR:PORT         where the API is (127.0.0.1:0: any free port)\n"
	"  --edge SERVICE=ADDR:PORT   where a service's edge is (127.0.0.1:0); once a service\n"
	"  --server-cert FILE         the API's certificate and chain, PEM\n"
	"  --server-key FILE          its key, PEM\n"
	"  --client-ca FILE           the two WAF services want a client certificate from this CA\n"
	"  --token-file FILE          the bearer token that every request must carry\n"
	"  --ready-file FILE          written once all ports are open: lines \"api ADDR:PORT\" "
	"and\n"
	"                             \"edge SERVICE ADDR:PORT\"\n"
	"  --ledger FILE              log of install requests, one JSON object a line, appended "
	"to\n"
	"  --fault-script FILE        faults to play, JSON; also PUT /control/faults\n"
	"  --async                    gio-ca and idgw answer 202 and take their time\n"
	"  --gio-spread DURATION      how long an install on gio-ca spreads (2s)\n"
	"  --idgw-delay DURATION      how long a request of idgw is pending (2s)\n"
	"  --waf-rate N               installs a second that the WAF services take (0: any "
	"number)\n"
	"  --feed-client-certificate  the feed wants a client certificate, too\n"
	"  --tls10-only               the API speaks TLS 1.0 alone, as servers do that nobody "
	"minds\n"
	"  --help, --version\n"
	"\n"
	"At run time, with the same token: GET /control/ledger, GET /control/stats, PUT and "
	"DELETE\n"
	"/control/faults, PUT and GET /control/feed: puts a record into the feed at /feed, and "
	"tells\n"
	"what it was asked. SIGTERM ends it.\n";

enum {
	OPTION_LISTEN = 256,
	OPTION_EDGE,
	OPTION_SERVER_CERTIFICATE,
	OPTION_SERVER_KEY,
	OPTION_CLIENT_CA,
	OPTION_TOKEN_FILE,
	OPTION_READY_FILE,
	OPTION_LEDGER,
	OPTION_FAULT_SCRIPT,
	OPTION_ASYNC,
	OPTION_GIO_SPREAD,
	OPTION_IDGW_DELAY,
	OPTION_WAF_RATE,
	OPTION_TLS10_ONLY,
	OPTION_FEED_CLIENT_CERTIFICATE,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option table[] = {
	{"listen", required_argument, NULL, OPTION_LISTEN},
	{"edge", required_argument, NULL, OPTION_EDGE},
	{"server-cert", required_argument, NULL, OPTION_SERVER_CERTIFICATE},
	{"server-key", required_argument, NULL, OPTION_SERVER_KEY},
	{"client-ca", required_argument, NULL, OPTION_CLIENT_CA},
	{"token-file", required_argument, NULL, OPTION_TOKEN_FILE},
	{"ready-file", required_argument, NULL, OPTION_READY_FILE},
	{"ledger", required_argument, NULL, OPTION_LEDGER},
	{"fault-script", required_argument, NULL, OPTION_FAULT_SCRIPT},
	{"async", no_argument, NULL, OPTION_ASYNC},
	{"gio-spread", required_argument, NULL, OPTION_GIO_SPREAD},
	{"idgw-delay", required_argument, NULL, OPTION_IDGW_DELAY},
	{"waf-rate", required_argument, NULL, OPTION_WAF_RATE},
	{"tls10-only", no_argument, NULL, OPTION_TLS10_ONLY},
	{"feed-client-certificate", no_argument, NULL, OPTION_FEED_CLIENT_CERTIFICATE},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

/* "SERVICE=ADDR:PORT" */
static bool edge_option(struct options *options, const char *text, struct error *error)
{
	const char *equals = strchr(text, '=');
	enum mock_service service;
	char name[32];

	if (equals == NULL || (size_t)(equals - text) >= sizeof(name))
		return error_set(error, ERROR_PERMANENT, "--edge %s: not SERVICE=ADDR:PORT", text);
	memcpy(name, text, (size_t)(equals - text));
	name[equals - text] = '\0';
	if (!mock_service_from_name(name, &service))
		return error_set(error, ERROR_PERMANENT, "--edge %s: no such service", text);
	options->edges[service] = equals + 1;
	return true;
}

static bool duration_option(
	const char *name, const char *text, int64_t *target, struct error *error)
{
	if (text_to_duration_ms(text, target))
		return true;
	return error_set(
		error, ERROR_PERMANENT, "%s %s: not a duration such as 2s or 500ms", name, text);
}

static bool option_take(struct options *options, int option, const char *value, struct error *error)
{
	switch (option) {
	case OPTION_LISTEN:
		options->listen = value;
		return true;
	case OPTION_EDGE:
		return edge_option(options, value, error);
	case OPTION_SERVER_CERTIFICATE:
		options->server_certificate = value;
		return true;
	case OPTION_SERVER_KEY:
		options->server_key = value;
		return true;
	case OPTION_CLIENT_CA:
		options->client_ca = value;
		return true;
	case OPTION_TOKEN_FILE:
		options->token_file = value;
		return true;
	case OPTION_READY_FILE:
		options->ready_file = value;
		return true;
	case OPTION_LEDGER:
		options->ledger = value;
		return true;
	case OPTION_FAULT_SCRIPT:
		options->fault_script = value;
		return true;
	case OPTION_ASYNC:
		options->async = true;
		return true;
	case OPTION_GIO_SPREAD:
		return duration_option("--gio-spread", value, &options->gio_spread_ms, error);
	case OPTION_IDGW_DELAY:
		return duration_option("--idgw-delay", value, &options->idgw_delay_ms, error);
	case OPTION_WAF_RATE:
		if (text_to_int64(value, 0, 1000000, &options->waf_rate))
			return true;
		return error_set(error, ERROR_PERMANENT, "--waf-rate %s: not a number", value);
	case OPTION_TLS10_ONLY:
		options->tls10_only = true;
		return true;
	case OPTION_FEED_CLIENT_CERTIFICATE:
		options->feed_client_certificate = true;
		return true;
	case OPTION_HELP:
		options->help = true;
		return true;
	case OPTION_VERSION:
		options->version = true;
		return true;
	default:
		return error_set(error, ERROR_PERMANENT, "see --help");
	}
}

bool options_parse(int argc, char **argv, struct options *options, struct error *error)
{
	int option;
	size_t i;

	memset(options, 0, sizeof(*options));
	options->listen = "127.0.0.1:0";
	options->gio_spread_ms = options->idgw_delay_ms = 2000;
	for (i = 0; i < MOCK_SERVICE_COUNT; i++)
		options->edges[i] = "127.0.0.1:0";
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
		if (!option_take(options, option, optarg, error))
			return false;
	if (options->help || options->version)
		return true;
	if (optind < argc)
		return error_set(error, ERROR_PERMANENT, "%s: no option; see --help", argv[optind]);
	if (options->server_certificate == NULL || options->server_key == NULL ||
		options->token_file == NULL)
		return error_set(error, ERROR_PERMANENT,
			"--server-cert, --server-key and --token-file must be given; see --help");
	if (options->feed_client_certificate && options->client_ca == NULL)
		return error_set(error, ERROR_PERMANENT,
			"--feed-client-certificate needs --client-ca; see --help");
	return true;
}
