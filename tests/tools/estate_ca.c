#include "estate.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/file.h"
#include "base/text.h"

static bool write_file(const char *directory, const char *name, const struct buffer *content,
	mode_t mode, struct error *error)
{
	char *path = path_resolve(directory, name);
	bool written = file_write_atomic(path, content->data, content->length, mode, error);

	free(path);
	return written;
}

/* NAME.pem with CERTIFICATE and NEXT (may be NULL) behind it, and NAME.key. */
static bool write_identity(const char *directory, const char *name, X509 *certificate, X509 *next,
	EVP_PKEY *key, struct error *error)
{
	struct buffer pem = {0}, key_pem = {0};
	char file[64];
	bool written;

	estate_certificate_pem(certificate, &pem);
	if (next != NULL)
		estate_certificate_pem(next, &pem);
	estate_key_pem(key, &key_pem);
	snprintf(file, sizeof(file), "%s.pem", name);
	written = write_file(directory, file, &pem, 0644, error);
	snprintf(file, sizeof(file), "%s.key", name);
	written = written && write_file(directory, file, &key_pem, 0600, error);
	buffer_free(&pem);
	buffer_free(&key_pem);
	return written;
}

static bool write_random(const char *directory, const char *name, struct error *error)
{
	unsigned char bytes[32];
	char text[2 * sizeof(bytes) + 1];
	struct buffer content = {0};
	bool written;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		abort();
	text_hex(text, bytes, sizeof(bytes));
	buffer_printf(&content, "%s\n", text);
	written = write_file(directory, name, &content, 0600, error);
	buffer_free(&content);
	return written;
}

bool estate_make_ca(const char *directory, int64_t now_ms, struct error *error)
{
	static const char *const local_names[] = {"IP:127.0.0.1", "IP:::1"};
	EVP_PKEY *root_key = estate_key_new("ec-p256"), *key = estate_key_new("ec-p256");
	EVP_PKEY *server_key = estate_key_new("ec-p256"), *client_key = estate_key_new("ec-p256");
	struct issue issue = {.common_name = "Example Estate Root CA",
		.use = ISSUE_AUTHORITY,
		.key = root_key,
		.not_before_ms = now_ms - 365 * DAY_MS,
		.days = 3650};
	X509 *root, *intermediate, *server, *client;
	bool written;

	root = estate_issue(&issue);
	issue.common_name = "Example Estate Intermediate CA";
	issue.key = key;
	issue.issuer = root;
	issue.issuer_key = root_key;
	intermediate = estate_issue(&issue);
	issue.issuer = intermediate;
	issue.issuer_key = key;
	issue.not_before_ms = now_ms - DAY_MS;
	issue.days = estate_days_allowed(issue.not_before_ms);
	issue.use = ISSUE_SERVER;
	issue.common_name = "localhost";
	issue.names = local_names;
	issue.name_count = ARRAY_LENGTH(local_names);
	issue.key = server_key;
	server = estate_issue(&issue);
	issue.use = ISSUE_CLIENT;
	issue.common_name = "certinstalld";
	issue.key = client_key;
	client = estate_issue(&issue);
	if (mkdir(directory, 0755) != 0 && errno != EEXIST)
		written = error_set(error, ERROR_PERMANENT, "%s: cannot be made: %s", directory,
			strerror(errno));
	else
		written =
			write_identity(directory, "root", root, NULL, root_key, error) &&
			write_identity(directory, "intermediate", intermediate, NULL, key, error) &&
			write_identity(
				directory, "server", server, intermediate, server_key, error) &&
			write_identity(
				directory, "client", client, intermediate, client_key, error) &&
			write_random(directory, "token", error) &&
			write_random(directory, "sealing.key", error);
	X509_free(root);
	X509_free(intermediate);
	X509_free(server);
	X509_free(client);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(key);
	EVP_PKEY_free(server_key);
	EVP_PKEY_free(client_key);
	return written;
}

bool estate_make_server(
	const char *directory, const char *name, const struct issue *wish, struct error *error)
{
	struct authority authority;
	struct issue issue = *wish;
	X509 *certificate;
	bool written;

	if (!authority_load(directory, &authority, error))
		return false;
	issue.use = ISSUE_SERVER;
	issue.key = estate_key_new("ec-p256");
	issue.issuer = authority.certificate;
	issue.issuer_key = authority.key;
	certificate = estate_issue(&issue);
	written = write_identity(
		directory, name, certificate, authority.certificate, issue.key, error);
	X509_free(certificate);
	EVP_PKEY_free(issue.key);
	authority_clear(&authority);
	return written;
}

bool authority_load(const char *directory, struct authority *authority, struct error *error)
{
	char *certificate_path = path_resolve(directory, "intermediate.pem");
	char *key_path = path_resolve(directory, "intermediate.key");
	BIO *certificate = BIO_new_file(certificate_path, "r"), *key = BIO_new_file(key_path, "r");

	memset(authority, 0, sizeof(*authority));
	if (certificate != NULL && key != NULL) {
		authority->certificate = PEM_read_bio_X509(certificate, NULL, NULL, NULL);
		authority->key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
	}
	BIO_free(certificate);
	BIO_free(key);
	free(certificate_path);
	free(key_path);
	if (authority->certificate != NULL && authority->key != NULL)
		return true;
	authority_clear(authority);
	return error_set(error, ERROR_PERMANENT,
		"%s: no intermediate there; make it with: make-estate --out %s ca", directory,
		directory);
}

void authority_clear(struct authority *authority)
{
	X509_free(authority->certificate);
	EVP_PKEY_free(authority->key);
	memset(authority, 0, sizeof(*authority));
}
