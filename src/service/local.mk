# Part of Makefile.am: src/service, floor 3.
noinst_LIBRARIES += src/service/libservice.a
src_service_libservice_a_SOURCES = \
	src/service/build.c \
	src/service/judge.c \
	src/service/options.c src/service/options.h \
	src/service/options_file.c \
	src/service/profile.c src/service/profile.h \
	src/service/profile_options.c src/service/profile_options.h \
	src/service/redact.c src/service/redact.h \
	src/service/template.c src/service/template.h
