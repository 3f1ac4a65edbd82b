# Part of Makefile.am: src/mock. The library is apart from main.c so that tests can link it.
noinst_LIBRARIES += src/mock/libmock.a
src_mock_libmock_a_SOURCES = \
	src/mock/answer.c src/mock/answer.h \
	src/mock/bundle.c src/mock/bundle.h \
	src/mock/control.c \
	src/mock/edge.c src/mock/edge.h \
	src/mock/exchange.c \
	src/mock/faults.c src/mock/faults.h \
	src/mock/feed.c src/mock/feed.h \
	src/mock/installed.c src/mock/installed.h \
	src/mock/ledger.c src/mock/ledger.h \
	src/mock/listener.c src/mock/listener.h \
	src/mock/multipart.c src/mock/multipart.h \
	src/mock/options.c src/mock/options.h \
	src/mock/pool.c src/mock/pool.h \
	src/mock/replay.c src/mock/replay.h \
	src/mock/route.c src/mock/route.h \
	src/mock/server.c src/mock/server.h src/mock/server_private.h \
	src/mock/service.c src/mock/service.h \
	src/mock/services.c src/mock/services.h src/mock/services_private.h \
	src/mock/services_body.c \
	src/mock/table.c src/mock/table.h

MOCK_LIBS = src/mock/libmock.a $(BASE_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS) $(JSONC_LIBS)

bin_PROGRAMS += certinstall-mock
certinstall_mock_SOURCES = src/mock/main.c
certinstall_mock_LDADD = $(MOCK_LIBS)
