# Part of Makefile.am: tests of record.
