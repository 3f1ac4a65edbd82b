#ifndef BASE_LEAN_LIBRARY_H
#define BASE_LEAN_LIBRARY_H

#include <openssl/types.h>

/*
 * An OpenSSL library context for a thread of its own, in which reading certificates is cheap.
 *
 * OpenSSL 3.0 looks through all decoders of a context for each public key that it reads, which
 * costs five times what reading the whole certificate does. This context has the default provider
 * with all that it can do, but of its decoders only some, and of its kinds of key, too. Whoever may
 * meet others reads what it could not read again in the whole context; such a key signs and
 * verifies by the provider that it came from, whatever context is asked for it.
 */
struct lean_library;

enum lean_purpose {
	/* Public keys as certificates of TLS servers may have them (RSA, RSA-PSS, EC, Ed25519 and
	   Ed448), and all kinds of key for the handshake. */
	LEAN_FOR_TLS,
	/* What nearly all certificates have, and nothing else: RSA and EC. */
	LEAN_FOR_CERTIFICATES,
};

/* NULL when OpenSSL has no memory or no default provider. */
struct lean_library *lean_library_new(enum lean_purpose purpose);
/* LIBRARY may be NULL. All that was made in its contexts has to be freed before. */
void lean_library_free(struct lean_library *library);

/*
 * The context. Until lean_library_settle it has all decoders, so that some can be made and kept, of
 * the kinds of key that it has.
 */
OSSL_LIB_CTX *lean_library_context(const struct lean_library *library);
void lean_library_settle(struct lean_library *library);
/* A context beside it that has all decoders. */
OSSL_LIB_CTX *lean_library_whole(const struct lean_library *library);

#endif
