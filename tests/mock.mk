# Part of Makefile.am: tests of mock.
