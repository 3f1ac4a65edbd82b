# Part of Makefile.am: tests of pki.
