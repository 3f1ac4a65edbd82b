# Part of Makefile.am: scripts.
TESTS += scripts/check-floors
EXTRA_DIST += scripts/check-floors scripts/lint scripts/cppcheck.suppressions
EXTRA_DIST += scripts/container
EXTRA_DIST += scripts/bench scripts/bench-mock scripts/bench-rows.sh scripts/bench-sink.sh
EXTRA_DIST += scripts/common.sh scripts/scratch.sh
EXTRA_DIST += scripts/bench-isolation
EXTRA_DIST += scripts/soak scripts/words
TESTS += scripts/check-events
EXTRA_DIST += scripts/check-events
