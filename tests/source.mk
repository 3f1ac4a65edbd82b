# Part of Makefile.am: tests of source.
source_tests = tests/unit/test_spool tests/unit/test_spool_durable \
	tests/unit/test_spool_import tests/unit/test_spool_watch
check_PROGRAMS += $(source_tests)
TESTS += $(source_tests)
SOURCE_LIBS = src/source/libsource.a $(BASE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_spool_SOURCES = tests/unit/test_spool.c tests/unit/spool_fixture.c \
	tests/unit/spool_fixture.h
tests_unit_test_spool_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_spool_LDADD = $(SOURCE_LIBS)

check_PROGRAMS += tests/unit/test_spool_ahead
TESTS += tests/unit/test_spool_ahead
tests_unit_test_spool_ahead_SOURCES = $(tests_unit_test_spool_SOURCES)
tests_unit_test_spool_ahead_CPPFLAGS = $(AM_CPPFLAGS) -DTAKER_FORESEES
tests_unit_test_spool_ahead_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_spool_ahead_LDADD = $(SOURCE_LIBS)

tests_unit_test_spool_durable_SOURCES = tests/unit/test_spool_durable.c tests/unit/spool_fixture.c \
	tests/unit/spool_fixture.h
tests_unit_test_spool_durable_CFLAGS = $(TEST_CFLAGS)
# The order of what makes files durable and what removes them is looked at.
tests_unit_test_spool_durable_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fsync -Wl,--wrap=renameat2 \
	-Wl,--wrap=unlinkat
tests_unit_test_spool_durable_LDADD = $(SOURCE_LIBS)

tests_unit_test_spool_import_SOURCES = tests/unit/test_spool_import.c tests/unit/spool_fixture.c \
	tests/unit/spool_fixture.h
tests_unit_test_spool_import_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_spool_import_LDADD = $(SOURCE_LIBS)

# On a loop of its own that the test turns by hand.
tests_unit_test_spool_watch_SOURCES = tests/unit/test_spool_watch.c
tests_unit_test_spool_watch_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_spool_watch_LDADD = $(SOURCE_LIBS)

# With a loop and a transport of its own, so that loop.o and http.o of the library stay out.
check_PROGRAMS += tests/unit/test_feed
TESTS += tests/unit/test_feed
tests_unit_test_feed_SOURCES = tests/unit/test_feed.c
tests_unit_test_feed_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_feed_LDADD = src/source/libsource.a src/net/libnet.a src/record/librecord.a \
	src/pki/libpki.a src/domain/libdomain.a $(BASE_LIBS) $(CURL_LIBS) $(OPENSSL_LIBS) \
	$(JSONC_LIBS) $(IDN2_LIBS) $(CMOCKA_LIBS)
