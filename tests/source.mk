# Part of Makefile.am: tests of source.
