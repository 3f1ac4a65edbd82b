# Part of Makefile.am: src/store.
