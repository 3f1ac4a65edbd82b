# Part of Makefile.am: tests of mock, and the tool that makes a test estate.
check_PROGRAMS += tests/tools/make-estate
tests_tools_make_estate_SOURCES = \
	tests/tools/estate.h \
	tests/tools/estate_ca.c \
	tests/tools/estate_issue.c \
	tests/tools/estate_record.c \
	tests/tools/make-estate.c
tests_tools_make_estate_LDADD = $(BASE_LIBS) $(OPENSSL_LIBS) $(JSONC_LIBS)
