# Part of Makefile.am: tests of config.
