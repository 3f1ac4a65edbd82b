# Part of Makefile.am: src/domain, floor 1.
noinst_LIBRARIES += src/domain/libdomain.a
src_domain_libdomain_a_SOURCES = \
	src/domain/backoff.c src/domain/backoff.h \
	src/domain/calendar.c src/domain/calendar.h \
	src/domain/catalogue.c src/domain/catalogue.h \
	src/domain/certificate.c src/domain/certificate.h \
	src/domain/checklist.c src/domain/checklist.h src/domain/checklist_private.h \
	src/domain/checklist_days.c \
	src/domain/checklist_say.c \
	src/domain/checklist_steps.c \
	src/domain/checklist_words.c \
	src/domain/contract.c src/domain/contract.h \
	src/domain/guard.c src/domain/guard.h \
	src/domain/forecast.c src/domain/forecast.h \
	src/domain/forecast_work.c \
	src/domain/holidays.c src/domain/holidays.h \
	src/domain/holidays_law.c \
	src/domain/hostname.c src/domain/hostname.h \
	src/domain/hours.c src/domain/hours.h \
	src/domain/job.c src/domain/job.h \
	src/domain/linkage.c src/domain/linkage.h src/domain/linkage_private.h \
	src/domain/linkage_certificate.c \
	src/domain/linkage_schedule.c \
	src/domain/linkage_trail.c \
	src/domain/overdue.c src/domain/overdue.h \
	src/domain/plan.c src/domain/plan.h \
	src/domain/schedule.c src/domain/schedule.h \
	src/domain/succession.c src/domain/succession.h \
	src/domain/throttle.c src/domain/throttle.h src/domain/throttle_private.h \
	src/domain/throttle_rate.c
