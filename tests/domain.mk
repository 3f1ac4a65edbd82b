# Part of Makefile.am: tests of domain.
DOMAIN_LIBS = src/domain/libdomain.a $(BASE_LIBS) $(IDN2_LIBS)
EXTRA_DIST += tests/data/syukujitsu-sample.csv

check_PROGRAMS += tests/unit/test_calendar
TESTS += tests/unit/test_calendar
tests_unit_test_calendar_SOURCES = tests/unit/test_calendar.c
tests_unit_test_calendar_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_calendar_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_holidays
TESTS += tests/unit/test_holidays
tests_unit_test_holidays_SOURCES = tests/unit/test_holidays.c
tests_unit_test_holidays_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_DATA='"$(abs_top_srcdir)/tests/data"'
tests_unit_test_holidays_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_holidays_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_schedule
TESTS += tests/unit/test_schedule
tests_unit_test_schedule_SOURCES = tests/unit/test_schedule.c
tests_unit_test_schedule_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_schedule_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_hostname
TESTS += tests/unit/test_hostname
tests_unit_test_hostname_SOURCES = tests/unit/test_hostname.c
tests_unit_test_hostname_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_hostname_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_catalogue
TESTS += tests/unit/test_catalogue
tests_unit_test_catalogue_SOURCES = tests/unit/test_catalogue.c
tests_unit_test_catalogue_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_catalogue_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_linkage
TESTS += tests/unit/test_linkage
tests_unit_test_linkage_SOURCES = tests/unit/test_linkage.c
tests_unit_test_linkage_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_linkage_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_backoff
TESTS += tests/unit/test_backoff
tests_unit_test_backoff_SOURCES = tests/unit/test_backoff.c
tests_unit_test_backoff_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_backoff_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_job
TESTS += tests/unit/test_job
tests_unit_test_job_SOURCES = tests/unit/test_job.c
tests_unit_test_job_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_job_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_plan
TESTS += tests/unit/test_plan
tests_unit_test_plan_SOURCES = tests/unit/test_plan.c
tests_unit_test_plan_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_plan_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_throttle
TESTS += tests/unit/test_throttle
tests_unit_test_throttle_SOURCES = tests/unit/test_throttle.c
tests_unit_test_throttle_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_throttle_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_hours
TESTS += tests/unit/test_hours
tests_unit_test_hours_SOURCES = tests/unit/test_hours.c
tests_unit_test_hours_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_hours_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_guard
TESTS += tests/unit/test_guard
tests_unit_test_guard_SOURCES = tests/unit/test_guard.c
tests_unit_test_guard_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_guard_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_succession
TESTS += tests/unit/test_succession
tests_unit_test_succession_SOURCES = tests/unit/test_succession.c
tests_unit_test_succession_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_succession_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_plan_property
TESTS += tests/unit/test_plan_property
tests_unit_test_plan_property_SOURCES = tests/unit/test_plan_property.c
tests_unit_test_plan_property_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_plan_property_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_forecast
TESTS += tests/unit/test_forecast
tests_unit_test_forecast_SOURCES = tests/unit/test_forecast.c
tests_unit_test_forecast_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_forecast_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)

domain_more = tests/unit/test_overdue tests/unit/test_checklist
check_PROGRAMS += $(domain_more)
TESTS += $(domain_more)
tests_unit_test_overdue_SOURCES = tests/unit/test_overdue.c
tests_unit_test_overdue_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_overdue_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_checklist_SOURCES = tests/unit/test_checklist.c
tests_unit_test_checklist_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_checklist_LDADD = $(DOMAIN_LIBS) $(CMOCKA_LIBS)
