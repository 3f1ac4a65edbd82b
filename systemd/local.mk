# Part of Makefile.am: systemd.
