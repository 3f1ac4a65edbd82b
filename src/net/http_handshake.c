#include "net/http_handshake.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

struct http_handshake {
	size_t references;
	bool asked; /* for a client certificate */
	int alert;  /* the fatal one that came, -1 when none did */
};

static pthread_once_t index_once = PTHREAD_ONCE_INIT;
static int context_index;

struct http_handshake *http_handshake_new(void)
{
	struct http_handshake *handshake = xcalloc(1, sizeof(*handshake));

	handshake->references = 1;
	handshake->alert = -1;
	return handshake;
}

void http_handshake_unref(struct http_handshake *handshake)
{
	if (handshake != NULL && --handshake->references == 0)
		free(handshake);
}

static void context_freed(
	void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number, void *context)
{
	(void)parent;
	(void)data;
	(void)index;
	(void)number;
	(void)context;
	http_handshake_unref(pointer);
}

static void make_index(void)
{
	context_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, context_freed);
	if (context_index < 0)
		abort();
}

/* The server asks for a client certificate; the one that libcurl has set, if any, is sent. */
static int asked(SSL *ssl, void *context)
{
	struct http_handshake *handshake = context;

	(void)ssl;
	handshake->asked = true;
	return 1;
}

static void heard(const SSL *ssl, int where, int value)
{
	struct http_handshake *handshake = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index);

	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL &&
		handshake->alert < 0)
		handshake->alert = value & 0xff;
}

static CURLcode prepare(CURL *easy, void *tls_context, void *context)
{
	struct http_handshake *handshake = context;

	(void)easy;
	if (SSL_CTX_set_ex_data(tls_context, context_index, handshake) != 1)
		return CURLE_ABORTED_BY_CALLBACK;
	handshake->references++;
	SSL_CTX_set_cert_cb(tls_context, asked, handshake);
	SSL_CTX_set_info_callback(tls_context, heard);
	return CURLE_OK;
}

void http_handshake_listen(CURL *easy, struct http_handshake *handshake)
{
	(void)pthread_once(&index_once, make_index);
	/* A libcurl that cannot do this tells less, and works. */
	if (curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, handshake) == CURLE_OK)
		(void)curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, prepare);
}

/* RFC 8446, 6.2: what a server says of a client's certificate, or of a handshake without one. */
static bool is_about_certificates(int alert, bool has_certificate)
{
	switch (alert) {
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
	case SSL_AD_ACCESS_DENIED:
	case SSL_AD_DECRYPT_ERROR:
	case SSL_AD_CERTIFICATE_REQUIRED:
		return true;
	case SSL_AD_HANDSHAKE_FAILURE: /* TLS 1.2 has no word for a certificate that is missing */
		return !has_certificate;
	default:
		return false;
	}
}

bool http_handshake_refused(const struct http_handshake *handshake, bool has_certificate,
	bool cut_at_once, char *text, size_t size)
{
	if (!handshake->asked)
		return false;
	if (handshake->alert < 0 && cut_at_once) {
		snprintf(text, size,
			"the service asked for a client certificate and broke the connection off: "
			"%s",
			has_certificate ? "it does not seem to take our client certificate"
					: "it seems to want one, and none is configured");
		return true;
	}
	if (!is_about_certificates(handshake->alert, has_certificate))
		return false;
	snprintf(text, size, "%s (TLS alert %d, %s)",
		has_certificate ? "the service does not take our client certificate"
				: "the service wants a client certificate, and none is configured",
		handshake->alert, SSL_alert_desc_string_long(handshake->alert));
	return true;
}
