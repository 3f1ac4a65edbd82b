#include "engine/reseal.h"

#include "base/log.h"

#define RESEAL_BATCH 256

static bool reseal_one(struct store *store, const struct keyring *keyring, int64_t id,
	const unsigned char fingerprint[FINGERPRINT_SIZE], bool *opened, struct error *error)
{
	struct buffer sealed = {0}, again = {0};
	struct material material = {0};
	struct error locked;
	char key_id[SEAL_KEY_ID_MAX];
	bool found, done = false;

	*opened = false;
	if (!store_secret_get(store, id, key_id, &sealed, &found, error))
		goto out;
	done = true;
	if (!found)
		goto out;
	if (!open_material(
		    keyring, key_id, sealed.data, sealed.length, fingerprint, &material, &locked)) {
		log_debug("certificate %lld: %s", (long long)id, locked.text);
		goto out;
	}
	seal_material(keyring, &material, fingerprint, &again);
	done = store_secret_put_parts(store, id, keyring_present_id(keyring), &again,
		seal_open_length(again.data, again.length), error);
	*opened = done;
out:
	material_clear(&material);
	buffer_free(&sealed);
	buffer_free(&again);
	return done;
}

/* One transaction; *COUNT is how many were found, *OPENED how many of them could be opened. */
static bool reseal_batch(struct store *store, const struct keyring *keyring, size_t *count,
	size_t *opened, struct error *error)
{
	int64_t ids[RESEAL_BATCH];
	unsigned char fingerprints[RESEAL_BATCH][FINGERPRINT_SIZE];
	bool done;
	size_t i;

	*opened = 0;
	if (!store_secrets_not_under(store, keyring_present_id(keyring), ids, fingerprints,
		    RESEAL_BATCH, count, error))
		return false;
	if (*count == 0)
		return true;
	if (!store_begin(store, error))
		return false;
	done = true;
	for (i = 0; i < *count && done; i++) {
		bool one;

		done = reseal_one(store, keyring, ids[i], fingerprints[i], &one, error);
		*opened += one ? 1 : 0;
	}
	if (done)
		return store_commit(store, error);
	store_rollback(store);
	return false;
}

bool reseal_all(struct store *store, const struct settings *settings, size_t *resealed,
	size_t *locked, struct error *error)
{
	const struct keyring *keyring = settings_keyring(settings);
	size_t count, opened;

	*resealed = *locked = 0;
	do {
		if (!reseal_batch(store, keyring, &count, &opened, error))
			return false;
		*resealed += opened;
	} while (opened > 0);
	*locked = count;
	return true;
}
