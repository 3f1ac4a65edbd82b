/* What may not be sent any more is not sent, however much of the request is out already. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "http_fixture.h"
#include "net/http_private.h"

#define LARGE ((size_t)6 * 1024 * 1024)
#define PAUSE_AFTER 60000
/* What the server's kernel may hold: far less than what the client's has. */
#define HELD_MOST 100000
/* The request's line and headers. */
#define HEADERS_MOST 1000

struct story {
	struct http_fixture fixture;
	struct http_fence fence;
	struct tls_server *server;
	struct loop_timer *look;
	bool by_mono;
	bool stays;
	bool by_other; /* something happens on another connection, before the server reads on */
	size_t written;
	struct http_peer other;
	struct http_request other_request;
};

static void fill(struct http_request *request, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buffer_append_char(&request->body, 'x');
}

static void ignored(void *context, struct http_answer *answer)
{
	(void)context;
	(void)answer;
}

/* Once the server has read a part: the instant passes, and then it reads on. */
static void look_for_pause(void *context)
{
	struct story *story = context;

	if (!tls_server_pauses(story->server)) {
		loop_timer_set(story->look, 1);
		return;
	}
	if (!story->stays && story->by_mono)
		story->fence.mono_ms = clock_mono_ms(clock_system());
	else if (!story->stays)
		story->fence.wall_ms = clock_wall_ms(clock_system());
	if (story->fixture.transfer != NULL) {
		curl_off_t written = 0;

		(void)curl_easy_getinfo(
			story->fixture.transfer->easy, CURLINFO_SIZE_UPLOAD_T, &written);
		story->written = (size_t)written;
	}
	if (story->by_other)
		(void)http_start(
			story->fixture.http, &story->other, &story->other_request, ignored, NULL);
	else
		tls_server_go_on(story->server);
}

static void open_story(struct story *story, const struct tls_server_options *options)
{
	*story = (struct story){.fence = {INT64_MAX, INT64_MAX}};
	story->server = tls_server_start(options);
	fixture_open(&story->fixture);
	story->fixture.peer.fence = &story->fence;
	story->look = loop_timer_new(story->fixture.loop, look_for_pause, story);
}

static void close_story(struct story *story)
{
	loop_timer_free(story->look);
	fixture_close(&story->fixture);
	tls_server_stop(story->server);
}

/* All that is out has been read when the server has seen the connection's end. */
static void wait_for_the_end(struct story *story, size_t connections)
{
	/* The server's thread may want the processor. */
	while (tls_server_ended(story->server) < connections)
		(void)sched_yield();
}

static void test_not_a_byte_more(void **state)
{
	static const struct {
		bool by_mono;
		bool stays;
		bool by_other;
		bool kept; /* on a connection that served a request before */
		enum http_failure failure;
	} cases[] = {
		{false, true, false, false, HTTP_OK},
		{false, false, false, false, HTTP_CANCELLED},
		{true, false, false, false, HTTP_CANCELLED},
		{false, false, true, false, HTTP_CANCELLED},
		{false, true, false, true, HTTP_OK},
		{false, false, false, true, HTTP_CANCELLED},
		{true, false, false, true, HTTP_CANCELLED},
		{false, false, true, true, HTTP_CANCELLED},
	};
	struct tls_server_options options = fixture_ok_options;

	(void)state;
	options.pause_after = PAUSE_AFTER;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct http_request request;
		struct story story;

		open_story(&story, &options);
		story.by_mono = cases[i].by_mono;
		story.stays = cases[i].stays;
		story.by_other = cases[i].by_other;
		fixture_request(&request, "PUT", "127.0.0.1", tls_server_port(story.server));
		story.other = story.fixture.peer;
		story.other.fence = NULL;
		fixture_request(
			&story.other_request, "GET", "127.0.0.1", tls_server_port(story.server));
		if (cases[i].kept) {
			fixture_fetch(&story.fixture, &request);
			fixture_expect(&story.fixture, i, HTTP_OK);
		}
		fill(&request, LARGE);
		loop_timer_set(story.look, 1);
		fixture_fetch(&story.fixture, &request);
		fixture_expect(&story.fixture, i, cases[i].failure);
		if (!cases[i].stays) {
			assert_non_null(strstr(story.fixture.answer.error.text, "is over"));
			tls_server_go_on(story.server);
			wait_for_the_end(&story, 1);
			assert_in_range(tls_server_received(story.server), PAUSE_AFTER,
				cases[i].by_other ? PAUSE_AFTER + HELD_MOST
						  : story.written + HEADERS_MOST);
		}
		assert_int_equal(tls_server_requests(story.server),
			(cases[i].kept ? 1 : 0) + (cases[i].stays ? 1 : 0));
		http_request_clear(&request);
		close_story(&story);
		http_request_clear(&story.other_request);
	}
}

/* What was over before it began reaches nobody. */
static void test_over_before_it_began(void **state)
{
	struct http_request request;
	struct story story;

	(void)state;
	open_story(&story, &fixture_ok_options);
	fixture_request(&request, "PUT", "127.0.0.1", tls_server_port(story.server));
	fixture_fetch(&story.fixture, &request);
	fixture_expect(&story.fixture, 0, HTTP_OK);
	story.fence.wall_ms = clock_wall_ms(clock_system());
	fixture_fetch(&story.fixture, &request);
	fixture_expect(&story.fixture, 1, HTTP_CANCELLED);
	assert_int_equal(tls_server_requests(story.server), 1);
	http_request_clear(&request);
	close_story(&story);
}

/* A connection of another transfer goes on. */
static void test_others_go_on(void **state)
{
	struct tls_server_options options = fixture_ok_options;
	struct http_peer other;
	struct http_request request;
	struct story story;

	(void)state;
	options.pause_after = PAUSE_AFTER;
	open_story(&story, &options);
	other = story.fixture.peer;
	other.fence = NULL;
	fixture_request(&request, "PUT", "127.0.0.1", tls_server_port(story.server));
	fill(&request, LARGE);
	loop_timer_set(story.look, 1);
	story.fixture.wanted = 2;
	(void)http_start(
		story.fixture.http, &story.fixture.peer, &request, fixture_arrived, &story.fixture);
	(void)http_start(story.fixture.http, &other, &request, fixture_arrived, &story.fixture);
	fixture_run(&story.fixture);
	/* The last answer is the other's. */
	fixture_expect(&story.fixture, 0, HTTP_OK);
	assert_int_equal(tls_server_accepted(story.server), 2);
	assert_int_equal(tls_server_requests(story.server), 1);
	http_request_clear(&request);
	close_story(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_a_byte_more),
		cmocka_unit_test(test_over_before_it_began),
		cmocka_unit_test(test_others_go_on),
	};

	return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
