#ifndef SERVICE_PROFILE_H
#define SERVICE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "domain/catalogue.h"
#include "domain/linkage.h"
#include "net/http_message.h"
#include "pki/pki.h"

enum body_form {
	BODY_MULTIPART,	  /* fields and files, as `part` sections say */
	BODY_PKCS12_JSON, /* JSON with a base64 PKCS#12 and its one-time passphrase */
	BODY_PEM_BUNDLE,  /* key, leaf, chain as application/x-pem-file */
	BODY_JSON,	  /* JSON with PEM members */
};

struct profile_part {
	char *name;
	char *content;	/* "{fqdn}", "{leaf}", "{chain}", "{key}", "{bundle}", "{code}" */
	char *filename; /* NULL: a plain field */
	char *content_type;
};

#define PROFILE_STATUSES_MAX 16

/*
 * A linked service as data (DESIGN.md, decision 5): its rules and how it is spoken to. Read from
 * services.d/ID.conf, addresses and secrets laid over it from the main configuration.
 */
struct profile {
	char *path; /* the file it came from, for messages */
	struct service_rules rules;

	/* The request. Placeholders: {code}, {group} (behind ':' in the service code), {fqdn}. */
	char *endpoint; /* "https://host:port"; NULL: rules only, installs wait until it has one */
	char *install_method;
	char *install_path; /* placeholders are percent-encoded */
	enum body_form body_form;
	struct profile_part *parts; /* multipart's parts or json's members */
	size_t part_count;
	struct http_header *headers;
	size_t header_count;
	int success[PROFILE_STATUSES_MAX]; /* statuses that mean done */
	size_t success_count;

	/* Credentials and trust: paths, resolved. NULL: none. */
	char *token_file;
	char *ca_file;
	char *client_certificate;
	char *client_key;

	/* Verification: "host:port"; NULL: skipped, and said so. */
	char *edge;
	int64_t verify_grace_ms;    /* how long the old certificate may still be served */
	int64_t verify_interval_ms; /* between two looks */
	int64_t verify_timeout_ms;

	/* Limits. */
	int concurrency;
	int64_t connect_timeout_ms;
	int64_t total_timeout_ms;
	int64_t stall_timeout_ms;
	uint64_t answer_max;
	bool http1_only;
};

/*
 * Reads one profile file; its name gives the id. BUILTIN (may be NULL) are the rules that serve
 * where the file is silent (its id is not looked at). Permanent error naming file, line and key.
 */
bool must_check profile_read(const char *path, const struct service_rules *builtin,
	struct profile *profile, struct error *error);
/* A profile of RULES (copied) alone: no request, no endpoint, the limits at their defaults. */
void profile_init(struct profile *profile, const struct service_rules *rules);
/* Frees what PROFILE holds; it is {0} again. */
void profile_clear(struct profile *profile);

/* True when the request needs a PKCS#12 made for it. */
bool profile_needs_pkcs12(const struct profile *profile);

/* One install; all borrowed. */
struct install {
	const char *service_code;
	const char *fqdn;
	const char *idempotency_key;
	const char *token; /* NULL: none */
	const struct material *material;
	const unsigned char *pkcs12; /* when profile_needs_pkcs12 */
	size_t pkcs12_length;
	const char *passphrase;
};

/*
 * Builds the HTTP request of an install: URL, headers (Authorization, Idempotency-Key,
 * Content-Type, the profile's own) and body. Permanent error when the service code lacks what the
 * path needs. REQUEST is to be cleared with http_request_clear.
 */
bool must_check service_build(const struct profile *profile, const struct install *install,
	struct http_request *request, struct error *error);

enum judgement_kind {
	JUDGED_DONE,
	JUDGED_TEMPORARY,
	JUDGED_PERMANENT,
	JUDGED_INTERNAL,
};

#define JUDGEMENT_TEXT_MAX 400
#define EXCERPT_MAX 512

struct judgement {
	enum judgement_kind kind;
	char text[JUDGEMENT_TEXT_MAX]; /* a sentence: "HTTP 422: key must be RSA 2048" */
	char excerpt[EXCERPT_MAX];     /* of the answer's body, sanitised; never of the request */
	int64_t retry_after_ms;	       /* -1: none given */
};

/*
 * What an answer means: done by the profile's statuses; temporary for every failure to get an
 * answer but HTTP_INTERNAL, and for 408, 425, 429 and 5xx; permanent for the rest. The text takes a
 * problem document's title and detail where there is one. SECRETS (the token) are struck out of
 * text and excerpt should the service echo them; so is anything that looks like a private key.
 */
void service_judge(const struct profile *profile, const struct http_answer *answer,
	const char *token, int64_t now_ms, struct judgement *judgement);

#endif
