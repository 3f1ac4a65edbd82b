# Part of Makefile.am: tests. Each floor's tests are in a file of their own.
TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

include tests/base.mk
include tests/domain.mk
include tests/pki.mk
include tests/record.mk
include tests/service.mk
include tests/store.mk
include tests/net.mk
include tests/config.mk
include tests/source.mk
include tests/engine.mk
include tests/sim.mk
include tests/ops.mk
include tests/ctl.mk
include tests/mock.mk
include tests/system.mk
include tests/fuzz.mk
include tests/bench.mk
include tests/words.mk
include tests/manual.mk

# The tests that are programs of ours, without those that run scripts: for builds with sanitizers.
print-unit-tests:
	@echo $(filter tests/unit/% tests/contract/% tests/fuzz/% tests/sim/%,$(TESTS))
.PHONY: print-unit-tests fuzzers
