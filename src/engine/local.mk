# Part of Makefile.am: src/engine, floor 5.
noinst_LIBRARIES += src/engine/libengine.a
src_engine_libengine_a_SOURCES = \
	src/engine/attempt.c src/engine/attempt.h src/engine/attempt_private.h \
	src/engine/attempt_confirm.c \
	src/engine/attempt_guard.c \
	src/engine/attempt_pkcs12.c \
	src/engine/attempt_push.c \
	src/engine/examine.c src/engine/examine.h \
	src/engine/crew.c src/engine/crew.h src/engine/crew_private.h \
	src/engine/crew_threads.c \
	src/engine/intake.c src/engine/intake.h src/engine/intake_private.h \
	src/engine/intake_apply.c \
	src/engine/intake_follow.c \
	src/engine/intervene.c src/engine/intervene.h \
	src/engine/intake_jobs.c \
	src/engine/intake_succession.c \
	src/engine/intake_tell.c \
	src/engine/lanes.c src/engine/lanes.h \
	src/engine/look.c src/engine/look.h \
	src/engine/overdue_watch.c src/engine/overdue_watch.h \
	src/engine/progress.c src/engine/progress.h \
	src/engine/pump.c src/engine/pump.h src/engine/pump_private.h \
	src/engine/pump_leases.c \
	src/engine/pump_order.c \
	src/engine/pump_ready.c \
	src/engine/pump_services.c \
	src/engine/pump_when.c \
	src/engine/recheck.c src/engine/recheck.h \
	src/engine/reseal.c src/engine/reseal.h \
	src/engine/settings.c src/engine/settings.h \
	src/engine/settle.c \
	src/engine/take_page.c src/engine/take_page.h \
	src/engine/token.c src/engine/token.h \
	src/engine/waits.c src/engine/waits.h \
	src/engine/worker.c src/engine/worker.h src/engine/worker_private.h \
	src/engine/worker_thread.c \
	src/engine/writer.c src/engine/writer.h
