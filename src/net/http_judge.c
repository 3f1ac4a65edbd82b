#include "net/http_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/text.h"

/* All headers of an answer, interim answers and trailers included. */
#define HEADERS_MAX 65536
/* A longer value of a wanted header counts as not there: half an address is worse than none. */
#define HEADER_VALUE_MAX 1024

static char **wanted_header(struct http_answer *answer, const char *name, size_t length)
{
	const struct {
		const char *name;
		char **place;
	} wanted[] = {
		{"retry-after", &answer->retry_after},
		{"etag", &answer->etag},
		{"location", &answer->location},
		{"date", &answer->date},
		{"content-type", &answer->content_type},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		if (strlen(wanted[i].name) == length &&
			strncasecmp(wanted[i].name, name, length) == 0)
			return wanted[i].place;
	}
	return NULL;
}

/* A status line begins a new answer (after 100 Continue, say): what came before is not its own. */
static void forget_headers(struct http_answer *answer)
{
	free(answer->retry_after);
	free(answer->etag);
	free(answer->location);
	free(answer->date);
	free(answer->content_type);
	answer->retry_after = answer->etag = answer->location = NULL;
	answer->date = answer->content_type = NULL;
}

static bool is_blank(char character)
{
	return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

static void keep_header(struct http_answer *answer, const char *line, size_t length)
{
	char clean[HEADER_VALUE_MAX + 1];
	const char *colon = memchr(line, ':', length);
	const char *value;
	const char *end = line + length;
	char **place;

	if (colon == NULL)
		return;
	place = wanted_header(answer, line, (size_t)(colon - line));
	if (place == NULL || *place != NULL)
		return;
	value = colon + 1;
	while (value < end && is_blank(*value))
		value++;
	while (end > value && is_blank(end[-1]))
		end--;
	if (end - value > HEADER_VALUE_MAX)
		return;
	text_sanitise(clean, sizeof(clean), value, (size_t)(end - value));
	*place = xstrdup(clean);
}

size_t http_take_header(char *data, size_t size, size_t count, void *context)
{
	struct http_transfer *transfer = context;
	size_t length = size * count;

	transfer->header_bytes += length;
	if (transfer->header_bytes > HEADERS_MAX) {
		transfer->headers_too_large = true;
		return 0;
	}
	if (length >= 5 && strncmp(data, "HTTP/", 5) == 0) {
		forget_headers(&transfer->answer);
		transfer->headers_ended = false;
	} else if (length > 0 && (data[0] == '\r' || data[0] == '\n')) {
		transfer->headers_ended = true;
	} else {
		keep_header(&transfer->answer, data, length);
	}
	return length;
}

size_t http_take_body(char *data, size_t size, size_t count, void *context)
{
	struct http_transfer *transfer = context;
	struct buffer *body = &transfer->answer.body;
	size_t length = size * count;
	size_t room = transfer->answer_max - body->length;

	if (length > room) {
		transfer->answer_too_large = true;
		buffer_append(body, data, room);
		return 0;
	}
	buffer_append(body, data, length);
	return length;
}

bool http_request_was_sent(const struct http_transfer *transfer)
{
	long bytes = 0;

	return curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes) == CURLE_OK &&
	       bytes > 0;
}

static bool mentions(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcasestr(text, words[i]) != NULL)
			return true;
	}
	return false;
}

/*
 * Under TLS 1.3 a server judges our certificate when our side of the handshake is over already: its
 * alert arrives in place of the answer, and libcurl calls it a failure to receive.
 */
static bool is_certificate_alert(const char *text)
{
	static const char *const words[] = {
		"certificate", "unknown ca", "access denied", "decrypt error"};

	return strcasestr(text, "alert") != NULL && mentions(text, words, ARRAY_LENGTH(words));
}

/* A handshake that the network ended is no verdict of TLS. */
static bool is_cut_handshake(const char *text)
{
	static const char *const words[] = {
		"SSL_ERROR_SYSCALL", "unexpected eof", "Connection reset", "Broken pipe"};

	return mentions(text, words, ARRAY_LENGTH(words));
}

/* Gone before the request could go out. libcurl looks for the peer's address first, and keeps its
 * sentence on that. */
static bool is_cut_at_once(const char *text, CURLcode result)
{
	return result == CURLE_SEND_ERROR || strstr(text, "getpeername()") != NULL;
}

static enum http_failure classify(const struct http_transfer *transfer, CURLcode result)
{
	const char *text = transfer->error_buffer;

	/* The rest, whatever libcurl may call it, is a matter of how far the transfer had come. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
	switch (result) {
	case CURLE_OK:
		return HTTP_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		return HTTP_CONNECT_FAILED;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_TIMED_OUT;
	case CURLE_SSL_CONNECT_ERROR:
		return is_cut_handshake(text) ? HTTP_CONNECT_FAILED : HTTP_TLS_FAILED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_CLIENTCERT:
		return HTTP_TLS_FAILED;
	case CURLE_URL_MALFORMAT:
	case CURLE_LOGIN_DENIED:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_FAILED_INIT:
	case CURLE_READ_ERROR:
		return HTTP_INTERNAL;
	default:
		break;
	}
#pragma GCC diagnostic pop
	if (is_certificate_alert(text))
		return HTTP_TLS_FAILED;
	/*
	 * CURLE_OUT_OF_MEMORY is here on purpose: libcurl 7.88 says it of a header line beyond its
	 * own limit, which is the peer's doing. CURLE_UNSUPPORTED_PROTOCOL as well: it is said of
	 * an answer that is no HTTP; a URL that is not https was refused before.
	 */
	return http_request_was_sent(transfer) ? HTTP_BROKEN : HTTP_CONNECT_FAILED;
}

static enum error_kind kind_of(enum http_failure failure, CURLcode result)
{
	if (result == CURLE_SSL_CERTPROBLEM || result == CURLE_SSL_CACERT_BADFILE)
		return ERROR_INTERNAL;
	if (failure == HTTP_INTERNAL)
		return ERROR_INTERNAL;
	return failure == HTTP_TOO_LARGE ? ERROR_PERMANENT : ERROR_TEMPORARY;
}

void http_judge_result(struct http_transfer *transfer, CURLcode result)
{
	struct http_answer *answer = &transfer->answer;
	const char *text = transfer->error_buffer;
	char refused[160];

	if (transfer->answer_too_large) {
		answer->failure = HTTP_TOO_LARGE;
		error_set(&answer->error, ERROR_PERMANENT,
			"%s: the answer (status %d) is larger than %zu bytes", transfer->origin,
			answer->status, transfer->answer_max);
		return;
	}
	if (transfer->headers_too_large) {
		answer->failure = HTTP_BROKEN;
		error_set(&answer->error, ERROR_TEMPORARY,
			"%s: the answer's headers are larger than %d bytes", transfer->origin,
			HEADERS_MAX);
		return;
	}
	/* libcurl is content with an answer that was cut in its headers; it is not one. */
	if (result == CURLE_OK && !transfer->headers_ended) {
		answer->failure = HTTP_BROKEN;
		error_set(&answer->error, ERROR_TEMPORARY,
			"%s: the answer was cut off within its headers", transfer->origin);
		return;
	}
	answer->failure = classify(transfer, result);
	if (answer->failure == HTTP_OK)
		return;
	if (answer->failure != HTTP_TIMED_OUT && answer->failure != HTTP_INTERNAL &&
		http_handshake_refused(transfer->handshake, transfer->has_client_certificate,
			is_cut_at_once(text, result), refused, sizeof(refused))) {
		answer->failure = HTTP_TLS_FAILED;
		text = refused;
	}
	/* Of a failure of our own making libcurl may quote the URL, with its query. */
	if (text[0] == '\0' || answer->failure == HTTP_INTERNAL)
		text = curl_easy_strerror(result);
	error_set(&answer->error, kind_of(answer->failure, result), "%s: %s%s", transfer->origin,
		answer->failure != HTTP_TIMED_OUT ? ""
		: http_request_was_sent(transfer) ? "no whole answer in time: "
						  : "timed out while connecting: ",
		text);
}
