#ifndef SERVICE_PROFILE_H
#define SERVICE_PROFILE_H

#include <regex.h>
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
	BODY_TEMPLATE,	  /* a text with placeholders, escaped for where they stand */
	BODY_NONE,
};

/* How what a placeholder stands for is written into a template. */
enum template_escape {
	ESCAPE_BY_TYPE, /* while the file is read alone: by the template's type */
	ESCAPE_NONE,
	ESCAPE_URL,
	ESCAPE_JSON,
};

struct profile_part {
	char *name;
	char *content;	/* "{fqdn}", "{leaf}", "{chain}", "{key}", "{bundle}", "{code}" */
	char *filename; /* NULL: a plain field */
	char *content_type;
};

#define PROFILE_STATUSES_MAX 16
#define PROFILE_STEPS_MAX 8
#define PROFILE_EDGES_MAX 16
#define PROFILE_ANSWER_RULES_MAX 32
#define PROFILE_REGEX_MAX 512

/* One request of an install. Placeholders: {code}, {group} (behind ':' in it), {fqdn}. */
struct profile_step {
	char *name; /* of its section; NULL when the file has none */
	char *method;
	char *path; /* placeholders are percent-encoded */
	enum body_form body_form;
	char *template_text;
	char *template_type;
	enum template_escape escape;
	struct profile_part *parts; /* multipart's parts or json's members */
	size_t part_count;
	bool parts_inherited;		   /* while the file is read */
	int success[PROFILE_STATUSES_MAX]; /* done */
	size_t success_count;
	int accepted[PROFILE_STATUSES_MAX]; /* taken, to be followed */
	size_t accepted_count;
	int on[PROFILE_STATUSES_MAX]; /* on these the step named `then`, a later one, is tried */
	size_t on_count;
	char *then;
	size_t then_index;
};

enum judgement_kind {
	JUDGED_DONE,
	JUDGED_TEMPORARY,
	JUDGED_PERMANENT,
	JUDGED_INTERNAL,
	JUDGED_ACCEPTED,  /* taken; to be followed */
	JUDGED_NEXT_STEP, /* to be tried by another step of the profile */
	JUDGED_PENDING,	  /* followed, and not over */
};

/* Servers that say by their words what others say by the status. The first that matches wins. */
struct profile_answer_rule {
	char *name;
	int statuses[PROFILE_STATUSES_MAX]; /* none: any */
	size_t status_count;
	char *member;		   /* JSON pointer, "": the whole value; NULL: the raw body */
	char *matches;		   /* POSIX ERE; NULL: whatever the answer holds */
	regex_t regex;		   /* compiled, when MATCHES is not NULL */
	enum judgement_kind means; /* done, temporary or permanent */
};

/* How an install that was accepted is asked for until it is over. */
struct profile_follow {
	bool used;
	char *path;   /* NULL: where the answer's Location says */
	char *member; /* JSON pointer to the state; NULL: by status, 202 pending, else done */
	char **done, **pending, **failed; /* what stands there; pending empty: all else */
	size_t done_count, pending_count, failed_count;
	char *reason_member;	   /* JSON pointer to a failure's reason; NULL: none is told */
	int64_t interval_ms;	   /* between two questions, where no Retry-After says */
	int64_t interval_floor_ms; /* Retry-After is kept to within these two */
	int64_t interval_ceiling_ms;
	int64_t timeout_ms; /* not over by then is a temporary failure */
};

enum read_back_kind {
	READ_BACK_NONE,
	READ_BACK_REQUEST,
	READ_BACK_EDGE, /* what the edge serves is what is installed */
};

enum read_back_as {
	READ_BACK_AS_SHA256, /* hexadecimal, with or without colons */
	READ_BACK_AS_PEM,
	READ_BACK_AS_PEM_CHAIN, /* the chain is compared too */
};

/* How a service is asked which certificate it has. */
struct profile_read_back {
	enum read_back_kind kind;
	char *path;
	char *member; /* JSON pointer; NULL: the raw body */
	enum read_back_as as;
	int absent[PROFILE_STATUSES_MAX]; /* statuses that say: none */
	size_t absent_count;
	bool before_push; /* one that is installed is a success without a push */
};

/*
 * A linked service as data (DESIGN.md, decision 5): its rules and how it is spoken to. Read from
 * services.d/ID.conf, addresses and secrets laid over it from the main configuration.
 */
struct profile {
	char *path; /* the file it came from, for messages */
	struct service_rules rules;

	/* The request. */
	char *endpoint; /* "https://host:port"; NULL: rules only, installs wait until it has one */
	struct profile_step request; /* the top-level keys, for the steps that say nothing else */
	struct profile_step *steps;  /* none: no path is configured */
	size_t step_count;
	struct profile_answer_rule *answers;
	size_t answer_count;
	struct profile_follow follow;
	struct profile_read_back read_back;
	struct http_header *headers;
	size_t header_count;

	/* Credentials and trust: paths, resolved. NULL: none. */
	char *token_file;
	char *ca_file;
	char *client_certificate;
	char *client_key;

	/*
	 * Verification: "host:port", or "{fqdn}:port", by the FQDN's own DNS; none: skipped, and
	 * said so.
	 */
	char **edges;
	size_t edge_count;
	int edges_needed; /* 0: all */
	bool verify_chain;
	int64_t verify_grace_ms;    /* how long the old certificate may still be served */
	int64_t verify_interval_ms; /* between two looks */
	int64_t verify_timeout_ms;

	/* Limits. */
	int concurrency;
	int64_t rate_milli; /* thousandths of a request per second; 0: no limit */
	int64_t circuit_probe_ms;
	int64_t circuit_probe_ceiling_ms;
	int64_t connect_timeout_ms;
	int64_t total_timeout_ms;
	int64_t stall_timeout_ms;
	uint64_t answer_max;
	bool http1_only;

	/*
	 * When it may be installed on: minutes after midnight in Asia/Tokyo, -1 and -1: always. A
	 * window whose end lies before its beginning goes over midnight.
	 */
	int install_from_minute;
	int install_until_minute;
	bool install_business_days_only;
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

#define PROFILE_WHY_MAX 256

/*
 * True when the values that a site may change fit each other; else the KEY at fault and WHY, to be
 * told behind it. For profiles over which a site was laid: profile_read does it by itself.
 */
bool must_check profile_check(
	const struct profile *profile, const char **key, char why[PROFILE_WHY_MAX]);

/* True when a request needs a PKCS#12 made for it. */
bool profile_needs_pkcs12(const struct profile *profile);

/* One install; all borrowed. */
struct install {
	const char *service_code;
	const char *fqdn;
	const char *idempotency_key;	 /* of steps; the other requests change nothing */
	const char *token;		 /* NULL: none */
	const struct material *material; /* NULL for what sends no body */
	const unsigned char *pkcs12;	 /* when profile_needs_pkcs12 */
	size_t pkcs12_length;
	const char *passphrase;
	/* 32 bytes; NULL: taken from MATERIAL, where a placeholder wants it. */
	const unsigned char *fingerprint;
};

/*
 * Builds the HTTP request of an install's step: URL, headers (Authorization, Idempotency-Key,
 * Content-Type, the profile's own) and body. Permanent error when the profile has no endpoint or no
 * such step, or when the service code lacks what the path needs. REQUEST is to be cleared with
 * http_request_clear.
 */
bool must_check service_build_step(const struct profile *profile, size_t step,
	const struct install *install, struct http_request *request, struct error *error);

/*
 * Builds the question for an install that was accepted. REMOTE is what the judgement gave, ""
 * when the profile's follow.path serves. Permanent error when REMOTE leads to another origin than
 * the endpoint's, or nowhere.
 */
bool must_check service_build_follow(const struct profile *profile, const struct install *install,
	const char *remote, struct http_request *request, struct error *error);

/* Builds the question which certificate is installed; profile's read_back is READ_BACK_REQUEST. */
bool must_check service_build_read_back(const struct profile *profile,
	const struct install *install, struct http_request *request, struct error *error);

#define JUDGEMENT_TEXT_MAX 400
#define EXCERPT_MAX 512
#define JUDGEMENT_REMOTE_MAX 1024

struct judgement {
	enum judgement_kind kind;
	char text[JUDGEMENT_TEXT_MAX]; /* a sentence: "HTTP 422: key must be RSA 2048" */
	char excerpt[EXCERPT_MAX];     /* of the answer's body, sanitised; never of the request */
	int64_t retry_after_ms;	       /* -1: none given */
	size_t next_step;	       /* of JUDGED_NEXT_STEP */
	/*
	 * Of JUDGED_ACCEPTED: what service_build_follow takes, to be kept as it is. A path with its
	 * query; or a number, a blank and a reference that is relative to the path of that step.
	 */
	char remote[JUDGEMENT_REMOTE_MAX];
	/*
	 * When to ask (again): of JUDGED_ACCEPTED, and of JUDGED_PENDING and JUDGED_TEMPORARY in
	 * following; within the profile's bounds. -1 otherwise.
	 */
	int64_t look_again_ms;
	bool remote_gone; /* followed, and the service knows nothing of it: to be sent again */
};

/*
 * What a step's answer means. The profile's answer rules come first; then done, accepted or the
 * next step by the step's statuses; temporary for every failure to get an answer but HTTP_INTERNAL,
 * and for 408, 425, 429 and 5xx; permanent for the rest. An accepted install that is to be followed
 * by a Location that leads to another origin or nowhere is permanent: neither token nor certificate
 * goes elsewhere. The text takes a problem document's title and detail where there is one.
 * TOKEN (NULL: none) is struck out of text and excerpt should the service echo it; so is anything
 * that looks like a private key. NOW_MS is wall time.
 */
void service_judge_step(const struct profile *profile, size_t step,
	const struct http_answer *answer, const char *token, int64_t now_ms,
	struct judgement *judgement);

/*
 * What the answer to service_build_follow's question means: done, pending, temporary (nothing was
 * learnt: to be asked again; with remote_gone, on 404 and 410, to be sent again), permanent with
 * the service's reason, or internal: a 4xx or 3xx (a wrong token, say) speaks of the question and
 * not of the install, which is asked for again.
 */
void service_judge_follow(const struct profile *profile, const struct http_answer *answer,
	const char *token, int64_t now_ms, struct judgement *judgement);

enum read_back_finding {
	READ_BACK_SAME,
	READ_BACK_OTHER,
	READ_BACK_ABSENT,
	READ_BACK_UNKNOWN, /* no answer, or none that tells */
};

/*
 * What the answer to service_build_read_back's question says of the certificate with FINGERPRINT.
 * MATERIAL gives the chain that as = "pem-chain" compares (its key is not looked at); with NULL the
 * leaf alone is. Nothing of the answer goes anywhere.
 */
enum read_back_finding service_judge_read_back(const struct profile *profile,
	const struct http_answer *answer, const unsigned char fingerprint[32],
	const struct material *material);

/*
 * Which leaf that answer told, where it is READ_BACK_OTHER: its fingerprint, and when it begins to
 * be valid (milliseconds since 1970; 0 where the answer does not tell). False when it told none.
 */
bool must_check service_read_back_leaf(const struct profile *profile,
	const struct http_answer *answer, unsigned char fingerprint[32], int64_t *not_before_ms);

#endif
