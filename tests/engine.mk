# Part of Makefile.am: tests of engine. The transport and the probe are the fixture's own, so that
# http.o and probe.o of the library stay out.
engine_tests = tests/unit/test_attempt tests/unit/test_attempt_guard tests/unit/test_intake \
	tests/unit/test_leases tests/unit/test_pump tests/unit/test_settle \
	tests/unit/test_token tests/unit/test_worker
check_PROGRAMS += $(engine_tests)
TESTS += $(engine_tests)
ENGINE_LIBS = src/engine/libengine.a src/config/libconfig.a src/source/libsource.a \
	src/service/libservice.a src/net/libnet.a src/store/libstore.a src/record/librecord.a \
	src/pki/libpki.a src/domain/libdomain.a $(BASE_LIBS) \
	$(CURL_LIBS) $(EVENT_LIBS) $(SQLITE_LIBS) $(OPENSSL_LIBS) $(CONFUSE_LIBS) $(JSONC_LIBS) \
	$(IDN2_LIBS)
engine_fixture = tests/unit/engine_fixture.c tests/unit/engine_fixture.h \
	tests/unit/pki_fixture.c tests/unit/pki_fixture.h \
	tests/unit/store_faults.c tests/unit/store_faults.h
engine_cppflags = $(AM_CPPFLAGS) -DTEST_SOURCE='"$(abs_top_srcdir)"'

tests_unit_test_attempt_SOURCES = tests/unit/test_attempt.c $(engine_fixture)
tests_unit_test_attempt_CPPFLAGS = $(engine_cppflags)
tests_unit_test_attempt_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_attempt_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_attempt_guard_SOURCES = tests/unit/test_attempt_guard.c $(engine_fixture)
tests_unit_test_attempt_guard_CPPFLAGS = $(engine_cppflags)
tests_unit_test_attempt_guard_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_attempt_guard_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_intake_SOURCES = tests/unit/test_intake.c $(engine_fixture)
tests_unit_test_intake_CPPFLAGS = $(engine_cppflags)
tests_unit_test_intake_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_intake_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_pump_SOURCES = tests/unit/test_pump.c $(engine_fixture)
tests_unit_test_pump_CPPFLAGS = $(engine_cppflags)
tests_unit_test_pump_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_pump_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_settle_SOURCES = tests/unit/test_settle.c
tests_unit_test_settle_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_settle_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_token_SOURCES = tests/unit/test_token.c
tests_unit_test_token_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_token_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=file_read
tests_unit_test_token_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_worker_SOURCES = tests/unit/test_worker.c $(engine_fixture)
tests_unit_test_worker_CPPFLAGS = $(engine_cppflags)
tests_unit_test_worker_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_worker_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_leases_SOURCES = tests/unit/test_leases.c $(engine_fixture)
tests_unit_test_leases_CPPFLAGS = $(engine_cppflags)
tests_unit_test_leases_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_leases_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_take_page
TESTS += tests/unit/test_take_page
tests_unit_test_take_page_SOURCES = tests/unit/test_take_page.c $(engine_fixture)
tests_unit_test_take_page_CPPFLAGS = $(engine_cppflags)
tests_unit_test_take_page_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_take_page_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_succession_intake
TESTS += tests/unit/test_succession_intake
tests_unit_test_succession_intake_SOURCES = tests/unit/test_succession_intake.c $(engine_fixture)
tests_unit_test_succession_intake_CPPFLAGS = $(engine_cppflags)
tests_unit_test_succession_intake_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_succession_intake_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_overdue_watch
TESTS += tests/unit/test_overdue_watch
tests_unit_test_overdue_watch_SOURCES = tests/unit/test_overdue_watch.c
tests_unit_test_overdue_watch_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_overdue_watch_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_examine
TESTS += tests/unit/test_examine
tests_unit_test_examine_SOURCES = tests/unit/test_examine.c $(engine_fixture)
tests_unit_test_examine_CPPFLAGS = $(engine_cppflags)
tests_unit_test_examine_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_examine_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_writer
TESTS += tests/unit/test_writer
tests_unit_test_writer_SOURCES = tests/unit/test_writer.c $(engine_fixture)
tests_unit_test_writer_CPPFLAGS = $(engine_cppflags)
tests_unit_test_writer_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_writer_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_events
TESTS += tests/unit/test_events
tests_unit_test_events_SOURCES = tests/unit/test_events.c $(engine_fixture)
tests_unit_test_events_CPPFLAGS = $(engine_cppflags)
tests_unit_test_events_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_events_LDADD = $(ENGINE_LIBS) $(CMOCKA_LIBS)
