# Part of Makefile.am: src/pki.
noinst_LIBRARIES += src/pki/libpki.a
src_pki_libpki_a_SOURCES = \
	src/pki/bundle.c \
	src/pki/chain.c \
	src/pki/examine.c \
	src/pki/key.c \
	src/pki/keyring.c \
	src/pki/parse.c \
	src/pki/pem.c \
	src/pki/pbe.c \
	src/pki/pkcs12.c \
	src/pki/pki.c src/pki/pki.h \
	src/pki/pki_private.h \
	src/pki/proof.c \
	src/pki/rsa_numbers.c \
	src/pki/seal.c src/pki/seal.h \
	src/pki/seal_private.h
