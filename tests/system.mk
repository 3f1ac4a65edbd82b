# Part of Makefile.am: tests of system.
TESTS += tests/system/jobs.sh
EXTRA_DIST += tests/system/jobs.sh
