# Part of Makefile.am: systemd. The templates are filled at make time, when the paths are known whole.
spooldir = $(localstatedir)/spool/certinstalld
statedir = $(localstatedir)/lib/certinstalld
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d

systemd_services = systemd/certinstalld.service systemd/certinstalld-run-once@.service
systemd_others = systemd/certinstalld-admin.socket $(sysusers_DATA) $(tmpfiles_DATA)
systemdsystemunit_DATA = $(systemd_services) systemd/certinstalld-admin.socket
sysusers_DATA = systemd/sysusers.d/certinstalld.conf
tmpfiles_DATA = systemd/tmpfiles.d/certinstalld.conf

systemd_filled = $(systemd_services) $(systemd_others)
EXTRA_DIST += systemd/hardening.in systemd/certinstalld.service.in \
	systemd/certinstalld-run-once@.service.in systemd/certinstalld-admin.socket.in \
	systemd/sysusers.d/certinstalld.conf.in systemd/tmpfiles.d/certinstalld.conf.in
CLEANFILES += $(systemd_filled)

systemd_fill = sed -e '/^@hardening[@]$$/{' -e 'r $(srcdir)/systemd/hardening.in' -e 'd' -e '}' \
	$(srcdir)/$@.in | sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@libdir[@]|$(libdir)|g' \
		-e 's|@sysconfdir[@]|$(sysconfdir)|g' -e 's|@runstatedir[@]|$(runstatedir)|g' \
		-e 's|@spooldir[@]|$(spooldir)|g' -e 's|@statedir[@]|$(statedir)|g'

systemd/certinstalld.service: $(srcdir)/systemd/certinstalld.service.in
systemd/certinstalld-run-once@.service: $(srcdir)/systemd/certinstalld-run-once@.service.in
systemd/certinstalld-admin.socket: $(srcdir)/systemd/certinstalld-admin.socket.in
systemd/sysusers.d/certinstalld.conf: $(srcdir)/systemd/sysusers.d/certinstalld.conf.in
systemd/tmpfiles.d/certinstalld.conf: $(srcdir)/systemd/tmpfiles.d/certinstalld.conf.in
$(systemd_services): $(srcdir)/systemd/hardening.in

$(systemd_filled): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(systemd_fill) > $@.part && mv $@.part $@

# What journalctl -x explains the log's entries with.
catalogdir = $(prefix)/lib/systemd/catalog
catalog_DATA = systemd/certinstalld.catalog systemd/certinstalld.ja.catalog
EXTRA_DIST += $(catalog_DATA)
