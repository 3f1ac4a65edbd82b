# Part of Makefile.am: tests of store.
STORE_LIBS = src/store/libstore.a $(BASE_LIBS) $(SQLITE_LIBS)

check_PROGRAMS += tests/contract/test_store tests/unit/test_store_sqlite
TESTS += tests/contract/test_store tests/unit/test_store_sqlite
check_PROGRAMS += tests/contract/test_store_waits
TESTS += tests/contract/test_store_waits
tests_contract_test_store_waits_SOURCES = tests/contract/test_store_waits.c
tests_contract_test_store_waits_CFLAGS = $(TEST_CFLAGS)
tests_contract_test_store_waits_LDADD = $(STORE_LIBS) $(CMOCKA_LIBS)
tests_contract_test_store_SOURCES = tests/contract/test_store.c
tests_contract_test_store_CFLAGS = $(TEST_CFLAGS)
tests_contract_test_store_LDADD = $(STORE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_store_sqlite_SOURCES = tests/unit/test_store_sqlite.c tests/unit/store_faults.c \
	tests/unit/store_faults.h
tests_unit_test_store_sqlite_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_store_sqlite_LDADD = $(STORE_LIBS) $(CMOCKA_LIBS)

# Measures, judges nothing: make tests/bench/bench_store && tests/bench/bench_store [JOBS]
EXTRA_PROGRAMS += tests/bench/bench_store
tests_bench_bench_store_SOURCES = tests/bench/bench_store.c
tests_bench_bench_store_LDADD = $(STORE_LIBS)
CLEANFILES += $(EXTRA_PROGRAMS)

check_PROGRAMS += tests/contract/test_store_copy
TESTS += tests/contract/test_store_copy
tests_contract_test_store_copy_SOURCES = tests/contract/test_store_copy.c \
	tests/unit/store_faults.c tests/unit/store_faults.h
tests_contract_test_store_copy_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests/unit
tests_contract_test_store_copy_CFLAGS = $(TEST_CFLAGS)
tests_contract_test_store_copy_LDADD = src/store/libstore.a src/domain/libdomain.a $(BASE_LIBS) $(SQLITE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/contract/test_store_feeds
TESTS += tests/contract/test_store_feeds
tests_contract_test_store_feeds_SOURCES = tests/contract/test_store_feeds.c
tests_contract_test_store_feeds_CFLAGS = $(TEST_CFLAGS)
tests_contract_test_store_feeds_LDADD = $(STORE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/contract/test_store_tenants
TESTS += tests/contract/test_store_tenants
tests_contract_test_store_tenants_SOURCES = tests/contract/test_store_tenants.c
tests_contract_test_store_tenants_CFLAGS = $(TEST_CFLAGS)
tests_contract_test_store_tenants_LDADD = $(STORE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/contract/test_store_forecast
TESTS += tests/contract/test_store_forecast
tests_contract_test_store_forecast_SOURCES = tests/contract/test_store_forecast.c
tests_contract_test_store_forecast_CFLAGS = $(TEST_CFLAGS)
tests_contract_test_store_forecast_LDADD = $(STORE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/contract/test_store_replacing
TESTS += tests/contract/test_store_replacing
tests_contract_test_store_replacing_SOURCES = tests/contract/test_store_replacing.c
tests_contract_test_store_replacing_CFLAGS = $(TEST_CFLAGS)
tests_contract_test_store_replacing_LDADD = $(STORE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/contract/test_store_return
TESTS += tests/contract/test_store_return
tests_contract_test_store_return_SOURCES = tests/contract/test_store_return.c
tests_contract_test_store_return_CFLAGS = $(TEST_CFLAGS)
tests_contract_test_store_return_LDADD = src/store/libstore.a src/domain/libdomain.a $(BASE_LIBS) $(SQLITE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/contract/test_store_acts
TESTS += tests/contract/test_store_acts
tests_contract_test_store_acts_SOURCES = tests/contract/test_store_acts.c
tests_contract_test_store_acts_CFLAGS = $(TEST_CFLAGS)
tests_contract_test_store_acts_LDADD = $(STORE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/contract/test_store_views
TESTS += tests/contract/test_store_views
tests_contract_test_store_views_SOURCES = tests/contract/test_store_views.c
tests_contract_test_store_views_CFLAGS = $(TEST_CFLAGS)
tests_contract_test_store_views_LDADD = $(STORE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/contract/test_store_counts
TESTS += tests/contract/test_store_counts
tests_contract_test_store_counts_SOURCES = tests/contract/test_store_counts.c
tests_contract_test_store_counts_CFLAGS = $(TEST_CFLAGS)
tests_contract_test_store_counts_LDADD = src/store/libstore.a src/domain/libdomain.a $(BASE_LIBS) $(SQLITE_LIBS) $(CMOCKA_LIBS)
