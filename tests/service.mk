# Part of Makefile.am: tests of service.
