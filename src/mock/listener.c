#include "mock/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BODY_MAX ((ssize_t)1024 * 1024)
#define HEADERS_MAX ((ssize_t)64 * 1024)
#define IDLE_TIMEOUT_S 300

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length,
	const unsigned char *in, unsigned in_length, void *context)
{
	static const unsigned char http1[] = "\x08http/1.1";
	unsigned char *chosen = NULL;

	(void)ssl;
	(void)context;
	if (SSL_select_next_proto(&chosen, out_length, http1, sizeof(http1) - 1, in, in_length) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *listener_tls_new(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	if (tls == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_num_tickets(tls, 0);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
	return tls;
}

static struct bufferevent *connection_new(struct event_base *base, void *context)
{
	struct listener *listener = context;
	SSL *ssl = SSL_new(listener->tls);
	struct bufferevent *connection;

	if (ssl == NULL)
		return NULL;
	connection = bufferevent_openssl_socket_new(
		base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (connection != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(connection, 1);
	return connection;
}

/* The address that FD is bound to, as text. */
static void bound_address(evutil_socket_t fd, char target[LISTENER_ADDRESS_MAX])
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} bound = {.in6 = {.sin6_port = 0}};
	socklen_t length = sizeof(bound);
	char host[INET6_ADDRSTRLEN] = "";

	if (getsockname(fd, &bound.any, &length) != 0)
		return;
	if (bound.any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &bound.in6.sin6_addr, host, sizeof(host));
		snprintf(target, LISTENER_ADDRESS_MAX, "[%s]:%u", host, ntohs(bound.in6.sin6_port));
	} else {
		inet_ntop(AF_INET, &bound.in.sin_addr, host, sizeof(host));
		snprintf(target, LISTENER_ADDRESS_MAX, "%s:%u", host, ntohs(bound.in.sin_port));
	}
}

/*
 * Resolves "ADDR:PORT" or "[ADDR]:PORT", numbers alone; to be freed. (libevent's own parser takes
 * no port 0.)
 */
static struct addrinfo *address_parse(const char *address)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	const char *colon = strrchr(address, ':');
	char host[LISTENER_ADDRESS_MAX];
	size_t length;

	if (colon == NULL || (size_t)(colon - address) >= sizeof(host) || colon[1] == '\0')
		return NULL;
	length = (size_t)(colon - address);
	if (length > 2 && address[0] == '[' && address[length - 1] == ']') {
		address++;
		length -= 2;
	}
	memcpy(host, address, length);
	host[length] = '\0';
	return getaddrinfo(host, colon + 1, &hints, &found) == 0 ? found : NULL;
}

static struct evconnlistener *bind_port(
	struct event_base *base, const char *address, struct error *error)
{
	struct addrinfo *wanted = address_parse(address);
	struct evconnlistener *port;
	int one = 1;

	if (wanted == NULL) {
		error_set(error, ERROR_PERMANENT,
			"%s: not an address and port, such as 127.0.0.1:8443", address);
		return NULL;
	}
	port = evconnlistener_new_bind(base, NULL, NULL,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, 1024,
		wanted->ai_addr, (int)wanted->ai_addrlen);
	freeaddrinfo(wanted);
	if (port == NULL) {
		error_set(error, ERROR_PERMANENT, "%s: cannot listen there: %s", address,
			strerror(errno));
		return NULL;
	}
	/* Accepted sockets inherit it. An answer is several TLS records, and would wait for an ACK.
	 */
	setsockopt(evconnlistener_get_fd(port), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return port;
}

bool listener_open(struct listener *listener, struct event_base *base, const char *address,
	SSL_CTX *tls, void (*handle)(struct evhttp_request *request, void *context), void *context,
	struct error *error)
{
	struct evconnlistener *port;

	memset(listener, 0, sizeof(*listener));
	listener->tls = tls;
	port = bind_port(base, address, error);
	if (port == NULL) {
		listener_close(listener);
		return false;
	}
	bound_address(evconnlistener_get_fd(port), listener->address);
	listener->http = evhttp_new(base);
	if (listener->http == NULL || evhttp_bind_listener(listener->http, port) == NULL) {
		evconnlistener_free(port);
		listener_close(listener);
		return error_set(error, ERROR_INTERNAL, "%s: no HTTP server", address);
	}
	evhttp_set_allowed_methods(listener->http,
		EVHTTP_REQ_GET | EVHTTP_REQ_PUT | EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
	evhttp_set_max_body_size(listener->http, BODY_MAX);
	evhttp_set_max_headers_size(listener->http, HEADERS_MAX);
	evhttp_set_timeout(listener->http, IDLE_TIMEOUT_S);
	evhttp_set_bevcb(listener->http, connection_new, listener);
	evhttp_set_gencb(listener->http, handle, context);
	return true;
}

void listener_close(struct listener *listener)
{
	if (listener->http != NULL)
		evhttp_free(listener->http);
	SSL_CTX_free(listener->tls);
	memset(listener, 0, sizeof(*listener));
}
