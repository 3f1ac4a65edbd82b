# Part of Makefile.am: the simulation. The loop, the transport and the probe are its own, so that
# those of the library stay out; what is wrapped is pki's examination, which would take nearly all of
# the time, and its randomness.
check_PROGRAMS += tests/sim/simulate
TESTS += tests/sim/simulate
tests_sim_simulate_SOURCES = tests/sim/decisions.c tests/sim/dice.c tests/sim/dice.h \
	tests/sim/disk.c tests/sim/disk.h \
	tests/sim/disk_private.h tests/sim/disk_vfs.c tests/sim/estate.c tests/sim/faults.c \
	tests/sim/invariants.c tests/sim/invariants_due.c tests/sim/invariants_effect.c \
	tests/sim/invariants_end.c tests/sim/operators.c tests/sim/process.c tests/sim/services.c \
	tests/sim/sim.h tests/sim/sim_feed.c tests/sim/sim_http.c tests/sim/sim_keys.c \
	tests/sim/sim_loop.c tests/sim/sim_pki.c tests/sim/sim_probe.c tests/sim/simulate.c tests/sim/sources.c \
	tests/sim/trace.c tests/sim/world.c
tests_sim_simulate_CPPFLAGS = $(engine_cppflags) -I$(top_srcdir)/tests/sim
tests_sim_simulate_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pki_new -Wl,--wrap=pki_free \
	-Wl,--wrap=pki_ref -Wl,--wrap=pki_examine -Wl,--wrap=pki_make_pkcs12 \
	-Wl,--wrap=pki_random -Wl,--wrap=look_start
tests_sim_simulate_LDADD = src/ops/libops.a $(ENGINE_LIBS)
