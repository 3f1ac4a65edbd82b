#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "estate.h"

static const char usage[] =
	"Usage: make-estate --out DIR ca\n"
	"       make-estate --out DIR server --file NAME --common-name NAME [--san NAME]…\n"
	"                   [--at INSTANT] [--days N]\n"
	"       make-estate --out DIR records [--count N] [--keys K] [--key KIND] [--services "
	"ID,ID…]\n"
	"                   [--file NAME.ndjson] [--seed S] [--at INSTANT] [--mode OCTAL] "
	"[--kept FILE]\n"
	"       make-estate --out DIR record --contract CODE [--revision N] [--state STATE]\n"
	"                   [--item ITEM] --common-name NAME [--san NAME]… [--key KIND]\n"
	"                   [--link SERVICE:CODE:FQDN]… [--at INSTANT] [--since INSTANT] [--days "
	"N]\n"
	"                   [--csr-by WHO] [--pkcs12] [--no-chain] [--no-key] [--no-certificate]\n"
	"                   [--wrong-key] [--self-signed] [--file NAME.json] [--mode OCTAL]\n"
	"\n"
	"ca       root.pem, intermediate.pem, server.pem (for 127.0.0.1, ::1 and localhost),\n"
	"         client.pem, each with its .key, token and sealing.key\n"
	"server   one more server identity of that CA, NAME.pem and NAME.key, valid DAYS from "
	"INSTANT\n"
	"records  N records of contracts of their own, with a link each; SEED tells estates "
	"apart;\n"
	"         K keys are shared by turns, and with --kept those in FILE are taken first, and "
	"new "
	"ones\n"
	"         added to it\n"
	"record   one record, to NAME (relative to DIR, or any path), put there whole by a rename\n"
	"\n"
	"KIND: rsa-2048, rsa-3072, rsa-4096, ec-p256 or ec-p384; without it a record has rsa-2048, "
	"and\n"
	"records have rsa-2048 and ec-p256 by turns.\n";

struct estate_options {
	const char *out;
	const char *verb;
	const char *file;
	const char *services;
	const char *key;
	const char *kept;
	int64_t count;
	int64_t keys;
	int64_t seed;
	int64_t days;
	mode_t mode;
	bool since_given;
	bool wrong_key;
	struct record_wish wish;
};

#define KEYS_MAX 100000
#define SERVICES_MAX 16

/* The text options that are only stored. */
static bool text_option(struct estate_options *options, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **target;
	} texts[] = {
		{"out", &options->out},
		{"file", &options->file},
		{"services", &options->services},
		{"key", &options->key},
		{"kept", &options->kept},
		{"contract", &options->wish.contract},
		{"state", &options->wish.state},
		{"item", &options->wish.item},
		{"common-name", &options->wish.common_name},
		{"csr-by", &options->wish.csr_by},
	};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(texts); i++) {
		if (strcmp(texts[i].name, name) == 0) {
			*texts[i].target = value;
			return true;
		}
	}
	return false;
}

static bool flag_option(struct estate_options *options, const char *name)
{
	const struct {
		const char *name;
		bool *target;
	} flags[] = {
		{"pkcs12", &options->wish.pkcs12},
		{"no-chain", &options->wish.no_chain},
		{"no-key", &options->wish.no_key},
		{"no-certificate", &options->wish.no_certificate},
		{"wrong-key", &options->wrong_key},
		{"self-signed", &options->wish.self_signed},
	};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(flags); i++) {
		if (strcmp(flags[i].name, name) == 0) {
			*flags[i].target = true;
			return true;
		}
	}
	return false;
}

static bool number_option(struct estate_options *options, const char *name, const char *value)
{
	unsigned mode;

	if (strcmp(name, "count") == 0)
		return text_to_int64(value, 1, 10000000, &options->count);
	if (strcmp(name, "keys") == 0)
		return text_to_int64(value, 1, KEYS_MAX, &options->keys);
	if (strcmp(name, "seed") == 0)
		return text_to_int64(value, 0, 999, &options->seed);
	if (strcmp(name, "days") == 0)
		return text_to_int64(value, 1, 36500, &options->days);
	if (strcmp(name, "revision") == 0)
		return text_to_int64(value, 0, INT64_MAX, &options->wish.revision);
	if (strcmp(name, "at") == 0)
		return civil_parse_instant(value, &options->wish.at_ms);
	if (strcmp(name, "since") == 0) {
		options->since_given = true;
		return civil_parse_instant(value, &options->wish.since_ms);
	}
	if (strcmp(name, "mode") == 0 && strspn(value, "01234567") == strlen(value) &&
		strlen(value) <= 4) {
		mode = (unsigned)strtoul(value, NULL, 8);
		options->mode = (mode_t)mode;
		return true;
	}
	return false;
}

static bool option_take(struct estate_options *options, const char *name, const char *value)
{
	struct record_wish *wish = &options->wish;

	if (flag_option(options, name) || text_option(options, name, value))
		return true;
	if (strcmp(name, "link") == 0 && wish->link_count < ESTATE_LINKS_MAX) {
		wish->links[wish->link_count++] = value;
		return true;
	}
	if (strcmp(name, "san") == 0 && wish->name_count < ESTATE_NAMES_MAX) {
		wish->names[wish->name_count++] = value;
		return true;
	}
	return number_option(options, name, value);
}

static bool write_out(
	const struct estate_options *options, const struct buffer *content, struct error *error)
{
	char *path = path_resolve(options->out, options->file);
	bool written =
		file_write_atomic(path, content->data, content->length, options->mode, error);

	free(path);
	return written;
}

static bool run_server(struct estate_options *options, struct error *error)
{
	struct record_wish *wish = &options->wish;
	const struct issue issue = {
		.common_name = wish->common_name,
		.names = wish->names,
		.name_count = wish->name_count,
		.not_before_ms = wish->at_ms,
		.days = options->days > 0 ? (int)options->days : estate_days_allowed(wish->at_ms),
	};

	if (options->file == NULL || wish->common_name == NULL)
		return error_set(error, ERROR_PERMANENT, "--file and --common-name are wanted");
	return estate_make_server(options->out, options->file, &issue, error);
}

static bool run_record(struct estate_options *options, struct error *error)
{
	struct record_wish *wish = &options->wish;
	struct authority authority;
	struct buffer out = {0};
	bool written;

	if (wish->contract == NULL || wish->common_name == NULL)
		return error_set(error, ERROR_PERMANENT, "--contract and --common-name are wanted");
	if (options->file == NULL)
		options->file = "record.json";
	if (options->key == NULL)
		options->key = "rsa-2048";
	wish->key = estate_key_new(options->key);
	if (wish->key == NULL)
		return error_set(error, ERROR_PERMANENT, "--key %s: no such kind", options->key);
	if (options->wrong_key)
		wish->shown_key = estate_key_new(options->key);
	wish->days = (int)options->days;
	written = authority_load(options->out, &authority, error);
	if (written) {
		written = estate_record(&authority, wish, &out, error) &&
			  write_out(options, &out, error);
		authority_clear(&authority);
	}
	EVP_PKEY_free(wish->key);
	EVP_PKEY_free(wish->shown_key);
	buffer_free(&out);
	return written;
}

/* Every other key is RSA, so that gio-ca, which takes no other, gets one. */
static void records_append(const struct estate_options *options, const struct authority *authority,
	EVP_PKEY **keys, char *const *services, size_t service_count, struct buffer *out)
{
	struct record_wish wish = options->wish;
	char contract[32], name[64], suffix[16] = "", link[160];
	size_t key;
	int64_t i, number;

	if (options->seed > 0)
		snprintf(suffix, sizeof(suffix), ".s%" PRId64, options->seed);
	wish.contract = contract;
	wish.common_name = name;
	wish.links[0] = link;
	wish.link_count = 1;
	wish.days = (int)options->days;
	for (i = 0; i < options->count; i++) {
		const char *service = services[(size_t)i % service_count];

		number = options->seed * INT64_C(10000000) + i + 1;
		snprintf(contract, sizeof(contract), "ssl1%010" PRId64, number);
		snprintf(name, sizeof(name), "www%" PRId64 "%s.example.jp", i + 1, suffix);
		snprintf(link, sizeof(link), "%s:%.3s%010" PRId64 "%s:%s", service, service, number,
			strcmp(service, "waf-group") == 0 ? ":g1" : "", name);
		key = (size_t)i / service_count % (size_t)options->keys;
		if (strcmp(service, "gio-ca") == 0)
			key &= ~(size_t)1;
		wish.key = keys[key];
		if (!estate_record(authority, &wish, out, NULL))
			abort();
	}
}

/* Takes from the file of kept keys what it has, makes the rest and keeps it, too. */
static bool keys_get(const struct estate_options *options, EVP_PKEY **keys, struct error *error)
{
	size_t count = (size_t)options->keys, kept = 0, i;

	if (options->kept != NULL && options->key == NULL)
		return error_set(error, ERROR_PERMANENT, "--kept wants --key: keys of one kind");
	if (options->kept != NULL &&
		!estate_keys_load(options->kept, options->key, keys, count, &kept, error))
		return false;
	for (i = kept; i < count; i++) {
		keys[i] = estate_key_new(options->key != NULL ? options->key
					 : i % 2 == 0	      ? "rsa-2048"
							      : "ec-p256");
		if (keys[i] == NULL)
			return error_set(
				error, ERROR_PERMANENT, "--key %s: no such kind", options->key);
	}
	return options->kept == NULL || kept == count ||
	       estate_keys_keep(options->kept, keys, count, error);
}

static bool run_records(struct estate_options *options, struct error *error)
{
	EVP_PKEY **keys = xcalloc((size_t)options->keys, sizeof(EVP_PKEY *));
	char *list = xstrdup(options->services), *rest = list, *services[SERVICES_MAX];
	struct authority authority;
	struct buffer out = {0};
	size_t service_count = 0;
	int64_t i;
	bool written;

	do
		services[service_count++] = strsep(&rest, ",");
	while (service_count < SERVICES_MAX && rest != NULL);
	if (options->file == NULL)
		options->file = "records.ndjson";
	written = keys_get(options, keys, error) && authority_load(options->out, &authority, error);
	if (written) {
		records_append(options, &authority, keys, services, service_count, &out);
		written = write_out(options, &out, error);
		authority_clear(&authority);
	}
	for (i = 0; i < options->keys; i++)
		EVP_PKEY_free(keys[i]);
	buffer_free(&out);
	free(list);
	free((void *)keys);
	return written;
}

static bool options_read(int argc, char **argv, struct estate_options *options)
{
	static const char *const with_value[] = {"out", "file", "services", "key", "kept",
		"contract", "state", "item", "common-name", "csr-by", "link", "san", "count",
		"keys", "seed", "days", "revision", "at", "since", "mode"};
	static const char *const flags[] = {
		"pkcs12", "no-chain", "no-key", "no-certificate", "wrong-key", "self-signed"};
	struct option table[ARRAY_LENGTH(with_value) + ARRAY_LENGTH(flags) + 1] = {{0}};
	size_t i, used = 0;
	int index = 0, result;

	for (i = 0; i < ARRAY_LENGTH(with_value); i++)
		table[used++] = (struct option){with_value[i], required_argument, NULL, 1};
	for (i = 0; i < ARRAY_LENGTH(flags); i++)
		table[used++] = (struct option){flags[i], no_argument, NULL, 1};
	while ((result = getopt_long(argc, argv, "", table, &index)) != -1) {
		if (result != 1)
			return false;
		if (!option_take(options, table[index].name, optarg)) {
			fprintf(stderr, "make-estate: --%s %s: not usable\n", table[index].name,
				optarg);
			return false;
		}
	}
	if (options->out == NULL || optind != argc - 1)
		return false;
	options->verb = argv[optind];
	return true;
}

int main(int argc, char **argv)
{
	int64_t now_ms = clock_wall_ms(clock_system());
	struct estate_options options = {
		.services = "webhg2,docex,cloud-hosting", .count = 100, .keys = 16, .mode = 0600};
	struct error error = {0};
	bool done;

	options.wish.revision = 1;
	options.wish.state = "active";
	options.wish.item = "dv-ssl";
	options.wish.at_ms = now_ms;
	if (!options_read(argc, argv, &options)) {
		fputs(usage, stderr);
		return 2;
	}
	if (!options.since_given)
		options.wish.since_ms = options.wish.at_ms - 30 * DAY_MS;
	if (strcmp(options.verb, "ca") == 0)
		done = estate_make_ca(options.out, now_ms, &error);
	else if (strcmp(options.verb, "server") == 0)
		done = run_server(&options, &error);
	else if (strcmp(options.verb, "records") == 0)
		done = run_records(&options, &error);
	else if (strcmp(options.verb, "record") == 0)
		done = run_record(&options, &error);
	else
		done = error_set(&error, ERROR_PERMANENT, "%s: no such verb", options.verb);
	if (!done)
		fprintf(stderr, "make-estate: %s\n", error.text);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
