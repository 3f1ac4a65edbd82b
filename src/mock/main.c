#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/file.h"
#include "config.h"
#include "mock/edge.h"
#include "mock/listener.h"
#include "mock/options.h"
#include "mock/server.h"

#define TOKEN_MAX 4096

struct program {
	struct options options;
	struct event_base *base;
	struct event *signals[2];
	struct buffer token;
	struct services *services;
	struct faults *faults;
	struct ledger *ledger;
	struct feed *feed;
	struct server *server;
	struct edge *edges[MOCK_SERVICE_COUNT];
};

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct program *program = context;

	(void)number;
	(void)what;
	event_base_loopbreak(program->base);
}

/* Each client is a descriptor: take as many as we may have. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static bool read_token(struct program *program, struct error *error)
{
	struct buffer *token = &program->token;

	if (!file_read(program->options.token_file, TOKEN_MAX, token, error))
		return false;
	while (token->length > 0 && strchr("\r\n \t", token->data[token->length - 1]) != NULL)
		token->data[--token->length] = '\0';
	if (token->length == 0)
		return error_set(
			error, ERROR_PERMANENT, "%s: holds no token", program->options.token_file);
	return true;
}

static bool read_faults(struct program *program, struct error *error)
{
	const char *path = program->options.fault_script;
	struct buffer script = {0};
	bool read;

	program->faults = faults_new();
	if (path == NULL)
		return true;
	if (!file_read(path, FAULT_SCRIPT_MAX, &script, error))
		return false;
	read = faults_load(program->faults, buffer_text(&script), script.length, error);
	buffer_free(&script);
	return read || error_context(error, "%s", path);
}

/* OpenSSL has it at security level 0 alone: its handshake is signed with MD5 and SHA-1. */
static bool speak_tls10_only(SSL_CTX *tls)
{
	return SSL_CTX_set_min_proto_version(tls, TLS1_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(tls, TLS1_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(tls, "DEFAULT:@SECLEVEL=0") == 1;
}

/* The context of the API; NULL with an error that names the file. */
static SSL_CTX *server_tls(const struct options *options, struct error *error)
{
	SSL_CTX *tls = listener_tls_new();
	const char *fault = NULL;

	if (tls == NULL) {
		error_set(error, ERROR_INTERNAL, "OpenSSL makes no server context");
		return NULL;
	}
	if (SSL_CTX_use_certificate_chain_file(tls, options->server_certificate) != 1)
		fault = options->server_certificate;
	else if (SSL_CTX_use_PrivateKey_file(tls, options->server_key, SSL_FILETYPE_PEM) != 1)
		fault = options->server_key;
	else if (options->tls10_only && !speak_tls10_only(tls))
		fault = "--tls10-only";
	else if (options->client_ca != NULL &&
		 SSL_CTX_load_verify_locations(tls, options->client_ca, NULL) != 1)
		fault = options->client_ca;
	if (fault != NULL) {
		error_set(error, ERROR_PERMANENT, "%s: %s", fault,
			ERR_reason_error_string(ERR_peek_last_error()));
		ERR_clear_error();
		SSL_CTX_free(tls);
		return NULL;
	}
	if (options->client_ca != NULL) {
		SSL_CTX_set_client_CA_list(tls, SSL_load_client_CA_file(options->client_ca));
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	}
	return tls;
}

static bool open_ports(struct program *program, struct error *error)
{
	const struct options *options = &program->options;
	struct services_options services = {
		.async = options->async,
		.gio_spread_ms = options->gio_spread_ms,
		.idgw_delay_ms = options->idgw_delay_ms,
	};
	struct server_options server = {
		.address = options->listen,
		.token = buffer_text(&program->token),
		.client_certificate = options->client_ca != NULL,
		.feed_client_certificate = options->feed_client_certificate,
		.waf_rate = options->waf_rate,
	};
	struct server_parts parts = {.base = program->base, .clock = clock_system()};
	SSL_CTX *tls = server_tls(options, error);
	size_t i;

	if (tls == NULL)
		return false;
	parts.services = program->services = services_new(&services);
	parts.faults = program->faults;
	parts.ledger = program->ledger;
	parts.feed = program->feed = feed_new();
	for (i = 0; i < MOCK_SERVICE_COUNT; i++) {
		struct edge_options edge = {.service = (enum mock_service)i,
			.address = options->edges[i],
			.decoy = tls};

		if (!edge_new(program->base, parts.clock, program->services, &edge,
			    &program->edges[i], error)) {
			SSL_CTX_free(tls);
			return false;
		}
	}
	return server_new(&parts, &server, tls, &program->server, error);
}

static bool write_ready_file(const struct program *program, struct error *error)
{
	struct buffer text = {0};
	bool written;
	size_t i;

	buffer_printf(&text, "api %s\n", server_address(program->server));
	for (i = 0; i < MOCK_SERVICE_COUNT; i++)
		buffer_printf(&text, "edge %s %s\n", mock_service_name((enum mock_service)i),
			edge_address(program->edges[i]));
	if (program->options.ready_file == NULL) {
		fputs(buffer_text(&text), stdout);
		written = fflush(stdout) == 0;
	} else {
		written = file_write_atomic(
			program->options.ready_file, text.data, text.length, 0644, error);
	}
	buffer_free(&text);
	return written;
}

static bool program_start(struct program *program, struct error *error)
{
	static const int numbers[2] = {SIGTERM, SIGINT};
	size_t i;

	program->base = event_base_new();
	if (program->base == NULL)
		return error_set(error, ERROR_INTERNAL, "no event loop");
	for (i = 0; i < 2; i++) {
		program->signals[i] = evsignal_new(program->base, numbers[i], on_signal, program);
		evsignal_add(program->signals[i], NULL);
	}
	return read_token(program, error) && read_faults(program, error) &&
	       ledger_open(program->options.ledger, &program->ledger, error) &&
	       open_ports(program, error) && write_ready_file(program, error);
}

static void program_stop(struct program *program)
{
	size_t i;

	server_free(program->server);
	for (i = 0; i < MOCK_SERVICE_COUNT; i++)
		edge_free(program->edges[i]);
	services_free(program->services);
	faults_free(program->faults);
	feed_free(program->feed);
	ledger_free(program->ledger);
	for (i = 0; i < 2; i++)
		if (program->signals[i] != NULL)
			event_free(program->signals[i]);
	if (program->base != NULL)
		event_base_free(program->base);
	buffer_free(&program->token);
}

int main(int argc, char **argv)
{
	struct program program = {0};
	struct error error = {0};
	int status = EXIT_SUCCESS;

	if (!options_parse(argc, argv, &program.options, &error)) {
		fprintf(stderr, "certinstall-mock: %s\n", error.text);
		return 2;
	}
	if (program.options.help || program.options.version) {
		fputs(program.options.help ? options_usage : PACKAGE_STRING "\n", stdout);
		return EXIT_SUCCESS;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	if (!program_start(&program, &error)) {
		fprintf(stderr, "certinstall-mock: %s\n", error.text);
		status = 2;
	} else {
		event_base_dispatch(program.base);
	}
	program_stop(&program);
	return status;
}
