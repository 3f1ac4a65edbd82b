# Part of Makefile.am: src/net.
