# Part of Makefile.am: src/service, floor 3.
noinst_LIBRARIES += src/service/libservice.a
src_service_libservice_a_SOURCES = \
	src/service/build.c src/service/build_private.h \
	src/service/build_body.c \
	src/service/judge.c src/service/judge_private.h \
	src/service/judge_follow.c \
	src/service/judge_read_back.c \
	src/service/options.c src/service/options.h src/service/options_private.h \
	src/service/options_apply.c \
	src/service/options_comments.c \
	src/service/options_file.c \
	src/service/profile.c src/service/profile.h src/service/profile_private.h \
	src/service/profile_options.c src/service/profile_options.h \
	src/service/profile_sections.c \
	src/service/profile_settle.c \
	src/service/profile_step.c \
	src/service/profile_values.c src/service/profile_values.h \
	src/service/redact.c src/service/redact.h \
	src/service/remote.c src/service/remote.h \
	src/service/template.c src/service/template.h
