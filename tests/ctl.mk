# Part of Makefile.am: tests of ctl.
TESTS += tests/system/explain.sh
EXTRA_DIST += tests/system/explain.sh
