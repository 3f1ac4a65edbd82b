# Part of Makefile.am: the manual's pages against the programs.
check_PROGRAMS += tests/tools/describe-options
# The pages speak of the places of an installed package, whatever this build's are.
tests_tools_describe_options_SOURCES = tests/tools/describe-options.c src/config/config_options.c
tests_tools_describe_options_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/src -I$(top_builddir) \
	-DSYSCONFDIR='"/etc"' -DLOCALSTATEDIR='"/var"' -DRUNSTATEDIR='"/run"'
tests_tools_describe_options_LDADD = src/config/libconfig.a $(SERVICE_LIBS)

TESTS += tests/system/manual.sh
EXTRA_DIST += tests/system/manual.sh
