# Part of Makefile.am: tests of record.
RECORD_LIBS = src/record/librecord.a $(DOMAIN_LIBS) $(JSONC_LIBS) $(OPENSSL_LIBS)

check_PROGRAMS += tests/unit/test_record
TESTS += tests/unit/test_record
tests_unit_test_record_SOURCES = tests/unit/test_record.c
tests_unit_test_record_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_record_LDADD = $(RECORD_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_record_page
TESTS += tests/unit/test_record_page
tests_unit_test_record_page_SOURCES = tests/unit/test_record_page.c
tests_unit_test_record_page_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_record_page_LDADD = $(RECORD_LIBS) $(CMOCKA_LIBS)
