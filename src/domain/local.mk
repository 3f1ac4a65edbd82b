# Part of Makefile.am: src/domain.
