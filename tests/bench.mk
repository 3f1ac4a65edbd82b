# Part of Makefile.am: what scripts/bench compares the program with.
check_PROGRAMS += tests/bench/claims tests/bench/handshakes tests/bench/plain_checks
tests_bench_claims_SOURCES = tests/bench/claims.c
tests_bench_claims_LDADD = src/store/libstore.a src/domain/libdomain.a $(BASE_LIBS) $(SQLITE_LIBS)
# Plain programs, with the heap that a plain program has: without base, which brings its own.
tests_bench_handshakes_SOURCES = tests/bench/handshakes.c
tests_bench_handshakes_LDADD = $(OPENSSL_LIBS)
tests_bench_plain_checks_SOURCES = tests/bench/plain_checks.c
tests_bench_plain_checks_LDADD = $(OPENSSL_LIBS) $(JSONC_LIBS)

# For LD_PRELOAD, so never with a sanitizer of its own.
check_DATA = tests/tools/slow-sync.so
tests/tools/slow-sync.so: tests/tools/slow_sync.c
	$(AM_V_CC)$(MKDIR_P) tests/tools && $(CC) $(DEFS) $(AM_CPPFLAGS) $(CPPFLAGS) -std=gnu17 \
		$(WARN_CFLAGS) -O2 -g -fPIC -shared -o $@ $(srcdir)/tests/tools/slow_sync.c -ldl
EXTRA_DIST += tests/tools/slow_sync.c
CLEANFILES += tests/tools/slow-sync.so
# Kept by scripts/bench, and dear to make.
DISTCLEANFILES = bench-keys.pem
