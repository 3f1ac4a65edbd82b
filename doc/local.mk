# Part of Makefile.am: doc.
