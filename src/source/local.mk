# Part of Makefile.am: src/source, floor 3.
noinst_LIBRARIES += src/source/libsource.a
src_source_libsource_a_SOURCES = \
	src/source/feed.c src/source/feed.h src/source/feed_private.h \
	src/source/feed_exchange.c \
	src/source/spool.c src/source/spool.h src/source/spool_private.h \
	src/source/spool_ahead.c \
	src/source/spool_file.c \
	src/source/spool_import.c \
	src/source/spool_reader.c \
	src/source/spool_rejects.c \
	src/source/spool_say.c \
	src/source/spool_take.c \
	src/source/spool_watch.c
