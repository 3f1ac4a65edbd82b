# Part of Makefile.am: tests of engine.
