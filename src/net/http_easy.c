#include "net/http_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/text.h"

#define CONNECT_TIMEOUT_MS 10000
#define TOTAL_TIMEOUT_MS 60000
#define STALL_TIMEOUT_MS 20000
#define ANSWER_MAX 65536
/* For how long a CA file that was read serves for new connections: reading the system's takes tens
 * of milliseconds, and a file that was replaced must count soon. */
#define CA_CACHE_S 300L
/* libcurl's buffer for a body that it reads piece by piece. A request is some kilobytes, and all of
 * the buffer is wiped after each. */
#define UPLOAD_BUFFER_SIZE 16384L
/* The same of its buffer for what comes, where an answer of some hundred bytes is expected. */
#define RECEIVE_BUFFER_SIZE 4096L
#define SMALL_ANSWER ((size_t)ANSWER_MAX)

#define SET(option, value) (curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

static bool refuse(struct http_transfer *transfer, enum error_kind kind, const char *sentence)
{
	transfer->answer.failure = HTTP_INTERNAL;
	return error_set(&transfer->answer.error, kind, "%s: %s", transfer->origin, sentence);
}

/* A token of RFC 9110, 5.6.2: methods and names of headers. */
static bool is_token(const char *text)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	if (text == NULL || *text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (!((*text >= '0' && *text <= '9') || (*text >= 'A' && *text <= 'Z') ||
			    (*text >= 'a' && *text <= 'z') || strchr(others, *text) != NULL))
			return false;
	}
	return true;
}

/* No line break can begin another header, and nothing else that a server might take for one. */
static bool is_field_value(const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return false;
	}
	return true;
}

/* Where the body ends is for libcurl alone to say. */
static bool is_framing_header(const char *name)
{
	return strcasecmp(name, "Content-Length") == 0 ||
	       strcasecmp(name, "Transfer-Encoding") == 0;
}

static bool check_request(struct http_transfer *transfer, const struct http_request *request)
{
	if (!is_token(request->method))
		return refuse(transfer, ERROR_PERMANENT, "the request's method is no HTTP method");
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];

		if (!is_token(header->name) || !is_field_value(header->value))
			return refuse(transfer, ERROR_PERMANENT,
				"a header of the request has a character that headers cannot have");
		if (is_framing_header(header->name))
			return refuse(transfer, ERROR_PERMANENT,
				"Content-Length and Transfer-Encoding are not for a request to "
				"set");
	}
	for (size_t i = 0; i < request->part_count; i++) {
		if (!is_field_value(request->parts[i].content_type))
			return refuse(transfer, ERROR_PERMANENT,
				"a part's content type has a character that headers cannot have");
	}
	return true;
}

/*
 * The same host and port as in the last URL that was found in order, character by character, and
 * after it nothing that a URL cannot have: so this one is in order, too. Requests come by thousands
 * for one host, and libcurl takes the URL apart once more.
 */
static bool is_known_origin(const struct http *http, const char *url)
{
	size_t length = strlen(http->known_url);

	if (length == 0 || strncmp(url, http->known_url, length) != 0)
		return false;
	for (url += length; *url != '\0'; url++) {
		if ((unsigned char)*url <= 0x20 || (unsigned char)*url >= 0x7f)
			return false;
	}
	return true;
}

/* PARSED, which is URL, becomes what is known, if URL has a slash after its host and port. */
static void note_origin(struct http *http, const char *url, const char *origin, CURLU *parsed)
{
	size_t host = strlen("https://"), length = host + strcspn(url + host, "/?#\\");

	http->known_url[0] = '\0';
	curl_url_cleanup(http->known);
	http->known = NULL;
	if (url[length] != '/' || length + 2 > sizeof(http->known_url))
		return;
	memcpy(http->known_url, url, length + 1);
	http->known_url[length + 1] = '\0';
	text_copy(http->known_origin, sizeof(http->known_origin), origin);
	http->known = curl_url_dup(parsed);
	if (http->known == NULL)
		abort();
	(void)curl_url_set(http->known, CURLUPART_QUERY, NULL, 0);
	(void)curl_url_set(http->known, CURLUPART_FRAGMENT, NULL, 0);
}

/* Fills the origin; nothing of the path, the query or a user's name gets into it. */
static bool check_url(struct http_transfer *transfer, const char *url)
{
	CURLU *parsed;
	char *host = NULL;
	char *port = NULL;
	bool valid;

	if (url != NULL && is_known_origin(transfer->http, url)) {
		text_copy(transfer->origin, sizeof(transfer->origin), transfer->http->known_origin);
		return true;
	}
	parsed = curl_url();
	text_copy(transfer->origin, sizeof(transfer->origin), "the request's URL");
	if (parsed == NULL)
		abort();
	valid = url != NULL && strncasecmp(url, "https://", 8) == 0 &&
		curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
	if (valid) {
		(void)snprintf(
			transfer->origin, sizeof(transfer->origin), "https://%s:%s", host, port);
		note_origin(transfer->http, url, transfer->origin, parsed);
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parsed);
	return valid || refuse(transfer, ERROR_PERMANENT,
				"it must be an https:// URL without a user name, and is not");
}

/* Whether PATH has nothing that libcurl would encode, resolve or cut off. */
static bool is_plain_path(const char *path)
{
	while (*path == '/') {
		path++;
		if (*path == '.')
			return false;
		path += text_unreserved_length(path);
	}
	return *path == '\0';
}

/*
 * What libcurl would make of URL, whose origin is known, if that is to be had without taking the
 * whole apart and putting it together again; else NULL.
 */
static CURLU *url_with_path(const struct http *http, const char *url)
{
	const char *path;
	CURLU *made;

	if (http->known == NULL)
		return NULL;
	path = url + strlen(http->known_url) - 1;
	if (!is_plain_path(path))
		return NULL;
	made = curl_url_dup(http->known);
	if (made == NULL || curl_url_set(made, CURLUPART_PATH, path, 0) != CURLUE_OK)
		abort();
	return made;
}

static bool set_url(struct http_transfer *transfer, const char *url)
{
	CURL *easy = transfer->easy;

	transfer->url = url_with_path(transfer->http, url);
	return SET(CURLOPT_URL, url) &&
	       (transfer->url == NULL || SET(CURLOPT_CURLU, transfer->url));
}

static bool add_header(struct http_transfer *transfer, const char *line)
{
	struct curl_slist *longer = curl_slist_append(transfer->headers, line);

	if (longer == NULL)
		return false;
	transfer->headers = longer;
	return true;
}

static void write_field(struct buffer *line, const struct http_header *header)
{
	/* libcurl's way to say that a header is there and empty. */
	bool is_empty = strspn(header->value, " \t") == strlen(header->value);

	buffer_clear(line);
	buffer_append_text(line, header->name);
	buffer_append_text(line, is_empty ? ";" : ": ");
	if (!is_empty)
		buffer_append_text(line, header->value);
}

static bool set_headers(struct http_transfer *transfer, const struct http_request *request)
{
	CURL *easy = transfer->easy;
	bool has_type = request->part_count > 0, has_agent = false;
	/* "Name:" alone takes a header of libcurl's own away. */
	bool set = add_header(transfer, "Expect:");
	struct buffer line = {0};

	buffer_reserve(&line, 255);
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];

		write_field(&line, header);
		set = set && add_header(transfer, buffer_text(&line));
		has_type = has_type || strcasecmp(header->name, "Content-Type") == 0;
		has_agent = has_agent || strcasecmp(header->name, "User-Agent") == 0;
	}
	buffer_free(&line);
	if (!has_agent)
		set = set && SET(CURLOPT_USERAGENT, "certinstalld");
	if (!has_type)
		set = set && add_header(transfer, "Content-Type:");
	return set && SET(CURLOPT_HTTPHEADER, transfer->headers);
}

static size_t read_part(char *target, size_t size, size_t count, void *context)
{
	struct http_part_cursor *cursor = context;
	size_t length = cursor->data->length - cursor->offset;

	if (length > size * count)
		length = size * count;
	if (length > 0)
		memcpy(target, cursor->data->data + cursor->offset, length);
	cursor->offset += length;
	return length;
}

/* libcurl goes back to the beginning when a kept connection turned out to be dead. */
static int seek_part(void *context, curl_off_t offset, int origin)
{
	struct http_part_cursor *cursor = context;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > cursor->data->length)
		return CURL_SEEKFUNC_FAIL;
	cursor->offset = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* The parts are read from where they lie: a copy of a private key less in the heap. */
static bool set_parts(struct http_transfer *transfer, const struct http_request *request)
{
	bool set = true;

	transfer->mime = curl_mime_init(transfer->easy);
	if (transfer->mime == NULL)
		return false;
	transfer->cursors = xcalloc(request->part_count, sizeof(*transfer->cursors));
	for (size_t i = 0; set && i < request->part_count; i++) {
		const struct http_part *part = &request->parts[i];
		curl_mimepart *target = curl_mime_addpart(transfer->mime);

		transfer->cursors[i].data = &part->data;
		set = target != NULL && curl_mime_name(target, part->name) == CURLE_OK &&
		      curl_mime_data_cb(target, (curl_off_t)part->data.length, read_part, seek_part,
			      NULL, &transfer->cursors[i]) == CURLE_OK;
		if (part->filename != NULL)
			set = set && curl_mime_filename(target, part->filename) == CURLE_OK;
		if (part->content_type != NULL)
			set = set && curl_mime_type(target, part->content_type) == CURLE_OK;
	}
	return set &&
	       curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, transfer->mime) == CURLE_OK;
}

static bool set_body(struct http_transfer *transfer, const struct http_request *request)
{
	static const char *const with_body[] = {"POST", "PUT", "PATCH"};
	CURL *easy = transfer->easy;
	bool sends = request->body.length > 0;

	if (strcmp(request->method, "HEAD") == 0)
		return SET(CURLOPT_NOBODY, 1L);
	if (request->part_count > 0)
		return set_parts(transfer, request) && SET(CURLOPT_CUSTOMREQUEST, request->method);
	for (size_t i = 0; i < ARRAY_LENGTH(with_body); i++)
		sends = sends || strcmp(request->method, with_body[i]) == 0;
	if (!sends)
		return SET(CURLOPT_HTTPGET, 1L) && SET(CURLOPT_CUSTOMREQUEST, request->method);
	/* PUT as well: a body in memory has a length, can be sent again, and is not copied. */
	return SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.length) &&
	       SET(CURLOPT_POSTFIELDS, buffer_text(&request->body)) &&
	       SET(CURLOPT_CUSTOMREQUEST, request->method);
}

static bool set_tls(CURL *easy, const struct http_peer *peer)
{
	bool set = SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
		   SET(CURLOPT_SSL_VERIFYPEER, 1L) && SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
		   SET(CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S);

	/* Debian's libcurl has a CA directory as well: beside a file of our own it would go on
	 * trusting the whole web. */
	if (peer->ca_file != NULL)
		set = set && SET(CURLOPT_CAINFO, peer->ca_file) && SET(CURLOPT_CAPATH, NULL);
	if (peer->client_certificate != NULL) {
		const char *key =
			peer->client_key != NULL ? peer->client_key : peer->client_certificate;

		set = set && SET(CURLOPT_SSLCERTTYPE, "PEM") && SET(CURLOPT_SSLKEYTYPE, "PEM") &&
		      SET(CURLOPT_SSLCERT, peer->client_certificate) && SET(CURLOPT_SSLKEY, key);
	}
	return set;
}

static long timeout_or(int64_t timeout_ms, long otherwise)
{
	return timeout_ms > 0 ? (long)timeout_ms : otherwise;
}

static bool set_transport(struct http_transfer *transfer, const struct http_peer *peer)
{
	CURL *easy = transfer->easy;
	/*
	 * No CURLOPT_PIPEWAIT: those that wait for a first connection to tell whether it can
	 * multiplex are woken one by one when it cannot, and their time-outs pass unnoticed
	 * (curl#13227). Without it a first burst opens a connection each, and all that comes after
	 * shares them.
	 */
	long version = peer->http1_only ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS;

	return SET(CURLOPT_PROTOCOLS_STR, "https") && SET(CURLOPT_FOLLOWLOCATION, 0L) &&
	       SET(CURLOPT_PROXY, "") && SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
	       SET(CURLOPT_HTTP_VERSION, version) && SET(CURLOPT_HTTP09_ALLOWED, 0L) &&
	       SET(CURLOPT_HTTP_CONTENT_DECODING, 0L) && SET(CURLOPT_NOSIGNAL, 1L) &&
	       SET(CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_SIZE) &&
	       (transfer->answer_max > SMALL_ANSWER ||
		       SET(CURLOPT_BUFFERSIZE, RECEIVE_BUFFER_SIZE)) &&
	       /* Else a look-up that was given up is waited for, and the loop with it. */
	       SET(CURLOPT_QUICK_EXIT, 1L) &&
	       SET(CURLOPT_CONNECTTIMEOUT_MS,
		       timeout_or(peer->connect_timeout_ms, CONNECT_TIMEOUT_MS)) &&
	       SET(CURLOPT_TIMEOUT_MS, timeout_or(peer->total_timeout_ms, TOTAL_TIMEOUT_MS)) &&
	       SET(CURLOPT_ERRORBUFFER, transfer->error_buffer) &&
	       SET(CURLOPT_HEADERFUNCTION, http_take_header) && SET(CURLOPT_HEADERDATA, transfer) &&
	       SET(CURLOPT_WRITEFUNCTION, http_take_body) && SET(CURLOPT_WRITEDATA, transfer) &&
	       SET(CURLOPT_CLOSESOCKETFUNCTION, http_socket_close) &&
	       SET(CURLOPT_CLOSESOCKETDATA, transfer->http) &&
	       SET(CURLOPT_PREREQFUNCTION, http_fence_before_request) &&
	       SET(CURLOPT_PREREQDATA, transfer) && SET(CURLOPT_PRIVATE, transfer);
}

bool http_easy_prepare(struct http_transfer *transfer, const struct http_peer *peer,
	const struct http_request *request)
{
	transfer->answer_max = peer->answer_max > 0 ? peer->answer_max : ANSWER_MAX;
	transfer->has_client_certificate = peer->client_certificate != NULL;
	transfer->stall_timeout_ms = timeout_or(peer->stall_timeout_ms, STALL_TIMEOUT_MS);
	if (!check_url(transfer, request->url) || !check_request(transfer, request))
		return false;
	/*
	 * A handle each: making one takes a microsecond, while one that is used again keeps its
	 * upload buffer, with the last private key in it.
	 */
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL || !set_url(transfer, request->url) ||
		!set_transport(transfer, peer) || !set_tls(transfer->easy, peer) ||
		!set_headers(transfer, request) || !set_body(transfer, request))
		return refuse(transfer, ERROR_INTERNAL, "libcurl refuses an option of the request");
	transfer->handshake = http_handshake_new();
	http_handshake_listen(transfer->easy, transfer->handshake);
	return true;
}
