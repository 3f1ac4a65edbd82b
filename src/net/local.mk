# Part of Makefile.am: src/net, floor 2.
noinst_LIBRARIES += src/net/libnet.a
src_net_libnet_a_SOURCES = \
	src/net/http.c src/net/http.h \
	src/net/http_easy.c \
	src/net/http_fence.c \
	src/net/http_handshake.c src/net/http_handshake.h \
	src/net/http_judge.c \
	src/net/http_message.c src/net/http_message.h \
	src/net/http_private.h \
	src/net/http_socket.c \
	src/net/local_request.c src/net/local_request.h \
	src/net/loop.c src/net/loop.h \
	src/net/probe.c src/net/probe.h \
	src/net/resolve.c src/net/resolve.h
