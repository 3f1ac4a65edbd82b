# Part of Makefile.am: conf, the configuration as it is installed.
# The main file belongs to the operator: an existing one stays as it is. The profiles belong to the
# program; what is the operator's own is laid over them in the main file.
certinstalldconfdir = $(sysconfdir)/certinstalld
EXTRA_DIST += conf/certinstalld.conf

install-data-local:
	$(MKDIR_P) "$(DESTDIR)$(certinstalldconfdir)"
	test -e "$(DESTDIR)$(certinstalldconfdir)/certinstalld.conf" || \
		$(INSTALL_DATA) $(srcdir)/conf/certinstalld.conf "$(DESTDIR)$(certinstalldconfdir)"

uninstall-local:
	if cmp -s $(srcdir)/conf/certinstalld.conf \
		"$(DESTDIR)$(certinstalldconfdir)/certinstalld.conf"; then \
		rm -f "$(DESTDIR)$(certinstalldconfdir)/certinstalld.conf"; fi

servicesconfdir = $(sysconfdir)/certinstalld/services.d
dist_servicesconf_DATA = \
	conf/services.d/cloud-hosting.conf \
	conf/services.d/docex.conf \
	conf/services.d/gio-ca.conf \
	conf/services.d/idgw.conf \
	conf/services.d/waf-group.conf \
	conf/services.d/waf.conf \
	conf/services.d/webhg2.conf

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = \
	conf/completion/certinstallctl \
	conf/completion/certinstalld

# For monitoring: to be copied to where Prometheus and Grafana look for them.
monitoringdir = $(datadir)/certinstalld/monitoring
dist_monitoring_DATA = conf/alerts/certinstalld.rules.yml conf/grafana/certinstalld.json
EXTRA_DIST += conf/alerts/tests/certinstalld.test.yml conf/alerts/tests/certinstalld-days.test.yml
