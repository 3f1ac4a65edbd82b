# Part of Makefile.am: tests of system.
