# Part of Makefile.am: tests of net.
NET_LIBS = src/net/libnet.a $(BASE_LIBS) $(CURL_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS)
NET_SERVER = tests/unit/tls_server.c tests/unit/tls_server.h \
	tests/unit/fake_names.c tests/unit/fake_names.h
NET_FIXTURE = tests/unit/http_fixture.c tests/unit/http_fixture.h $(NET_SERVER)

check_PROGRAMS += tests/unit/test_loop
TESTS += tests/unit/test_loop
tests_unit_test_loop_SOURCES = tests/unit/test_loop.c
tests_unit_test_loop_CFLAGS = $(TEST_CFLAGS)
# A stepped clock and the want of a descriptor are played to the loop by these.
tests_unit_test_loop_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=read,--wrap=timerfd_create \
	-Wl,--wrap=timerfd_settime,--wrap=clock_gettime
tests_unit_test_loop_LDADD = $(NET_LIBS)

check_PROGRAMS += tests/unit/test_http_message
TESTS += tests/unit/test_http_message
tests_unit_test_http_message_SOURCES = tests/unit/test_http_message.c
tests_unit_test_http_message_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_http_message_LDADD = $(NET_LIBS)

check_PROGRAMS += tests/unit/test_http
TESTS += tests/unit/test_http
tests_unit_test_http_SOURCES = tests/unit/test_http.c $(NET_FIXTURE)
tests_unit_test_http_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_http_LDADD = $(NET_LIBS)

check_PROGRAMS += tests/unit/test_http_failures
TESTS += tests/unit/test_http_failures
tests_unit_test_http_failures_SOURCES = tests/unit/test_http_failures.c $(NET_FIXTURE)
tests_unit_test_http_failures_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_http_failures_LDADD = $(NET_LIBS)

check_PROGRAMS += tests/unit/test_probe
TESTS += tests/unit/test_probe
tests_unit_test_probe_SOURCES = tests/unit/test_probe.c $(NET_SERVER)
tests_unit_test_probe_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_probe_LDADD = $(NET_LIBS)

check_PROGRAMS += tests/unit/test_http_fence
TESTS += tests/unit/test_http_fence
tests_unit_test_http_fence_SOURCES = tests/unit/test_http_fence.c $(NET_FIXTURE)
tests_unit_test_http_fence_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_http_fence_LDADD = $(NET_LIBS)

check_PROGRAMS += tests/unit/test_http_socket
TESTS += tests/unit/test_http_socket
tests_unit_test_http_socket_SOURCES = tests/unit/test_http_socket.c $(NET_FIXTURE)
tests_unit_test_http_socket_CFLAGS = $(TEST_CFLAGS)
# How often the loop is told of a socket.
tests_unit_test_http_socket_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=loop_watch_new \
	-Wl,--wrap=loop_watch_change,--wrap=loop_watch_free
tests_unit_test_http_socket_LDADD = $(NET_LIBS)
