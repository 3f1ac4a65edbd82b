# Part of Makefile.am: src/record.
