# Part of Makefile.am: doc.
EXTRA_DIST += doc/performance.md
