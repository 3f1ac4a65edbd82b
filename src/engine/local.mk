# Part of Makefile.am: src/engine.
