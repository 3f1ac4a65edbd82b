# Part of Makefile.am: scripts.
