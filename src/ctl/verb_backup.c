#include "ctl/verb_backup.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "ctl/calendar_request.h"
#include "ctl/store_request.h"
#include "pki/seal.h"

/* The configured sealing keys; NULL, and WHY, when they cannot be read. */
static struct keyring *read_keyring(const struct config *config, struct error *why)
{
	struct keyring *keyring = NULL;

	if (!keyring_new(config->sealing_key, (const char *const *)config->sealing_keys_old,
		    config->sealing_keys_old_count, &keyring, why))
		return NULL;
	return keyring;
}

static void tell_json(const char *verb, const char *path, const struct store_copied *copied,
	const struct keyring *keyring, const struct error *why)
{
	struct json_object *object = json_object_new_object(), *keys = json_object_new_array();
	size_t i;

	json_add_text(object, verb, path);
	json_object_object_add(object, "bytes", json_object_new_int64(copied->bytes));
	json_object_object_add(object, "jobs", json_object_new_int64(copied->jobs));
	json_object_object_add(object, "open_jobs", json_object_new_int64(copied->open_jobs));
	for (i = 0; i < copied->key_count; i++) {
		struct json_object *key = json_object_new_object();

		json_add_text(key, "id", copied->keys[i].id);
		json_object_object_add(key, "keys", json_object_new_int64(copied->keys[i].count));
		json_object_object_add(key, "configured",
			keyring == NULL ? NULL
					: json_object_new_boolean(
						  keyring_has(keyring, copied->keys[i].id)));
		json_object_array_add(keys, key);
	}
	json_object_object_add(object, "sealing_keys", keys);
	if (keyring == NULL)
		json_add_text(object, "sealing_keys_unread", why->text);
	json_print(object);
	putchar('\n');
}

static void tell_keys(
	const struct store_copied *copied, const struct keyring *keyring, const struct error *why)
{
	size_t i;

	if (copied->key_count == 0)
		puts("no private key is sealed in it");
	for (i = 0; i < copied->key_count; i++) {
		const char *known = "not looked for";

		if (keyring != NULL)
			known = keyring_has(keyring, copied->keys[i].id)
					? "which the configuration has"
					: "which the configuration does NOT have";
		printf("%" PRId64 " private keys in it are sealed with sealing key %s, %s\n",
			copied->keys[i].count, copied->keys[i].id, known);
	}
	if (keyring == NULL)
		printf("the configured sealing keys cannot be read: %s\n", why->text);
}

/* ---- backup ---- */

static const char *only_file(struct store_request *request, const char *which)
{
	if (request->operand_count != 1) {
		store_request_fault(request, which);
		return NULL;
	}
	if (strcmp(request->operands[0], "-") == 0) {
		store_request_fault(request, "\"-\" is no file that can be synced and checked; "
					     "name a file");
		return NULL;
	}
	return request->operands[0];
}

static int run_backup(struct store_request *request)
{
	const char *path =
		only_file(request, "where to? Name one file, which must not be there yet");
	struct store_copied copied;
	struct error error, why;
	struct keyring *keyring;

	if (path == NULL)
		return STORE_USAGE;
	if (!store_backup(request->store, path, &copied, &error))
		return store_request_fault(request, error.text);
	keyring = read_keyring(request->config, &why);
	if (request->json) {
		tell_json("backup", path, &copied, keyring, &why);
	} else {
		printf("%" PRId64 " jobs, %" PRId64 " of them open, in %" PRId64
		       " bytes; checked and synced\n",
			copied.jobs, copied.open_jobs, copied.bytes);
		tell_keys(&copied, keyring, &why);
		if (copied.key_count > 0)
			puts("keep a copy of the sealing key, and keep it apart: without it the "
			     "private keys in this file cannot be opened");
	}
	keyring_free(keyring);
	return STORE_DONE;
}

int verb_backup(int argc, char **argv)
{
	static const struct store_verb verb = {"backup", "FILE", "", false};
	struct store_request request;
	int status;

	if (store_request_begin(&request, &verb, argc, argv, &status))
		status = run_backup(&request);
	return store_request_end(&request, status);
}

/* ---- restore ---- */

/* What PATH names in the unit's credentials, where it is not there; else NULL. */
static const char *absent_credential(const char *path)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	size_t length = directory != NULL ? strlen(directory) : 0;

	if (length == 0 || strncmp(path, directory, length) != 0 || path[length] != '/' ||
		access(path, F_OK) == 0)
		return NULL;
	return path + length + 1;
}

static void tell_property(const char *path)
{
	const char *name = absent_credential(path);

	if (name != NULL)
		printf(" -p LoadCredentialEncrypted=%s:/etc/credstore.encrypted/%s", name, name);
}

/*
 * Credentials are there while the unit runs, and nothing is to run before a restore: a unit of its
 * own reads them, for a copy that goes with the unit and tells of each key whether it is known.
 */
static bool tell_credentials(const struct store_request *request)
{
	const struct config *config = request->config;
	bool absent = absent_credential(config->sealing_key) != NULL;
	char *path;
	size_t i;

	for (i = 0; i < config->sealing_keys_old_count; i++)
		absent |= absent_credential(config->sealing_keys_old[i]) != NULL;
	if (!absent)
		return false;
	puts("- sealing keys that are systemd credentials are there only while a unit runs that "
	     "has them; to see before the start whether they are the right ones:");
	fputs("  systemd-run --pipe --wait -p PrivateTmp=yes", stdout);
	if (config->user[0] != '\0')
		printf(" -p User=%s", config->user);
	tell_property(config->sealing_key);
	for (i = 0; i < config->sealing_keys_old_count; i++)
		tell_property(config->sealing_keys_old[i]);
	path = realpath(request->config_path, NULL);
	printf(" certinstallctl backup --config %s /tmp/compared.db\n",
		path != NULL ? path : request->config_path);
	free(path);
	return true;
}

static void tell_next(const struct store_request *request, const struct store_copied *copied,
	const struct keyring *keyring)
{
	bool missing = false;
	size_t i;

	for (i = 0; i < copied->key_count; i++)
		missing |= keyring == NULL || !keyring_has(keyring, copied->keys[i].id);
	puts("next:");
	if (missing && (keyring != NULL || !tell_credentials(request)))
		puts("- name the missing sealing keys in sealing-keys-old (or sealing-key): what "
		     "is sealed with them cannot be installed before");
	printf("- start the daemon; before it pushes one of the %" PRId64
	       " open jobs, it asks the service what it has, and does not overwrite what may be "
	       "newer\n",
		copied->open_jobs);
	puts("- what the spool had taken since the copy is not in it: have the present records of "
	     "the contracts sent again; a feed delivers by itself what came since");
	printf("- look at certinstallctl jobs --config %s --state failed\n", request->config_path);
}

static int run_restore(struct store_request *request)
{
	const char *path = only_file(request, "what from? Name one file that backup wrote");
	struct store_copied copied;
	struct error error, why;
	struct keyring *keyring;

	if (path == NULL)
		return STORE_USAGE;
	if (!store_restore(
		    path, request->config->store, clock_wall_ms(clock_system()), &copied, &error))
		return store_request_fault(request, error.text);
	keyring = read_keyring(request->config, &why);
	if (request->json) {
		tell_json("restore", request->config->store, &copied, keyring, &why);
	} else {
		printf("%s: restored, %" PRId64 " jobs\n", request->config->store, copied.jobs);
		tell_keys(&copied, keyring, &why);
		tell_next(request, &copied, keyring);
	}
	keyring_free(keyring);
	return STORE_DONE;
}

int verb_restore(int argc, char **argv)
{
	static const struct store_verb verb = {"restore", "FILE", "", false};
	struct store_request request;
	int status;

	if (store_request_begin_without(&request, &verb, argc, argv, &status))
		status = run_restore(&request);
	return store_request_end(&request, status);
}
