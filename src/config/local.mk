# Part of Makefile.am: src/config.
