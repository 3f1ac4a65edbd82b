# Part of Makefile.am: src/base, floor 0.
noinst_LIBRARIES += src/base/libbase.a
# What is linked with base gets its heap.
BASE_LIBS = src/base/libbase.a $(MIMALLOC_LIBS)
src_base_libbase_a_SOURCES = \
	src/base/alloc.c src/base/alloc.h \
	src/base/buffer.c src/base/buffer.h \
	src/base/civil.c src/base/civil.h \
	src/base/clock.c src/base/clock.h \
	src/base/credentials.c src/base/credentials.h \
	src/base/error.c src/base/error.h \
	src/base/events.c src/base/events.def src/base/events.h \
	src/base/file.c src/base/file.h \
	src/base/heap.c src/base/heap.h \
	src/base/lean_library.c src/base/lean_library.h \
	src/base/log.c src/base/log.h \
	src/base/measure.c src/base/measure.h \
	src/base/text.c src/base/text.h \
	src/base/words.c src/base/words.h
