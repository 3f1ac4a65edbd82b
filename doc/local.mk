# Part of Makefile.am: doc.
EXTRA_DIST += doc/journal.md doc/performance.md doc/reliability.md doc/services.md \
	doc/examples/services.d/caddy.conf \
	doc/examples/services.d/lxd.conf \
	doc/examples/services.d/nginx.conf
