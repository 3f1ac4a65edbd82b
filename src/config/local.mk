# Part of Makefile.am: src/config, floor 4.
noinst_LIBRARIES += src/config/libconfig.a
src_config_libconfig_a_SOURCES = \
	src/config/config.c src/config/config.h
