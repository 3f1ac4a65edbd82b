# Part of Makefile.am: src/source.
