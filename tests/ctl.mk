# Part of Makefile.am: tests of ctl.
TESTS += tests/system/explain.sh
EXTRA_DIST += tests/system/explain.sh

check_PROGRAMS += tests/unit/test_forecast_view
TESTS += tests/unit/test_forecast_view
tests_unit_test_forecast_view_SOURCES = tests/unit/test_forecast_view.c
tests_unit_test_forecast_view_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_forecast_view_LDADD = $(certinstallctl_LDADD) $(CMOCKA_LIBS)
TESTS += tests/system/operators.sh
EXTRA_DIST += tests/system/operators.sh
