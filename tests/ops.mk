# Part of Makefile.am: tests of ops.
