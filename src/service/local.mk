# Part of Makefile.am: src/service.
