# Part of Makefile.am: src/ops.
