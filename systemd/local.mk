# Part of Makefile.am: systemd. The templates are filled at make time, when the paths are known whole.
spooldir = $(localstatedir)/spool/certinstalld
statedir = $(localstatedir)/lib/certinstalld
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d

systemdsystemunit_DATA = systemd/certinstalld.service
sysusers_DATA = systemd/sysusers.d/certinstalld.conf
tmpfiles_DATA = systemd/tmpfiles.d/certinstalld.conf

systemd_filled = $(systemdsystemunit_DATA) $(sysusers_DATA) $(tmpfiles_DATA)
EXTRA_DIST += systemd/certinstalld.service.in systemd/sysusers.d/certinstalld.conf.in \
	systemd/tmpfiles.d/certinstalld.conf.in
CLEANFILES += $(systemd_filled)

systemd/certinstalld.service: $(srcdir)/systemd/certinstalld.service.in Makefile
systemd/sysusers.d/certinstalld.conf: $(srcdir)/systemd/sysusers.d/certinstalld.conf.in Makefile
systemd/tmpfiles.d/certinstalld.conf: $(srcdir)/systemd/tmpfiles.d/certinstalld.conf.in Makefile

$(systemd_filled):
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's|@sbindir[@]|$(sbindir)|g' \
		-e 's|@sysconfdir[@]|$(sysconfdir)|g' -e 's|@spooldir[@]|$(spooldir)|g' \
		-e 's|@statedir[@]|$(statedir)|g' $(srcdir)/$@.in > $@.part && mv $@.part $@

# What journalctl -x explains the log's entries with.
catalogdir = $(prefix)/lib/systemd/catalog
catalog_DATA = systemd/certinstalld.catalog systemd/certinstalld.ja.catalog
EXTRA_DIST += $(catalog_DATA)
