# Part of Makefile.am: src/config, floor 4.
noinst_LIBRARIES += src/config/libconfig.a
src_config_libconfig_a_SOURCES = \
	src/config/config.c src/config/config.h src/config/config_private.h \
	src/config/config_check.c \
	src/config/config_groups.c \
	src/config/config_options.c \
	src/config/config_read.c
