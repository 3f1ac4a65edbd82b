# Part of Makefile.am: fuzzers. Each harness is built twice: with what is kept in tests/data/fuzz as
# a test, and, after configure --enable-fuzzer, as a fuzzer (make fuzzers; scripts/fuzz runs them).
fuzz_names = record record_page pki holidays config judge http_retry_after hostname seal spool_reader
FUZZ_COMMON = tests/fuzz/fuzz.h tests/fuzz/fuzz_common.c
FUZZ_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/fuzz
fuzzer_link = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/data/fuzz scripts/fuzz

fuzz_replays = tests/fuzz/replay_record \
	tests/fuzz/replay_record_page \
	tests/fuzz/replay_pki \
	tests/fuzz/replay_holidays \
	tests/fuzz/replay_config \
	tests/fuzz/replay_judge \
	tests/fuzz/replay_http_retry_after \
	tests/fuzz/replay_hostname \
	tests/fuzz/replay_seal \
	tests/fuzz/replay_spool_reader
check_PROGRAMS += $(fuzz_replays)
TESTS += $(fuzz_replays)

tests_fuzz_replay_record_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_record.c $(FUZZ_COMMON)
tests_fuzz_replay_record_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DATA='"$(abs_top_srcdir)/tests/data/fuzz/record"'
tests_fuzz_replay_record_LDADD = src/record/librecord.a src/domain/libdomain.a $(BASE_LIBS) $(JSONC_LIBS) $(OPENSSL_LIBS) $(IDN2_LIBS)

tests_fuzz_replay_record_page_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_record_page.c $(FUZZ_COMMON)
tests_fuzz_replay_record_page_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DATA='"$(abs_top_srcdir)/tests/data/fuzz/record_page"'
tests_fuzz_replay_record_page_LDADD = $(tests_fuzz_replay_record_LDADD)

tests_fuzz_replay_pki_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_pki.c $(FUZZ_COMMON)
tests_fuzz_replay_pki_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DATA='"$(abs_top_srcdir)/tests/data/fuzz/pki"'
tests_fuzz_replay_pki_LDADD = $(PKI_LIBS)

tests_fuzz_replay_holidays_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_holidays.c $(FUZZ_COMMON)
tests_fuzz_replay_holidays_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DATA='"$(abs_top_srcdir)/tests/data/fuzz/holidays"'
tests_fuzz_replay_holidays_LDADD = $(DOMAIN_LIBS)

tests_fuzz_replay_config_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_config.c $(FUZZ_COMMON)
tests_fuzz_replay_config_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DATA='"$(abs_top_srcdir)/tests/data/fuzz/config"'
tests_fuzz_replay_config_LDADD = src/config/libconfig.a $(SERVICE_LIBS)

tests_fuzz_replay_judge_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_judge.c $(FUZZ_COMMON)
tests_fuzz_replay_judge_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DATA='"$(abs_top_srcdir)/tests/data/fuzz/judge"'
tests_fuzz_replay_judge_LDADD = $(SERVICE_LIBS)

tests_fuzz_replay_http_retry_after_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_http_retry_after.c $(FUZZ_COMMON)
tests_fuzz_replay_http_retry_after_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DATA='"$(abs_top_srcdir)/tests/data/fuzz/http_retry_after"'
tests_fuzz_replay_http_retry_after_LDADD = src/net/libnet.a $(BASE_LIBS) $(CURL_LIBS) $(EVENT_LIBS) $(OPENSSL_LIBS)

tests_fuzz_replay_hostname_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_hostname.c $(FUZZ_COMMON)
tests_fuzz_replay_hostname_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DATA='"$(abs_top_srcdir)/tests/data/fuzz/hostname"'
tests_fuzz_replay_hostname_LDADD = $(DOMAIN_LIBS)

tests_fuzz_replay_seal_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_seal.c $(FUZZ_COMMON)
tests_fuzz_replay_seal_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DATA='"$(abs_top_srcdir)/tests/data/fuzz/seal"'
tests_fuzz_replay_seal_LDADD = $(PKI_LIBS)

tests_fuzz_replay_spool_reader_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_spool_reader.c $(FUZZ_COMMON)
tests_fuzz_replay_spool_reader_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_DATA='"$(abs_top_srcdir)/tests/data/fuzz/spool_reader"'
tests_fuzz_replay_spool_reader_LDADD = $(SOURCE_LIBS)

if FUZZER
fuzzers = tests/fuzz/fuzz_record \
	tests/fuzz/fuzz_record_page \
	tests/fuzz/fuzz_pki \
	tests/fuzz/fuzz_holidays \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_judge \
	tests/fuzz/fuzz_http_retry_after \
	tests/fuzz/fuzz_hostname \
	tests/fuzz/fuzz_seal \
	tests/fuzz/fuzz_spool_reader
EXTRA_PROGRAMS += $(fuzzers)
fuzzers: $(fuzzers)

tests_fuzz_fuzz_record_SOURCES = tests/fuzz/fuzz_record.c $(FUZZ_COMMON)
tests_fuzz_fuzz_record_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_record_LDFLAGS = $(fuzzer_link)
tests_fuzz_fuzz_record_LDADD = $(tests_fuzz_replay_record_LDADD)

tests_fuzz_fuzz_record_page_SOURCES = tests/fuzz/fuzz_record_page.c $(FUZZ_COMMON)
tests_fuzz_fuzz_record_page_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_record_page_LDFLAGS = $(fuzzer_link)
tests_fuzz_fuzz_record_page_LDADD = $(tests_fuzz_replay_record_LDADD)

tests_fuzz_fuzz_pki_SOURCES = tests/fuzz/fuzz_pki.c $(FUZZ_COMMON)
tests_fuzz_fuzz_pki_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_pki_LDFLAGS = $(fuzzer_link)
tests_fuzz_fuzz_pki_LDADD = $(tests_fuzz_replay_pki_LDADD)

tests_fuzz_fuzz_holidays_SOURCES = tests/fuzz/fuzz_holidays.c $(FUZZ_COMMON)
tests_fuzz_fuzz_holidays_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_holidays_LDFLAGS = $(fuzzer_link)
tests_fuzz_fuzz_holidays_LDADD = $(tests_fuzz_replay_holidays_LDADD)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c $(FUZZ_COMMON)
tests_fuzz_fuzz_config_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_config_LDFLAGS = $(fuzzer_link)
tests_fuzz_fuzz_config_LDADD = $(tests_fuzz_replay_config_LDADD)

tests_fuzz_fuzz_judge_SOURCES = tests/fuzz/fuzz_judge.c $(FUZZ_COMMON)
tests_fuzz_fuzz_judge_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_judge_LDFLAGS = $(fuzzer_link)
tests_fuzz_fuzz_judge_LDADD = $(tests_fuzz_replay_judge_LDADD)

tests_fuzz_fuzz_http_retry_after_SOURCES = tests/fuzz/fuzz_http_retry_after.c $(FUZZ_COMMON)
tests_fuzz_fuzz_http_retry_after_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_http_retry_after_LDFLAGS = $(fuzzer_link)
tests_fuzz_fuzz_http_retry_after_LDADD = $(tests_fuzz_replay_http_retry_after_LDADD)

tests_fuzz_fuzz_hostname_SOURCES = tests/fuzz/fuzz_hostname.c $(FUZZ_COMMON)
tests_fuzz_fuzz_hostname_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_hostname_LDFLAGS = $(fuzzer_link)
tests_fuzz_fuzz_hostname_LDADD = $(tests_fuzz_replay_hostname_LDADD)

tests_fuzz_fuzz_seal_SOURCES = tests/fuzz/fuzz_seal.c $(FUZZ_COMMON)
tests_fuzz_fuzz_seal_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_seal_LDFLAGS = $(fuzzer_link)
tests_fuzz_fuzz_seal_LDADD = $(tests_fuzz_replay_seal_LDADD)

tests_fuzz_fuzz_spool_reader_SOURCES = tests/fuzz/fuzz_spool_reader.c $(FUZZ_COMMON)
tests_fuzz_fuzz_spool_reader_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_spool_reader_LDFLAGS = $(fuzzer_link)
tests_fuzz_fuzz_spool_reader_LDADD = $(tests_fuzz_replay_spool_reader_LDADD)
endif
