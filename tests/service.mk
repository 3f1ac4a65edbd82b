# Part of Makefile.am: tests of service.
SERVICE_LIBS = src/service/libservice.a src/net/libnet.a src/pki/libpki.a \
	src/domain/libdomain.a $(BASE_LIBS) $(CONFUSE_LIBS) $(JSONC_LIBS) $(CURL_LIBS) \
	$(EVENT_LIBS) $(OPENSSL_LIBS) $(IDN2_LIBS)
PROFILE_TEXT = tests/unit/profile_text.c tests/unit/profile_text.h

service_tests = tests/unit/test_options tests/unit/test_profile tests/unit/test_profile_language \
	tests/unit/test_service tests/unit/test_service_steps
check_PROGRAMS += $(service_tests)
TESTS += $(service_tests)
tests_unit_test_options_SOURCES = tests/unit/test_options.c
tests_unit_test_options_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_options_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_profile_SOURCES = tests/unit/test_profile.c
tests_unit_test_profile_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_profile_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_profile_language_SOURCES = tests/unit/test_profile_language.c $(PROFILE_TEXT)
tests_unit_test_profile_language_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_profile_language_CPPFLAGS = $(AM_CPPFLAGS) -DDOCUMENTS='"$(abs_top_srcdir)/doc"'
tests_unit_test_profile_language_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_service_SOURCES = tests/unit/test_service.c
tests_unit_test_service_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_service_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_service_steps_SOURCES = tests/unit/test_service_steps.c $(PROFILE_TEXT)
tests_unit_test_service_steps_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_service_steps_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)
