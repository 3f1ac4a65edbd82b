# Part of Makefile.am: tests of pki.
PKI_LIBS = src/pki/libpki.a src/domain/libdomain.a $(BASE_LIBS) $(OPENSSL_LIBS)
PKI_FIXTURE = tests/unit/pki_fixture.c tests/unit/pki_fixture.h

pki_tests = tests/unit/test_pki tests/unit/test_pki_chain tests/unit/test_pki_key \
	tests/unit/test_pki_pkcs12 tests/unit/test_pki_reading tests/unit/test_seal
check_PROGRAMS += $(pki_tests)
TESTS += $(pki_tests)

tests_unit_test_pki_SOURCES = tests/unit/test_pki.c tests/unit/pki_examined.h $(PKI_FIXTURE)
tests_unit_test_pki_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_pki_LDADD = $(PKI_LIBS) $(CMOCKA_LIBS)
tests_unit_test_pki_chain_SOURCES = tests/unit/test_pki_chain.c tests/unit/pki_examined.h \
	$(PKI_FIXTURE)
tests_unit_test_pki_chain_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_pki_chain_LDADD = $(PKI_LIBS) $(CMOCKA_LIBS)
tests_unit_test_pki_key_SOURCES = tests/unit/test_pki_key.c tests/unit/pki_examined.h \
	$(PKI_FIXTURE)
tests_unit_test_pki_key_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_pki_key_LDADD = $(PKI_LIBS) $(CMOCKA_LIBS)
tests_unit_test_pki_pkcs12_SOURCES = tests/unit/test_pki_pkcs12.c tests/unit/pki_examined.h \
	$(PKI_FIXTURE)
tests_unit_test_pki_pkcs12_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_pki_pkcs12_LDADD = $(PKI_LIBS) $(CMOCKA_LIBS)
tests_unit_test_pki_reading_SOURCES = tests/unit/test_pki_reading.c tests/unit/pki_examined.h \
	$(PKI_FIXTURE)
tests_unit_test_pki_reading_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_pki_reading_LDADD = $(PKI_LIBS) $(CMOCKA_LIBS)
tests_unit_test_seal_SOURCES = tests/unit/test_seal.c $(PKI_FIXTURE)
tests_unit_test_seal_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_seal_LDADD = $(PKI_LIBS) $(CMOCKA_LIBS)
