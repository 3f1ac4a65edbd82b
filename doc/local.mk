# Part of Makefile.am: doc.
dist_man_MANS = doc/certinstalld.8 doc/certinstallctl.1 doc/certinstalld.conf.5 \
	doc/certinstalld-service.5 doc/certinstall-mock.1
EXTRA_DIST += doc/architecture.md doc/journal.md doc/performance.md \
	doc/reliability.md doc/runbook.md doc/services.md \
	doc/examples/services.d/caddy.conf \
	doc/examples/services.d/lxd.conf \
	doc/examples/services.d/nginx.conf
