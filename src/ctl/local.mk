# Part of Makefile.am: src/ctl.
