# Part of Makefile.am: tests of base.
base_tests = tests/unit/test_base tests/unit/test_base_civil tests/unit/test_base_file \
	tests/unit/test_base_heap \
	tests/unit/test_base_text tests/unit/test_base_wipe
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

tests_unit_test_base_SOURCES = tests/unit/test_base.c
tests_unit_test_base_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_base_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_base_civil_SOURCES = tests/unit/test_base_civil.c
tests_unit_test_base_civil_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_base_civil_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_base_file_SOURCES = tests/unit/test_base_file.c
tests_unit_test_base_file_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_base_file_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_base_heap_SOURCES = tests/unit/test_base_heap.c
tests_unit_test_base_heap_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_base_heap_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_base_text_SOURCES = tests/unit/test_base_text.c
tests_unit_test_base_text_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_base_text_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

# The linker hands every free() of base to the test first, which looks at what is given up.
tests_unit_test_base_wipe_SOURCES = tests/unit/test_base_wipe.c
tests_unit_test_base_wipe_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_base_wipe_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free -Wl,--wrap=vasprintf
tests_unit_test_base_wipe_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
