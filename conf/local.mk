# Part of Makefile.am: conf.
