# Part of Makefile.am: src/pki.
