#include "mock/edge.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "mock/listener.h"

struct edge {
	struct listener listener;
	const struct clock *clock;
	struct services *services;
	struct edge_options options;
};

static bool use_decoy(SSL *ssl, SSL_CTX *decoy)
{
	STACK_OF(X509) *chain = NULL;

	SSL_CTX_get0_chain_certs(decoy, &chain);
	return SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(decoy),
		       SSL_CTX_get0_privatekey(decoy), chain, 1) == 1;
}

static bool use_version(SSL *ssl, const struct installed_version *version)
{
	const unsigned char *der = version->der;
	X509 *leaf = d2i_X509(NULL, &der, (long)version->der_length);
	bool used;

	used = leaf != NULL &&
	       SSL_use_cert_and_key(ssl, leaf, version->key->key, version->chain->chain, 1) == 1;
	X509_free(leaf);
	return used;
}

static int choose_certificate(SSL *ssl, int *alert, void *context)
{
	struct edge *edge = context;
	const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const struct installed_version *version = NULL;
	char name[TLSEXT_MAXLEN_host_name + 1];
	bool wrong = false;
	size_t i;

	if (sni != NULL && strlen(sni) < sizeof(name)) {
		for (i = 0; sni[i] != '\0'; i++)
			name[i] = (char)(sni[i] >= 'A' && sni[i] <= 'Z' ? sni[i] - 'A' + 'a'
									: sni[i]);
		name[i] = '\0';
		version = installed_served(services_installed(edge->services),
			edge->options.service, name, clock_wall_ms(edge->clock), &wrong);
	}
	if (version == NULL) {
		*alert = SSL_AD_UNRECOGNIZED_NAME;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	if (!(wrong ? use_decoy(ssl, edge->options.decoy) : use_version(ssl, version))) {
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	return SSL_TLSEXT_ERR_OK;
}

/* Whoever asks an edge for a page learns which service it is. */
static void on_request(struct evhttp_request *request, void *context)
{
	struct edge *edge = context;
	struct evbuffer *body = evbuffer_new();

	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "text/plain");
	evbuffer_add_printf(body, "%s\n", mock_service_name(edge->options.service));
	evhttp_send_reply(request, 200, NULL, body);
	evbuffer_free(body);
}

bool edge_new(struct event_base *base, const struct clock *clock, struct services *services,
	const struct edge_options *options, struct edge **edge, struct error *error)
{
	struct edge *made = xcalloc(1, sizeof(*made));
	SSL_CTX *tls = listener_tls_new();

	made->clock = clock;
	made->services = services;
	made->options = *options;
	if (tls == NULL) {
		free(made);
		return error_set(error, ERROR_INTERNAL, "OpenSSL makes no server context");
	}
	SSL_CTX_set_tlsext_servername_callback(tls, choose_certificate);
	SSL_CTX_set_tlsext_servername_arg(tls, made);
	if (!listener_open(&made->listener, base, options->address, tls, on_request, made, error)) {
		free(made);
		return false;
	}
	*edge = made;
	return true;
}

void edge_free(struct edge *edge)
{
	if (edge == NULL)
		return;
	listener_close(&edge->listener);
	free(edge);
}

const char *edge_address(const struct edge *edge)
{
	return edge->listener.address;
}
