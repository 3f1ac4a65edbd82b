#include "net/local_request.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define CONNECT_TIMEOUT_MS 5000L

struct exchange {
	const struct local_request *request;
	struct local_answer *answer;
	bool too_long;
};

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct exchange *exchange = context;
	size_t length = size * count;

	if (length > exchange->request->answer_max - exchange->answer->body.length) {
		exchange->too_long = true;
		return 0;
	}
	buffer_append(&exchange->answer->body, data, length);
	return length;
}

static bool set_up(
	CURL *easy, struct exchange *exchange, const char *url, const struct curl_slist *headers)
{
	const struct local_request *request = exchange->request;
	bool set =
		curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->socket_path) ==
			CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange) == CURLE_OK;

	if (!set || strcmp(request->method, "POST") != 0)
		return set;
	return curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		       (curl_off_t)(request->body != NULL ? request->length : 0)) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
		       request->body != NULL ? request->body : "") == CURLE_OK;
}

static struct curl_slist *make_headers(const struct local_request *request)
{
	/* Without a body worth waiting for there is nothing to ask first. */
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:"), *longer = headers;
	char *language;

	if (headers != NULL && request->body != NULL)
		longer = curl_slist_append(headers, "Content-Type: application/json");
	if (longer != NULL && request->language != NULL) {
		language = xasprintf("Accept-Language: %s", request->language);
		longer = curl_slist_append(longer, language);
		free(language);
	}
	if (longer == NULL)
		abort(); /* for want of memory alone */
	return longer;
}

static enum local_outcome tell_connect(
	const struct local_request *request, int number, struct error *error)
{
	switch (number) {
	case ENOENT:
	case ECONNREFUSED:
		error_set(error, ERROR_TEMPORARY, "no daemon answers at %s", request->socket_path);
		return LOCAL_ABSENT;
	case EACCES:
	case EPERM:
		error_set(error, ERROR_PERMANENT, "%s may not be used by this user",
			request->socket_path);
		return LOCAL_DENIED;
	default:
		error_set(error, ERROR_TEMPORARY, "%s: %s", request->socket_path,
			number != 0 ? strerror(number) : "cannot be connected to");
		return LOCAL_FAILED;
	}
}

static enum local_outcome tell(
	CURL *easy, CURLcode code, const struct exchange *exchange, struct error *error)
{
	const struct local_request *request = exchange->request;
	long number = 0;

	if (code == CURLE_OK) {
		(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &exchange->answer->status);
		return LOCAL_ANSWERED;
	}
	if (code == CURLE_COULDNT_CONNECT) {
		(void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
		return tell_connect(request, (int)number, error);
	}
	if (exchange->too_long)
		error_set(
			error, ERROR_PERMANENT, "%s: its answer is too long", request->socket_path);
	else
		error_set(error, ERROR_TEMPORARY, "%s: %s", request->socket_path,
			curl_easy_strerror(code));
	return LOCAL_FAILED;
}

enum local_outcome local_request(
	const struct local_request *request, struct local_answer *answer, struct error *error)
{
	struct exchange exchange = {.request = request, .answer = answer};
	CURL *easy = curl_easy_init();
	char *url = xasprintf("http://certinstalld%s", request->target);
	struct curl_slist *headers = make_headers(request);
	enum local_outcome outcome;

	if (easy == NULL)
		abort(); /* for want of memory alone */
	*answer = (struct local_answer){0};
	if (set_up(easy, &exchange, url, headers)) {
		outcome = tell(easy, curl_easy_perform(easy), &exchange, error);
	} else {
		error_set(error, ERROR_INTERNAL, "libcurl does not take what is to be asked");
		outcome = LOCAL_FAILED;
	}
	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
	free(url);
	return outcome;
}

void local_escape(struct buffer *out, const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, (int)strlen(text));

	if (escaped == NULL)
		abort(); /* for want of memory alone */
	buffer_append_text(out, escaped);
	curl_free(escaped);
}
