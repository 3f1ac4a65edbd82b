# Part of Makefile.am: src/daemon.
