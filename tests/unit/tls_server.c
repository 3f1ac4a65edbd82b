#include "tls_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"

#define CONNECTIONS_MAX 64
#define REQUESTS_MAX 1024
#define DAY_SECONDS 86400L

struct issuer {
	EVP_PKEY *key;
	X509 *certificate;
};

static struct {
	char directory[64];
	struct issuer authority;
	struct issuer other;
	EVP_PKEY *leaf_key;
} files;

struct connection {
	struct tls_server *server;
	pthread_t thread;
	int fd; /* -1 once closed; under the lock */
};

struct tls_server {
	struct tls_server_options options;
	int listener;
	int port;
	SSL_CTX *context;
	X509 *leaf;
	pthread_t thread;
	pthread_mutex_t lock; /* for all that follows */
	pthread_cond_t gathered;
	bool stopping;
	struct connection connections[CONNECTIONS_MAX];
	size_t accepted;
	size_t resumed;
	struct buffer requests[REQUESTS_MAX];
	size_t request_count;
	size_t received;
	size_t ended;
	bool pauses;
	bool goes_on;
	char name[128];
};

static void require(bool condition, const char *what)
{
	if (!condition) {
		(void)fprintf(stderr, "tls_server: %s\n", what);
		abort();
	}
}

/* Certificates. */

static X509 *certificate_make(const char *common_name, const char *names, EVP_PKEY *key,
	const struct issuer *issuer, long days)
{
	static long serial = 1;
	X509 *made = X509_new();
	X509_NAME *name = X509_get_subject_name(made);
	X509_EXTENSION *extension;

	require(X509_set_version(made, 2) && X509_set_pubkey(made, key), "certificate");
	(void)ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
	(void)X509_gmtime_adj(X509_getm_notBefore(made), -30 * DAY_SECONDS);
	(void)X509_gmtime_adj(X509_getm_notAfter(made), days * DAY_SECONDS);
	(void)X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0);
	(void)X509_set_issuer_name(made,
		issuer->certificate != NULL ? X509_get_subject_name(issuer->certificate) : name);
	extension = names != NULL ? X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names)
				  : X509V3_EXT_conf_nid(
					    NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
	require(extension != NULL && X509_add_ext(made, extension, -1), "extension");
	X509_EXTENSION_free(extension);
	require(X509_sign(made, issuer->key, EVP_sha256()) > 0, "signature");
	return made;
}

const char *tls_file(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % ARRAY_LENGTH(paths)];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", files.directory, name);
	return path;
}

static void write_pem(const char *name, X509 *certificate, EVP_PKEY *key)
{
	FILE *file = fopen(tls_file(name), "w");

	require(file != NULL, "file");
	if (certificate != NULL)
		require(PEM_write_X509(file, certificate), "PEM");
	if (key != NULL)
		require(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), "PEM");
	require(fclose(file) == 0, "file");
}

static void issuer_make(struct issuer *issuer, const char *name)
{
	issuer->key = EVP_EC_gen("P-256");
	require(issuer->key != NULL, "key");
	issuer->certificate = certificate_make(name, NULL, issuer->key, issuer, 365);
}

void tls_files_make(void)
{
	EVP_PKEY *client_key;
	X509 *client;

	(void)snprintf(files.directory, sizeof(files.directory), "%s", "/tmp/test-net-XXXXXX");
	require(mkdtemp(files.directory) != NULL, "directory");
	issuer_make(&files.authority, "Test CA");
	issuer_make(&files.other, "Other CA");
	files.leaf_key = EVP_EC_gen("P-256");
	client_key = EVP_EC_gen("P-256");
	client = certificate_make("client", "DNS:client.test", client_key, &files.authority, 90);
	write_pem("ca.pem", files.authority.certificate, NULL);
	write_pem("other-ca.pem", files.other.certificate, NULL);
	write_pem("client.pem", client, NULL);
	write_pem("client-key.pem", NULL, client_key);
	write_pem("client-both.pem", client, client_key);
	X509_free(client);
	EVP_PKEY_free(client_key);
	/* As the daemon's loop does; the server's own writes meet clients that hang up. */
	(void)signal(SIGPIPE, SIG_IGN);
}

void tls_files_remove(void)
{
	static const char *const names[] = {
		"ca.pem", "other-ca.pem", "client.pem", "client-key.pem", "client-both.pem"};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		(void)unlink(tls_file(names[i]));
	(void)rmdir(files.directory);
	X509_free(files.authority.certificate);
	X509_free(files.other.certificate);
	EVP_PKEY_free(files.authority.key);
	EVP_PKEY_free(files.other.key);
	EVP_PKEY_free(files.leaf_key);
}

static X509 *identity_make(enum tls_identity identity)
{
	static const char names[] = "DNS:localhost,DNS:*.test,IP:127.0.0.1";

	switch (identity) {
	case TLS_EXPIRED:
		return certificate_make("leaf", names, files.leaf_key, &files.authority, -1);
	case TLS_OTHER_NAME:
		return certificate_make(
			"leaf", "DNS:other.example", files.leaf_key, &files.authority, 90);
	case TLS_UNTRUSTED:
		return certificate_make("leaf", names, files.leaf_key, &files.other, 90);
	case TLS_GOOD:
		break;
	}
	return certificate_make("leaf", names, files.leaf_key, &files.authority, 90);
}

/* Connections. */

/* How long the request at the beginning of TEXT is; 0 while it is not all there. */
static size_t request_length(const struct buffer *text)
{
	const char *start = buffer_text(text);
	const char *end = strstr(start, "\r\n\r\n");
	const char *field;
	size_t length;

	if (end == NULL)
		return 0;
	length = (size_t)(end - start) + 4;
	field = strcasestr(start, "\r\nContent-Length:");
	if (field != NULL && field < end)
		length += strtoul(field + strlen("\r\nContent-Length:"), NULL, 10);
	return text->length >= length ? length : 0;
}

static void note_request(struct tls_server *server, struct buffer *text, struct tls_step *step)
{
	const struct tls_server_options *options = &server->options;

	(void)pthread_mutex_lock(&server->lock);
	require(server->request_count < REQUESTS_MAX, "too many requests");
	*step = options->steps[server->request_count < options->step_count
				       ? server->request_count
				       : options->step_count - 1];
	server->requests[server->request_count++] = *text;
	(void)pthread_cond_broadcast(&server->gathered);
	while (server->request_count < options->gather && !server->stopping)
		(void)pthread_cond_wait(&server->gathered, &server->lock);
	(void)pthread_mutex_unlock(&server->lock);
	memset(text, 0, sizeof(*text));
}

static void reset_at_close(int fd)
{
	const struct linger linger = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void hang(SSL *ssl, int fd)
{
	char discarded[4096];

	while ((ssl != NULL ? SSL_read(ssl, discarded, sizeof(discarded))
			    : (int)read(fd, discarded, sizeof(discarded))) > 0) {
	}
}

/* Carries STEP out; true when the connection goes on. */
static bool perform(SSL *ssl, int fd, const struct tls_step *step)
{
	if (step->answer != NULL && step->answer[0] != '\0') {
		if (ssl != NULL)
			(void)SSL_write(ssl, step->answer, (int)strlen(step->answer));
		else if (write(fd, step->answer, strlen(step->answer)) < 0)
			return false;
	}
	if (step->ending == TLS_CLOSE && ssl != NULL)
		(void)SSL_shutdown(ssl);
	if (step->ending == TLS_RESET)
		reset_at_close(fd);
	if (step->ending == TLS_HANG)
		hang(ssl, fd);
	return step->ending == TLS_KEEP;
}

/* Counts what was read, and pauses where that is wanted. */
static void note_received(struct tls_server *server, size_t length)
{
	(void)pthread_mutex_lock(&server->lock);
	server->received += length;
	while (server->options.pause_after > 0 && !server->goes_on && !server->stopping &&
		server->received >= server->options.pause_after) {
		server->pauses = true;
		(void)pthread_cond_wait(&server->gathered, &server->lock);
	}
	(void)pthread_mutex_unlock(&server->lock);
}

static void talk(struct tls_server *server, SSL *ssl, int fd)
{
	struct buffer text = {0};
	struct tls_step step;
	char chunk[8192];
	int length;

	if (SSL_accept(ssl) != 1) {
		/* A reset would overtake the alert that says why. */
		(void)shutdown(fd, SHUT_WR);
		hang(NULL, fd);
		return;
	}
	(void)pthread_mutex_lock(&server->lock);
	server->resumed += (size_t)SSL_session_reused(ssl);
	(void)pthread_mutex_unlock(&server->lock);
	while ((length = SSL_read(ssl, chunk, sizeof(chunk))) > 0) {
		buffer_append(&text, chunk, (size_t)length);
		note_received(server, (size_t)length);
		if (request_length(&text) == 0)
			continue;
		note_request(server, &text, &step);
		if (!perform(ssl, fd, &step))
			break;
	}
	buffer_free(&text);
}

static void *serve(void *context)
{
	struct connection *connection = context;
	struct tls_server *server = connection->server;
	int fd = connection->fd;
	SSL *ssl = NULL;

	if (server->options.plain != NULL) {
		(void)perform(NULL, fd, server->options.plain);
	} else {
		ssl = SSL_new(server->context);
		require(ssl != NULL && SSL_set_fd(ssl, fd), "SSL");
		talk(server, ssl, fd);
		SSL_free(ssl);
	}
	(void)pthread_mutex_lock(&server->lock);
	connection->fd = -1;
	(void)close(fd);
	server->ended++;
	(void)pthread_mutex_unlock(&server->lock);
	return NULL;
}

static void *accept_all(void *context)
{
	struct tls_server *server = context;
	struct connection *connection;
	int fd;

	while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
		(void)pthread_mutex_lock(&server->lock);
		if (server->stopping) {
			(void)close(fd);
			(void)pthread_mutex_unlock(&server->lock);
			continue;
		}
		require(server->accepted < CONNECTIONS_MAX, "too many connections");
		connection = &server->connections[server->accepted++];
		connection->server = server;
		connection->fd = fd;
		require(pthread_create(&connection->thread, NULL, serve, connection) == 0,
			"thread");
		(void)pthread_mutex_unlock(&server->lock);
	}
	return NULL;
}

static int note_name(SSL *ssl, int *alert, void *context)
{
	struct tls_server *server = context;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)pthread_mutex_lock(&server->lock);
	(void)snprintf(server->name, sizeof(server->name), "%s", name != NULL ? name : "");
	(void)pthread_mutex_unlock(&server->lock);
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return server->options.refuses_name ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK;
}

/* The server. */

static void context_make(struct tls_server *server)
{
	const struct tls_server_options *options = &server->options;
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	struct issuer *issuer =
		options->identity == TLS_UNTRUSTED ? &files.other : &files.authority;

	require(context != NULL, "context");
	server->context = context;
	/* TLS 1.0 and 1.1 need signatures that the usual level forbids. */
	SSL_CTX_set_security_level(context, 0);
	(void)SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
	(void)SSL_CTX_set_max_proto_version(context, options->maximum_version);
	server->leaf = identity_make(options->identity);
	require(SSL_CTX_use_certificate(context, server->leaf) &&
			SSL_CTX_add1_chain_cert(context, issuer->certificate) &&
			SSL_CTX_use_PrivateKey(context, files.leaf_key),
		"identity");
	if (options->wants_client_certificate) {
		SSL_CTX_set_verify(
			context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		require(SSL_CTX_load_verify_file(context, tls_file("ca.pem")), "ca.pem");
		(void)SSL_CTX_set_session_id_context(context, (const unsigned char *)"test", 4);
	}
	(void)SSL_CTX_set_tlsext_servername_callback(context, note_name);
	(void)SSL_CTX_set_tlsext_servername_arg(context, server);
}

struct tls_server *tls_server_start(const struct tls_server_options *options)
{
	struct tls_server *server = xcalloc(1, sizeof(*server));
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	const int small = 4096;

	server->options = *options;
	(void)pthread_mutex_init(&server->lock, NULL);
	(void)pthread_cond_init(&server->gathered, NULL);
	context_make(server);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (options->pause_after > 0)
		/* Else the kernel takes in what is not read. */
		(void)setsockopt(server->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	require(server->listener >= 0 &&
			bind(server->listener, (struct sockaddr *)&address, size) == 0 &&
			listen(server->listener, CONNECTIONS_MAX) == 0 &&
			getsockname(server->listener, (struct sockaddr *)&address, &size) == 0,
		"listener");
	server->port = ntohs(address.sin_port);
	require(pthread_create(&server->thread, NULL, accept_all, server) == 0, "thread");
	return server;
}

void tls_server_stop(struct tls_server *server)
{
	(void)pthread_mutex_lock(&server->lock);
	server->stopping = true;
	(void)pthread_cond_broadcast(&server->gathered);
	for (size_t i = 0; i < server->accepted; i++) {
		if (server->connections[i].fd >= 0)
			(void)shutdown(server->connections[i].fd, SHUT_RDWR);
	}
	(void)pthread_mutex_unlock(&server->lock);
	(void)shutdown(server->listener, SHUT_RDWR);
	(void)pthread_join(server->thread, NULL);
	(void)close(server->listener);
	for (size_t i = 0; i < server->accepted; i++)
		(void)pthread_join(server->connections[i].thread, NULL);
	for (size_t i = 0; i < server->request_count; i++)
		buffer_free(&server->requests[i]);
	SSL_CTX_free(server->context);
	X509_free(server->leaf);
	(void)pthread_cond_destroy(&server->gathered);
	(void)pthread_mutex_destroy(&server->lock);
	free(server);
}

int tls_server_port(const struct tls_server *server)
{
	return server->port;
}

static size_t read_count(struct tls_server *server, const size_t *count)
{
	size_t value;

	(void)pthread_mutex_lock(&server->lock);
	value = *count;
	(void)pthread_mutex_unlock(&server->lock);
	return value;
}

size_t tls_server_accepted(struct tls_server *server)
{
	return read_count(server, &server->accepted);
}

size_t tls_server_resumed(struct tls_server *server)
{
	return read_count(server, &server->resumed);
}

bool tls_server_pauses(struct tls_server *server)
{
	bool pauses;

	(void)pthread_mutex_lock(&server->lock);
	pauses = server->pauses;
	(void)pthread_mutex_unlock(&server->lock);
	return pauses;
}

size_t tls_server_received(struct tls_server *server)
{
	return read_count(server, &server->received);
}

void tls_server_go_on(struct tls_server *server)
{
	(void)pthread_mutex_lock(&server->lock);
	server->goes_on = true;
	(void)pthread_cond_broadcast(&server->gathered);
	(void)pthread_mutex_unlock(&server->lock);
}

size_t tls_server_ended(struct tls_server *server)
{
	return read_count(server, &server->ended);
}

size_t tls_server_requests(struct tls_server *server)
{
	return read_count(server, &server->request_count);
}

const struct buffer *tls_server_request(struct tls_server *server, size_t index)
{
	require(index < tls_server_requests(server), "no such request");
	return &server->requests[index];
}

const char *tls_server_name(struct tls_server *server)
{
	return server->name;
}

void tls_server_fingerprint(struct tls_server *server, int index, unsigned char fingerprint[32])
{
	const struct issuer *issuer =
		server->options.identity == TLS_UNTRUSTED ? &files.other : &files.authority;
	X509 *certificate = index == 0 ? server->leaf : issuer->certificate;

	require(X509_digest(certificate, EVP_sha256(), fingerprint, NULL), "fingerprint");
}
