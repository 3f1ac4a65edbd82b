#ifndef BASE_HEAP_H
#define BASE_HEAP_H

/*
 * The heap of every program here, libraries included: malloc, free and their kin are mimalloc's,
 * and whatever is freed is overwritten first. No buffer of a library, whether it has hooks for its
 * memory (libcurl, OpenSSL) or none (json-c, nghttp2, libevent, the C library), leaves a copy of a
 * private key behind. The sanitizers bring a heap of their own, so that this one is left out there.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define HEAP_IS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAP_IS_SANITIZED 1
#endif

#ifndef HEAP_IS_SANITIZED
/* free(), realloc() and reallocarray() overwrite what they give up, whole. */
#define HEAP_OVERWRITES 1
#endif

#endif
