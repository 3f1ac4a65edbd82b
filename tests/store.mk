# Part of Makefile.am: tests of store.
