# Part of Makefile.am: tests of net.
