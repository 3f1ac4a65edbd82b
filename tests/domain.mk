# Part of Makefile.am: tests of domain.
