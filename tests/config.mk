# Part of Makefile.am: tests of config.
check_PROGRAMS += tests/unit/test_config
TESTS += tests/unit/test_config
tests_unit_test_config_SOURCES = tests/unit/test_config.c
tests_unit_test_config_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_config_CPPFLAGS = $(AM_CPPFLAGS) -DSHIPPED_CONF='"$(abs_top_srcdir)/conf"'
tests_unit_test_config_LDADD = src/config/libconfig.a $(SERVICE_LIBS) $(CMOCKA_LIBS)
