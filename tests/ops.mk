# Part of Makefile.am: tests of ops.
check_PROGRAMS += tests/unit/test_ops tests/unit/test_privilege
TESTS += tests/unit/test_ops tests/unit/test_privilege
tests_unit_test_ops_SOURCES = tests/unit/test_ops.c
tests_unit_test_ops_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_ops_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sd_journal_sendv
tests_unit_test_ops_LDADD = src/ops/libops.a $(BASE_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)

tests_unit_test_privilege_SOURCES = tests/unit/test_privilege.c
tests_unit_test_privilege_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_privilege_LDADD = src/ops/libops.a $(BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_act
TESTS += tests/unit/test_act
tests_unit_test_act_SOURCES = tests/unit/test_act.c $(engine_fixture)
tests_unit_test_act_CPPFLAGS = $(engine_cppflags)
tests_unit_test_act_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_act_LDADD = src/ops/libops.a $(ENGINE_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)

# The views, on the engine's fixture.
check_PROGRAMS += tests/unit/test_view_why
TESTS += tests/unit/test_view_why
tests_unit_test_view_why_SOURCES = tests/unit/test_view_why.c $(engine_fixture)
tests_unit_test_view_why_CPPFLAGS = $(engine_cppflags)
tests_unit_test_view_why_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_view_why_LDADD = src/ops/libops.a $(ENGINE_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_view
TESTS += tests/unit/test_view
tests_unit_test_view_SOURCES = tests/unit/test_view.c $(engine_fixture)
tests_unit_test_view_CPPFLAGS = $(engine_cppflags)
tests_unit_test_view_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_view_LDADD = src/ops/libops.a $(ENGINE_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)

# The admin socket and the metrics. The system's users are told by the test.
admin_tests = tests/unit/test_admin_refusals tests/unit/test_admin_rights \
	tests/unit/test_admin_route tests/unit/test_metrics
check_PROGRAMS += $(admin_tests)
TESTS += $(admin_tests)
tests_unit_test_admin_refusals_SOURCES = tests/unit/test_admin_refusals.c
tests_unit_test_admin_refusals_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_admin_refusals_LDADD = src/ops/libops.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_admin_rights_SOURCES = tests/unit/test_admin_rights.c
tests_unit_test_admin_rights_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_admin_rights_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getpwuid_r \
	-Wl,--wrap=getgrnam_r -Wl,--wrap=getgrouplist
tests_unit_test_admin_rights_LDADD = src/ops/libops.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_admin_route_SOURCES = tests/unit/test_admin_route.c
tests_unit_test_admin_route_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_admin_route_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
tests_unit_test_metrics_SOURCES = tests/unit/test_metrics.c
tests_unit_test_metrics_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_metrics_LDADD = $(DAEMON_LIBS) $(CMOCKA_LIBS)
