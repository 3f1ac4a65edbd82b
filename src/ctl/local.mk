# Part of Makefile.am: src/ctl, floor 7.
bin_PROGRAMS += certinstallctl
noinst_LIBRARIES += src/ctl/libctl.a
src_ctl_libctl_a_SOURCES = \
	src/ctl/act_asked.c src/ctl/act_asked.h \
	src/ctl/act_text.c src/ctl/act_text.h \
	src/ctl/asker.c src/ctl/asker.h \
	src/ctl/answers.c src/ctl/answers.h \
	src/ctl/ask_acts.c src/ctl/ask_acts.h \
	src/ctl/ask_views.c src/ctl/ask_views.h \
	src/ctl/calendar_request.c src/ctl/calendar_request.h \
	src/ctl/examine.c src/ctl/examine.h \
	src/ctl/explain_json.c \
	src/ctl/explain_pairs.c src/ctl/explain_pairs.h \
	src/ctl/explain_render.h \
	src/ctl/explain_text.c \
	src/ctl/forecast_json.c \
	src/ctl/forecast_options.c src/ctl/forecast_options.h \
	src/ctl/forecast_text.c \
	src/ctl/forecast_view.c src/ctl/forecast_view.h \
	src/ctl/migration_gather.c src/ctl/migration_gather.h \
	src/ctl/migration_json.c \
	src/ctl/migration_records.c \
	src/ctl/migration_render.h \
	src/ctl/migration_stored.c \
	src/ctl/migration_text.c \
	src/ctl/store_request.c src/ctl/store_request.h \
	src/ctl/verb_acts.c src/ctl/verb_acts.h \
	src/ctl/table.c src/ctl/table.h \
	src/ctl/terminal.c src/ctl/terminal.h \
	src/ctl/verb_backup.c src/ctl/verb_backup.h \
	src/ctl/verb_calendar.c src/ctl/verb_calendar.h \
	src/ctl/verb_due.c \
	src/ctl/verb_explain.c src/ctl/verb_explain.h \
	src/ctl/verb_forecast.c src/ctl/verb_forecast.h \
	src/ctl/verb_jobs.c src/ctl/verb_jobs.h \
	src/ctl/verb_rejected.c src/ctl/verb_rejected.h \
	src/ctl/verb_services.c src/ctl/verb_services.h \
	src/ctl/verb_migration.c src/ctl/verb_migration.h \
	src/ctl/verb_show.c src/ctl/verb_show.h \
	src/ctl/verb_status.c src/ctl/verb_status.h \
	src/ctl/verb_status_check.c src/ctl/verb_status_private.h \
	src/ctl/verb_verify.c src/ctl/verb_verify.h \
	src/ctl/verb_why.c src/ctl/verb_why.h \
	src/ctl/view_request.c src/ctl/view_request.h
certinstallctl_SOURCES = src/ctl/main.c
certinstallctl_LDADD = src/ctl/libctl.a src/ops/libops.a src/engine/libengine.a \
	src/config/libconfig.a src/source/libsource.a src/service/libservice.a src/net/libnet.a src/store/libstore.a \
	src/record/librecord.a src/pki/libpki.a src/domain/libdomain.a $(BASE_LIBS) \
	$(CONFUSE_LIBS) $(JSONC_LIBS) $(CURL_LIBS) $(EVENT_LIBS) $(SQLITE_LIBS) $(SYSTEMD_LIBS) \
	$(OPENSSL_LIBS) $(IDN2_LIBS)
