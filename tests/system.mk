# Part of Makefile.am: tests of system.
TESTS += tests/system/jobs.sh
EXTRA_DIST += tests/system/jobs.sh
TESTS += tests/system/run-once.sh
EXTRA_DIST += tests/system/run-once.sh

# What a program takes; for the benchmark.
check_PROGRAMS += tests/tools/measure
tests_tools_measure_SOURCES = tests/tools/measure.c

TESTS += tests/system/bench.sh
EXTRA_DIST += tests/system/bench.sh

# The daemon killed, its system calls failed, its disks and clocks against it.
against_it = tests/system/kill.sh tests/system/backfill-killed.sh tests/system/syscalls.sh \
	tests/system/disks.sh tests/system/clocks.sh
TESTS += $(against_it)
EXTRA_DIST += $(against_it)
TESTS += tests/system/environment.sh
EXTRA_DIST += tests/system/environment.sh
TESTS += tests/system/full.sh
EXTRA_DIST += tests/system/full.sh

check_PROGRAMS += tests/tools/notify-listen
tests_tools_notify_listen_SOURCES = tests/tools/notify-listen.c

# Of the whole programs; lib.sh is what they share.
system_tests = tests/system/backfill.sh tests/system/daemon.sh tests/system/ctl.sh \
	tests/system/reseal.sh tests/system/http2.sh tests/system/secrets.sh \
	tests/system/async.sh tests/system/verify.sh tests/system/hours.sh
TESTS += $(system_tests)
EXTRA_DIST += $(system_tests) tests/system/lib.sh tests/system/keys.sh \
	tests/tools/search-memory scripts/common.sh scripts/scratch.sh
TESTS += tests/system/faults.sh
EXTRA_DIST += tests/system/faults.sh
TESTS += tests/system/throttle.sh
EXTRA_DIST += tests/system/throttle.sh
TESTS += tests/system/twins.sh
EXTRA_DIST += tests/system/twins.sh

# With programs of the distribution that take certificates. LXD's (root, an installed lxd) is run by
# hand.
server_tests = tests/system/servers/caddy.sh tests/system/servers/nginx.sh
TESTS += $(server_tests)
EXTRA_DIST += $(server_tests) tests/system/servers/lxd.sh tests/system/servers/common.sh
TESTS += tests/system/backup.sh
EXTRA_DIST += tests/system/backup.sh

TESTS += tests/system/feed.sh
EXTRA_DIST += tests/system/feed.sh
TESTS += tests/system/succession.sh
EXTRA_DIST += tests/system/succession.sh
TESTS += tests/system/forecast.sh
EXTRA_DIST += tests/system/forecast.sh

TESTS += tests/system/migration.sh
EXTRA_DIST += tests/system/migration.sh
TESTS += tests/system/acts.sh
EXTRA_DIST += tests/system/acts.sh
TESTS += tests/system/completion.sh
EXTRA_DIST += tests/system/completion.sh
TESTS += tests/system/alerts.sh
EXTRA_DIST += tests/system/alerts.sh
check_PROGRAMS += tests/tools/many-connections
tests_tools_many_connections_SOURCES = tests/tools/many-connections.c
TESTS += tests/system/admin.sh
EXTRA_DIST += tests/system/admin.sh

# The journal and what explains it.
TESTS += tests/system/journal.sh tests/system/catalogue.sh
EXTRA_DIST += tests/system/journal.sh tests/system/catalogue.sh

TESTS += tests/system/units.sh
EXTRA_DIST += tests/system/units.sh
# In a real systemd, by scripts/container.
EXTRA_DIST += tests/container/run tests/container/lib.sh tests/container/probe.py \
	tests/container/cases/10-install.sh tests/container/cases/20-service.sh \
	tests/container/cases/30-hardening.sh tests/container/cases/40-admin-socket.sh \
	tests/container/cases/50-run-once.sh tests/container/cases/60-autopkgtest.sh \
	tests/container/cases/80-upgrade.sh tests/container/cases/90-purge.sh

# What is written for people.
TESTS += tests/system/readme.sh
EXTRA_DIST += tests/system/readme.sh
