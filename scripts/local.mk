# Part of Makefile.am: scripts.
TESTS += scripts/check-floors
EXTRA_DIST += scripts/check-floors scripts/lint scripts/cppcheck.suppressions
