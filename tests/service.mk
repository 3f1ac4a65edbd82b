# Part of Makefile.am: tests of service.
SERVICE_LIBS = src/service/libservice.a src/net/libnet.a src/pki/libpki.a \
	src/domain/libdomain.a $(BASE_LIBS) $(CONFUSE_LIBS) $(JSONC_LIBS) $(CURL_LIBS) \
	$(EVENT_LIBS) $(OPENSSL_LIBS) $(IDN2_LIBS)

check_PROGRAMS += tests/unit/test_profile tests/unit/test_service
TESTS += tests/unit/test_profile tests/unit/test_service
tests_unit_test_profile_SOURCES = tests/unit/test_profile.c
tests_unit_test_profile_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_profile_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_service_SOURCES = tests/unit/test_service.c
tests_unit_test_service_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_service_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)
