# Part of Makefile.am: src/record, floor 2.
noinst_LIBRARIES += src/record/librecord.a
src_record_librecord_a_SOURCES = \
	src/record/record.c \
	src/record/record.h \
	src/record/record_canonical.c \
	src/record/record_page.c \
	src/record/record_page.h \
	src/record/record_private.h \
	src/record/record_json.c \
	src/record/record_json.h
