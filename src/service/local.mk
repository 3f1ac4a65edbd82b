# Part of Makefile.am: src/service, floor 3.
noinst_LIBRARIES += src/service/libservice.a
src_service_libservice_a_SOURCES = \
	src/service/profile.c src/service/profile.h
