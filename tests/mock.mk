# Part of Makefile.am: tests of mock, and the tool that makes a test estate.
check_PROGRAMS += tests/tools/make-estate
tests_tools_make_estate_SOURCES = \
	tests/tools/estate.h \
	tests/tools/estate_ca.c \
	tests/tools/estate_issue.c \
	tests/tools/estate_record.c \
	tests/tools/make-estate.c
tests_tools_make_estate_LDADD = $(BASE_LIBS) $(OPENSSL_LIBS) $(JSONC_LIBS)

check_PROGRAMS += tests/unit/test_mock_multipart tests/unit/test_mock_faults \
	tests/unit/test_mock_installed tests/unit/test_mock_route
TESTS += tests/unit/test_mock_multipart tests/unit/test_mock_faults \
	tests/unit/test_mock_installed tests/unit/test_mock_route
tests_unit_test_mock_multipart_SOURCES = tests/unit/test_mock_multipart.c
tests_unit_test_mock_multipart_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_mock_multipart_LDADD = $(MOCK_LIBS) $(CMOCKA_LIBS)
tests_unit_test_mock_faults_SOURCES = tests/unit/test_mock_faults.c
tests_unit_test_mock_faults_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_mock_faults_LDADD = $(MOCK_LIBS) $(CMOCKA_LIBS)
tests_unit_test_mock_installed_SOURCES = tests/unit/test_mock_installed.c
tests_unit_test_mock_installed_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_mock_installed_LDADD = $(MOCK_LIBS) $(CMOCKA_LIBS)
tests_unit_test_mock_route_SOURCES = tests/unit/test_mock_route.c
tests_unit_test_mock_route_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_mock_route_LDADD = $(MOCK_LIBS) $(CMOCKA_LIBS)

TESTS += tests/system/mock.sh
EXTRA_DIST += tests/system/mock.sh

check_PROGRAMS += tests/unit/test_mock_feed
TESTS += tests/unit/test_mock_feed
tests_unit_test_mock_feed_SOURCES = tests/unit/test_mock_feed.c
tests_unit_test_mock_feed_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_mock_feed_LDADD = $(MOCK_LIBS) $(CMOCKA_LIBS)
