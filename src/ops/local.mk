# Part of Makefile.am: src/ops, floor 6.
noinst_LIBRARIES += src/ops/libops.a
src_ops_libops_a_SOURCES = \
	src/ops/act.c src/ops/act.h src/ops/act_private.h \
	src/ops/act_import.c \
	src/ops/act_jobs.c \
	src/ops/act_pause.c \
	src/ops/act_release.c \
	src/ops/json_say.c src/ops/json_say.h \
	src/ops/admin.c src/ops/admin.h src/ops/admin_private.h \
	src/ops/admin_http.c \
	src/ops/admin_refusals.c src/ops/admin_refusals.h \
	src/ops/admin_rights.c src/ops/admin_rights.h \
	src/ops/admin_socket.c src/ops/admin_socket.h \
	src/ops/metrics.c src/ops/metrics.h src/ops/metrics_private.h \
	src/ops/metrics_live.c \
	src/ops/metrics_progress.c \
	src/ops/metrics_stored.c \
	src/ops/metrics_text.c \
	src/ops/pulse.c src/ops/pulse.h \
	src/ops/route.c src/ops/route.h src/ops/route_private.h \
	src/ops/route_acts.c \
	src/ops/route_views.c \
	src/ops/journal.c src/ops/journal.h src/ops/journal_private.h \
	src/ops/notify.c src/ops/notify.h \
	src/ops/privilege.c src/ops/privilege.h \
	src/ops/view.h src/ops/view_private.h \
	src/ops/view_case.c \
	src/ops/view_job.c \
	src/ops/view_jobs.c \
	src/ops/view_rejected.c \
	src/ops/view_reasons.c \
	src/ops/view_similar.c \
	src/ops/view_status.c \
	src/ops/view_story.c \
	src/ops/view_why.c
