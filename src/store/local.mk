# Part of Makefile.am: src/store, floor 2.
noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = \
	src/store/store.h src/store/store_private.h \
	src/store/store_acts.c \
	src/store/store_attempts.c \
	src/store/store_certificates.c \
	src/store/store_claim.c \
	src/store/store_contracts.c \
	src/store/store_copy.c \
	src/store/store_counts.c \
	src/store/store_feeds.c \
	src/store/store_forecast.c \
	src/store/store_jobs.c \
	src/store/store_known.c \
	src/store/store_leases.c \
	src/store/store_judgement.c \
	src/store/store_measures.c \
	src/store/store_next.c \
	src/store/store_open.c \
	src/store/store_pauses.c \
	src/store/store_progress.c \
	src/store/store_replacing.c \
	src/store/store_return.c \
	src/store/store_schema.c \
	src/store/store_search.c \
	src/store/store_secrets.c \
	src/store/store_sqlite.c \
	src/store/store_tally.c \
	src/store/store_tenants.c \
	src/store/store_waits.c
