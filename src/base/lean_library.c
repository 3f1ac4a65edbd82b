#include "base/lean_library.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include "base/alloc.h"

#define PROVIDER_NAME "certinstalld-lean"
#define DECODERS_MAX 16
#define KINDS_MAX 8

struct lean_library {
	struct lean_library *next;
	enum lean_purpose purpose;
	OSSL_LIB_CTX *whole;
	OSSL_PROVIDER *provider; /* the default one, in WHOLE */
	OSSL_LIB_CTX *lean;
	OSSL_PROVIDER *filter; /* ours, in LEAN: hands on what PROVIDER has */
	bool settled;
	OSSL_ALGORITHM decoders[DECODERS_MAX + 1];
	OSSL_ALGORITHM kinds[KINDS_MAX + 1]; /* of key; for LEAN_FOR_CERTIFICATES */
};

/*
 * A provider is called with its own context alone. Ours has the default provider's, since that is
 * what the functions that it hands on want; so the library is found by it.
 */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct lean_library *libraries;
/* OpenSSL calls a provider's beginning with nothing of ours, within OSSL_PROVIDER_load. */
static _Thread_local struct lean_library *beginning;

static struct lean_library *find(const void *provider_context)
{
	struct lean_library *library;

	pthread_mutex_lock(&mutex);
	library = libraries;
	while (library != NULL &&
		OSSL_PROVIDER_get0_provider_ctx(library->provider) != provider_context)
		library = library->next;
	pthread_mutex_unlock(&mutex);
	return library;
}

static bool is_kind(const OSSL_ALGORITHM *algorithm, enum lean_purpose purpose)
{
	static const char *const kinds[][6] = {
		[LEAN_FOR_TLS] = {"RSA", "RSA-PSS", "EC", "ED25519", "ED448"},
		[LEAN_FOR_CERTIFICATES] = {"RSA", "EC"},
	};
	size_t length = strcspn(algorithm->algorithm_names, ":"), i;

	for (i = 0; kinds[purpose][i] != NULL; i++) {
		if (strlen(kinds[purpose][i]) == length &&
			strncmp(algorithm->algorithm_names, kinds[purpose][i], length) == 0)
			return true;
	}
	return false;
}

static bool is_wanted(const OSSL_ALGORITHM *decoder, enum lean_purpose purpose)
{
	return strstr(decoder->property_definition, "input=der") != NULL &&
	       strstr(decoder->property_definition, "structure=SubjectPublicKeyInfo") != NULL &&
	       is_kind(decoder, purpose);
}

static void choose_kinds(struct lean_library *library)
{
	const OSSL_ALGORITHM *kinds;
	size_t count = 0;
	int no_cache;

	kinds = OSSL_PROVIDER_query_operation(library->provider, OSSL_OP_KEYMGMT, &no_cache);
	for (; kinds != NULL && kinds->algorithm_names != NULL; kinds++) {
		if (count < KINDS_MAX && is_kind(kinds, library->purpose))
			library->kinds[count++] = *kinds;
	}
}

void lean_library_settle(struct lean_library *library)
{
	const OSSL_ALGORITHM *decoders;
	size_t count = 0;
	int no_cache;

	decoders = OSSL_PROVIDER_query_operation(library->provider, OSSL_OP_DECODER, &no_cache);
	for (; decoders != NULL && decoders->algorithm_names != NULL; decoders++) {
		if (count < DECODERS_MAX && is_wanted(decoders, library->purpose))
			library->decoders[count++] = *decoders;
	}
	library->decoders[count] = (OSSL_ALGORITHM){0};
	library->settled = true;
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
	struct lean_library *library = find(context);
	const OSSL_ALGORITHM *algorithms;

	*no_cache = 0;
	if (library == NULL)
		return NULL;
	if (operation == OSSL_OP_DECODER && library->settled)
		return library->decoders;
	if (operation == OSSL_OP_KEYMGMT && library->purpose == LEAN_FOR_CERTIFICATES)
		return library->kinds;
	algorithms = OSSL_PROVIDER_query_operation(library->provider, operation, no_cache);
	if (operation != OSSL_OP_DECODER)
		return algorithms;
	/* What is kept now would be there for good. */
	*no_cache = 1;
	return algorithms;
}

static int get_capabilities(
	void *context, const char *capability, OSSL_CALLBACK *callback, void *argument)
{
	const struct lean_library *library = find(context);

	return library != NULL && OSSL_PROVIDER_get_capabilities(
					  library->provider, capability, callback, argument) == 1;
}

static void tear_down(void *context)
{
	(void)context;
}

static int begin(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
	void **context)
{
	static const OSSL_DISPATCH functions[] = {
		{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
		{OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))get_capabilities},
		{OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))tear_down},
		{0, NULL},
	};

	(void)handle;
	(void)in;
	if (beginning == NULL)
		return 0;
	*out = functions;
	*context = OSSL_PROVIDER_get0_provider_ctx(beginning->provider);
	return 1;
}

static bool load(struct lean_library *library)
{
	library->whole = OSSL_LIB_CTX_new();
	library->lean = OSSL_LIB_CTX_new();
	if (library->whole == NULL || library->lean == NULL)
		return false;
	library->provider = OSSL_PROVIDER_load(library->whole, "default");
	if (library->provider == NULL)
		return false;
	choose_kinds(library);
	pthread_mutex_lock(&mutex);
	library->next = libraries;
	libraries = library;
	pthread_mutex_unlock(&mutex);
	if (OSSL_PROVIDER_add_builtin(library->lean, PROVIDER_NAME, begin) != 1)
		return false;
	beginning = library;
	library->filter = OSSL_PROVIDER_load(library->lean, PROVIDER_NAME);
	beginning = NULL;
	return library->filter != NULL;
}

struct lean_library *lean_library_new(enum lean_purpose purpose)
{
	struct lean_library *library = xcalloc(1, sizeof(*library));

	library->purpose = purpose;
	if (load(library))
		return library;
	lean_library_free(library);
	ERR_clear_error();
	return NULL;
}

static void forget(const struct lean_library *library)
{
	struct lean_library **at = &libraries;

	pthread_mutex_lock(&mutex);
	while (*at != NULL && *at != library)
		at = &(*at)->next;
	if (*at != NULL)
		*at = library->next;
	pthread_mutex_unlock(&mutex);
}

void lean_library_free(struct lean_library *library)
{
	if (library == NULL)
		return;
	if (library->filter != NULL)
		OSSL_PROVIDER_unload(library->filter);
	OSSL_LIB_CTX_free(library->lean);
	forget(library);
	if (library->provider != NULL)
		OSSL_PROVIDER_unload(library->provider);
	OSSL_LIB_CTX_free(library->whole);
	free(library);
}

OSSL_LIB_CTX *lean_library_context(const struct lean_library *library)
{
	return library->lean;
}

OSSL_LIB_CTX *lean_library_whole(const struct lean_library *library)
{
	return library->whole;
}
