# Part of Makefile.am: src/mock.
