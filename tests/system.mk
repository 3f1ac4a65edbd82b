# Part of Makefile.am: tests of system.
TESTS += tests/system/jobs.sh
EXTRA_DIST += tests/system/jobs.sh
TESTS += tests/system/run-once.sh
EXTRA_DIST += tests/system/run-once.sh
