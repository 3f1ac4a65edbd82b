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

TESTS += tests/system/kill.sh
EXTRA_DIST += tests/system/kill.sh
TESTS += tests/system/environment.sh
EXTRA_DIST += tests/system/environment.sh
TESTS += tests/system/full.sh
EXTRA_DIST += tests/system/full.sh
