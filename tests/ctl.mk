# Part of Makefile.am: tests of ctl.
