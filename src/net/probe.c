#include "net/probe.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/lean_library.h"
#include "base/text.h"
#include "net/resolve.h"

/*
 * resolve -> connect (each address in turn) -> handshake -> report. The deadline may fall anywhere;
 * whatever ends a probe goes through probe_finish.
 */
enum probe_state {
	PROBE_STATE_REFUSED, /* the arguments were no good: to be told in the next round */
	PROBE_STATE_RESOLVING,
	PROBE_STATE_CONNECTING,
	PROBE_STATE_SHAKING,
	PROBE_STATE_FINISHED,
};

struct probe {
	struct loop *loop;
	probe_callback *callback;
	void *context;
	enum probe_state state;
	char *address; /* as given, for sentences */
	char *host;
	char *port;
	char *sni;
	struct loop_timer *deadline;
	int64_t began_ms;
	int64_t ends_ms;
	struct resolution *resolution;
	struct addrinfo *addresses;
	struct addrinfo *next_address;
	struct loop_timer *attempt_timer;
	int attempt_error; /* the last address's errno */
	int fd;
	struct loop_watch *watch;
	SSL *ssl;
	struct probe_result result;
};

static void resolved(void *context, int status, struct addrinfo *list);
static void connect_next(struct probe *probe);
static void connect_ready(struct probe *probe);
static void attempt_over(void *context);
static void shake(struct probe *probe);

/* What all probes share. */

static SSL_CTX *shared_context;
/* Of a chain that is served, OpenSSL reads each public key; only the leaf's is ever used. */
static struct lean_library *library;

static int64_t instant_ms(const ASN1_TIME *instant)
{
	struct tm time = {0};

	if (ASN1_TIME_to_tm(instant, &time) != 1)
		return 0;
	return civil_from_date(time.tm_year + 1900, time.tm_mon + 1, time.tm_mday) * DAY_MS +
	       (INT64_C(3600) * time.tm_hour + INT64_C(60) * time.tm_min + time.tm_sec) * 1000;
}

/*
 * Takes down what the server sent, at the moment it arrives: a server that wants a certificate of
 * ours may break the handshake off afterwards. Says yes to everything; nothing is sent over it.
 */
static int note_chain(X509_STORE_CTX *store, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct probe *probe = SSL_get_app_data(ssl);
	struct probe_result *result = &probe->result;
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store);
	X509 *leaf;

	(void)unused;
	result->chain_length = 0;
	for (int i = 0; i < sk_X509_num(chain) && i < PROBE_CHAIN_MAX; i++) {
		if (X509_digest(sk_X509_value(chain, i), EVP_sha256(), result->chain[i], NULL) != 1)
			break;
		result->chain_length++;
	}
	if (result->chain_length == 0)
		return 1;
	leaf = sk_X509_value(chain, 0);
	result->not_before_ms = instant_ms(X509_get0_notBefore(leaf));
	result->not_after_ms = instant_ms(X509_get0_notAfter(leaf));
	result->covers_name = X509_check_host(leaf, probe->sni, 0, 0, NULL) == 1;
	return 1;
}

static void make_shared_context(void)
{
	SSL_CTX *made;

	library = lean_library_new(LEAN_FOR_TLS);
	if (library == NULL)
		abort();
	lean_library_settle(library);
	made = SSL_CTX_new_ex(lean_library_context(library), NULL, TLS_client_method());
	if (made == NULL)
		abort();
	SSL_CTX_set_verify(made, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_cert_verify_callback(made, note_chain, NULL);
	/* A weak key is a finding as well, not a reason to see nothing. */
	SSL_CTX_set_security_level(made, 0);
	if (SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION) != 1)
		abort();
	/* A resumed session shows the certificate of its beginning, not the one served now. */
	SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(made, SSL_OP_NO_TICKET);
	shared_context = made;
}

/* The end. */

static void connection_close(struct probe *probe)
{
	SSL_free(probe->ssl);
	probe->ssl = NULL;
	/* The watch goes before the descriptor that it watches. */
	loop_watch_free(probe->watch);
	probe->watch = NULL;
	if (probe->fd >= 0)
		(void)close(probe->fd);
	probe->fd = -1;
}

static void probe_finish(struct probe *probe)
{
	probe->state = PROBE_STATE_FINISHED;
	probe->result.duration_ms = clock_mono_ms(loop_clock(probe->loop)) - probe->began_ms;
	connection_close(probe);
	resolve_cancel(probe->resolution);
	loop_timer_free(probe->deadline);
	loop_timer_free(probe->attempt_timer);
	if (probe->addresses != NULL)
		freeaddrinfo(probe->addresses);
	probe->callback(probe->context, &probe->result);
	free(probe->address);
	free(probe->host);
	free(probe->port);
	free(probe->sni);
	free(probe);
}

static void probe_fail(struct probe *probe, enum probe_outcome outcome, const char *reason)
{
	probe->result.outcome = outcome;
	error_set(&probe->result.error, ERROR_TEMPORARY, "%s (SNI %s): %s", probe->address,
		probe->sni, reason);
	probe_finish(probe);
}

static void deadline_reached(void *context)
{
	static const char *const reasons[] = {
		[PROBE_STATE_REFUSED] = "it must be host:port, and is not",
		[PROBE_STATE_RESOLVING] = "the name was not resolved in time",
		[PROBE_STATE_CONNECTING] = "no connection in time",
		[PROBE_STATE_SHAKING] = "the TLS handshake was not over in time",
		[PROBE_STATE_FINISHED] = "",
	};
	struct probe *probe = context;

	/* The certificate is all that was wanted. */
	if (probe->result.chain_length > 0)
		probe_finish(probe);
	else
		probe_fail(probe, PROBE_UNREACHABLE, reasons[probe->state]);
}

/* The beginning. */

/* "host:port" or "[v6]:port". */
static bool split_address(struct probe *probe)
{
	const char *host = probe->address;
	const char *colon = strrchr(host, ':');
	const char *end = colon;
	int64_t port;

	if (colon == NULL || !text_to_int64(colon + 1, 1, 65535, &port))
		return false;
	if (host[0] == '[') {
		if (end[-1] != ']')
			return false;
		host++;
		end--;
	} else if (memchr(host, ':', (size_t)(end - host)) != NULL) {
		return false;
	}
	if (end <= host)
		return false;
	probe->host = xstrndup(host, (size_t)(end - host));
	probe->port = xstrdup(colon + 1);
	return true;
}

struct probe *probe_start(struct loop *loop, const char *address, const char *sni,
	int64_t timeout_ms, probe_callback *callback, void *context)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct probe *probe = xcalloc(1, sizeof(*probe));

	if (pthread_once(&once, make_shared_context) != 0)
		abort();
	probe->loop = loop;
	probe->callback = callback;
	probe->context = context;
	probe->fd = -1;
	probe->address = xstrdup(address);
	probe->sni = xstrdup(sni);
	probe->began_ms = clock_mono_ms(loop_clock(loop));
	probe->ends_ms = probe->began_ms + timeout_ms;
	probe->deadline = loop_timer_new(loop, deadline_reached, probe);
	probe->attempt_timer = loop_timer_new(loop, attempt_over, probe);
	if (!split_address(probe)) {
		probe->state = PROBE_STATE_REFUSED;
		loop_timer_set(probe->deadline, 0);
		return probe;
	}
	probe->state = PROBE_STATE_RESOLVING;
	loop_timer_set(probe->deadline, timeout_ms);
	probe->resolution = resolve_start(loop, probe->host, probe->port, resolved, probe);
	return probe;
}

void probe_cancel(struct probe *probe)
{
	if (probe != NULL && probe->state != PROBE_STATE_FINISHED)
		probe_fail(probe, PROBE_CANCELLED, "the look at it was cancelled");
}

/* Connecting. */

static void resolved(void *context, int status, struct addrinfo *list)
{
	struct probe *probe = context;

	probe->resolution = NULL;
	if (status != 0) {
		probe_fail(probe, PROBE_UNREACHABLE, gai_strerror(status));
		return;
	}
	probe->addresses = list;
	probe->next_address = list;
	probe->state = PROBE_STATE_CONNECTING;
	connect_next(probe);
}

static void socket_ready(void *context, int fd, int events)
{
	struct probe *probe = context;

	(void)fd;
	(void)events;
	if (probe->state == PROBE_STATE_CONNECTING)
		connect_ready(probe);
	else
		shake(probe);
}

/* An address's share of the time that is left. */
static int64_t attempt_time(const struct probe *probe)
{
	int64_t left = probe->ends_ms - clock_mono_ms(loop_clock(probe->loop));
	int64_t addresses = 0;

	for (const struct addrinfo *each = probe->next_address; each != NULL; each = each->ai_next)
		addresses++;
	return addresses > 0 ? left / addresses : left;
}

static void connect_next(struct probe *probe)
{
	const struct addrinfo *address;

	for (;;) {
		connection_close(probe);
		address = probe->next_address;
		if (address == NULL)
			break;
		/* The last address may use all the time there is. */
		if (address->ai_next != NULL)
			loop_timer_set(probe->attempt_timer, attempt_time(probe));
		else
			loop_timer_cancel(probe->attempt_timer);
		probe->next_address = address->ai_next;
		probe->fd =
			socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (probe->fd >= 0 &&
			(connect(probe->fd, address->ai_addr, address->ai_addrlen) == 0 ||
				errno == EINPROGRESS)) {
			probe->watch = loop_watch_new(
				probe->loop, probe->fd, LOOP_WRITE, socket_ready, probe);
			return;
		}
		probe->attempt_error = errno;
	}
	probe_fail(probe, PROBE_UNREACHABLE, strerror(probe->attempt_error));
}

static void attempt_over(void *context)
{
	struct probe *probe = context;

	probe->attempt_error = ETIMEDOUT;
	connect_next(probe);
}

static void connect_ready(struct probe *probe)
{
	socklen_t size = sizeof(probe->attempt_error);

	if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &probe->attempt_error, &size) != 0)
		probe->attempt_error = errno;
	if (probe->attempt_error != 0) {
		connect_next(probe);
		return;
	}
	loop_timer_cancel(probe->attempt_timer);
	probe->state = PROBE_STATE_SHAKING;
	probe->ssl = SSL_new(shared_context);
	if (probe->ssl == NULL || SSL_set_fd(probe->ssl, probe->fd) != 1)
		abort(); /* Memory alone is needed for these. */
	SSL_set_app_data(probe->ssl, probe);
	if (SSL_set_tlsext_host_name(probe->ssl, probe->sni) != 1) {
		probe_fail(probe, PROBE_UNREACHABLE, "the SNI is no host name");
		return;
	}
	shake(probe);
}

/* The handshake. */

static void shake_failed(struct probe *probe, int kind, int system_error)
{
	unsigned long code = ERR_peek_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
	bool is_cut = kind != SSL_ERROR_SSL ||
		      (ERR_GET_LIB(code) == ERR_LIB_SSL &&
			      ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING);

	if (probe->result.chain_length > 0) {
		probe_finish(probe);
		return;
	}
	if (kind == SSL_ERROR_SYSCALL && system_error != 0)
		reason = strerror(system_error);
	probe_fail(probe, is_cut ? PROBE_UNREACHABLE : PROBE_NONE,
		reason != NULL ? reason : "the connection was closed in the TLS handshake");
}

static void shake(struct probe *probe)
{
	int status;
	int kind;
	int system_error;

	ERR_clear_error();
	errno = 0;
	status = SSL_connect(probe->ssl);
	system_error = errno;
	kind = SSL_get_error(probe->ssl, status);
	if (kind == SSL_ERROR_WANT_READ) {
		loop_watch_change(probe->watch, LOOP_READ);
		return;
	}
	if (kind == SSL_ERROR_WANT_WRITE) {
		loop_watch_change(probe->watch, LOOP_WRITE);
		return;
	}
	if (status != 1) {
		shake_failed(probe, kind, system_error);
		ERR_clear_error();
		return;
	}
	/* A word of farewell, so that nobody logs an attack; the reply is not waited for. */
	(void)SSL_shutdown(probe->ssl);
	ERR_clear_error();
	if (probe->result.chain_length > 0)
		probe_finish(probe);
	else
		probe_fail(probe, PROBE_NONE, "the server sent no certificate");
}
