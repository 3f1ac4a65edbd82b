# Part of Makefile.am: src/daemon, floor 7.
DAEMON_LIBS = src/ops/libops.a src/engine/libengine.a src/config/libconfig.a \
	src/source/libsource.a src/service/libservice.a src/net/libnet.a src/store/libstore.a \
	src/record/librecord.a src/pki/libpki.a src/domain/libdomain.a $(BASE_LIBS) \
	$(CURL_LIBS) $(EVENT_LIBS) $(SQLITE_LIBS) $(OPENSSL_LIBS) $(SYSTEMD_LIBS) $(CONFUSE_LIBS) \
	$(JSONC_LIBS) $(IDN2_LIBS)

noinst_LIBRARIES += src/daemon/libdaemon.a
src_daemon_libdaemon_a_SOURCES = \
	src/daemon/certinstalld.c \
	src/daemon/daemon.c src/daemon/daemon.h \
	src/daemon/dry_run.c src/daemon/dry_run.h \
	src/daemon/left.c src/daemon/left.h \
	src/daemon/options.c src/daemon/options.h \
	src/daemon/run_once.c \
	src/daemon/runtime.c src/daemon/runtime.h \
	src/daemon/tally.c src/daemon/tally.h \
	src/daemon/watched.c src/daemon/watched.h

sbin_PROGRAMS += certinstalld
certinstalld_SOURCES = src/daemon/main.c
certinstalld_LDADD = src/daemon/libdaemon.a $(DAEMON_LIBS)
