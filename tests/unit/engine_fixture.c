#include "engine_fixture.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "pki_fixture.h"

/* The transport and the probe have no context of ours: one fixture at a time. */
static struct engine_fixture *current;

#define OR_ABORT(call, error)                                                                      \
	do {                                                                                       \
		if (!(call)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, (error).text);          \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The authorities of the certificates below. */
static X509 *root, *intermediate;

/* ---- the transport ---- */

struct http_transfer {
	struct loop_timer *timer;
	struct scripted_answer answer;
	http_callback *callback;
	void *context;
};

static void end_transfer(struct http_transfer *transfer, enum http_failure failure)
{
	struct http_answer answer = {.failure = failure};

	if (failure == HTTP_OK)
		answer.status = transfer->answer.status;
	else
		error_set(
			&answer.error, ERROR_TEMPORARY, "scripted: %s", http_failure_name(failure));
	answer.retry_after = xstrdup_or_null(transfer->answer.retry_after);
	answer.location = xstrdup_or_null(transfer->answer.location);
	if (failure == HTTP_OK && transfer->answer.body != NULL)
		buffer_append_text(&answer.body, transfer->answer.body);
	loop_timer_free(transfer->timer);
	current->in_flight--;
	transfer->callback(transfer->context, &answer);
	http_answer_clear(&answer);
	free(transfer);
}

static void answer_now(void *context)
{
	struct http_transfer *transfer = context;

	manual_clock_advance(&current->clock, current->answer_takes_ms);
	current->answer_takes_ms = 0;
	end_transfer(transfer, transfer->answer.failure);
}

static void note_request(const struct http_request *request)
{
	struct sent *sent = &current->sent[current->sent_count++ % SENT_MAX];
	struct buffer body = {0};
	size_t i;

	free(sent->url);
	free(sent->idempotency_key);
	free(sent->body);
	free(sent->method);
	*sent = (struct sent){.method = xstrdup(request->method), .url = xstrdup(request->url)};
	for (i = 0; i < request->header_count; i++) {
		if (strcmp(request->headers[i].name, "Idempotency-Key") == 0)
			sent->idempotency_key = xstrdup(request->headers[i].value);
	}
	for (i = 0; i < request->part_count; i++)
		buffer_append(&body, request->parts[i].data.data, request->parts[i].data.length);
	buffer_append(&body, request->body.data, request->body.length);
	sent->body = buffer_steal_text(&body);
}

/* The certificate in a body, as the edge would find it there. */
static void serve(const char *body)
{
	char *plain = xstrdup(body), *from, *to = plain, *begin;
	BIO *bio;
	X509 *leaf = NULL;

	/* In JSON the line breaks are escaped. */
	for (from = plain; *from != '\0'; from++) {
		if (from[0] == '\\' && from[1] == 'n') {
			*to++ = '\n';
			from++;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	begin = strstr(plain, "-----BEGIN CERTIFICATE-----");
	if (begin != NULL) {
		bio = BIO_new_mem_buf(begin, -1);
		leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		BIO_free(bio);
	}
	if (leaf != NULL)
		X509_digest(leaf, EVP_sha256(), current->served, NULL);
	X509_free(leaf);
	free(plain);
}

struct http_transfer *http_start(struct http *http, const struct http_peer *peer,
	const struct http_request *request, http_callback *callback, void *context)
{
	struct http_transfer *transfer = xcalloc(1, sizeof(*transfer));
	size_t number = current->sent_count;

	(void)http;
	current->total_timeout_ms = peer->total_timeout_ms;
	note_request(request);
	transfer->answer = (struct scripted_answer){.status = 200};
	if (current->answer_count > 0)
		transfer->answer = current->answers[number < current->answer_count
							    ? number
							    : current->answer_count - 1];
	if (transfer->answer.failure == HTTP_OK && transfer->answer.status / 100 == 2)
		serve(current->sent[number % SENT_MAX].body);
	transfer->callback = callback;
	transfer->context = context;
	transfer->timer = loop_timer_new(current->loop, answer_now, transfer);
	if (!transfer->answer.hang)
		loop_timer_set(transfer->timer, 0);
	if (++current->in_flight > current->most_in_flight)
		current->most_in_flight = current->in_flight;
	return transfer;
}

void http_cancel(struct http_transfer *transfer)
{
	end_transfer(transfer, HTTP_CANCELLED);
}

/* ---- the probe ---- */

struct probe {
	char *address;
	struct loop_timer *timer;
	probe_callback *callback;
	void *context;
};

static void end_probe(struct probe *probe, const struct probe_result *result)
{
	loop_timer_free(probe->timer);
	probe->callback(probe->context, result);
	free(probe->address);
	free(probe);
}

static void found(void *context)
{
	struct probe *probe = context;
	struct probe_result result = {.outcome = PROBE_SERVED, .chain_length = 2};
	enum scripted_edge edge = current->edge;

	current->probes++;
	result.not_before_ms = current->edge_not_before_ms;
	X509_digest(intermediate, EVP_sha256(), result.chain[1], NULL);
	if (edge == EDGE_BY_ADDRESS)
		edge = strncmp(probe->address, "good", 4) == 0 ? EDGE_SERVES_LAST : EDGE_SERVES_OLD;
	switch (edge) {
	case EDGE_SERVES_LAST:
		memcpy(result.chain[0], current->served, FINGERPRINT_SIZE);
		result.covers_name = true;
		break;
	case EDGE_SERVES_NO_CHAIN:
		memcpy(result.chain[0], current->served, FINGERPRINT_SIZE);
		result.chain_length = 1;
		break;
	case EDGE_BY_ADDRESS:
		abort();
	case EDGE_SERVES_OLD:
		result.covers_name = true;
		break;
	case EDGE_SERVES_OTHER:
		break;
	case EDGE_SERVES_NONE:
		result.outcome = PROBE_NONE;
		error_set(&result.error, ERROR_TEMPORARY, "scripted: no certificate");
		break;
	case EDGE_HANGS:
		abort();
	case EDGE_UNREACHABLE:
		result.outcome = PROBE_UNREACHABLE;
		error_set(&result.error, ERROR_TEMPORARY, "scripted: unreachable");
		break;
	}
	end_probe(context, &result);
}

struct probe *probe_start(struct loop *loop, const char *address, const char *sni,
	int64_t timeout_ms, probe_callback *callback, void *context)
{
	struct probe *probe = xcalloc(1, sizeof(*probe));

	probe->address = xstrdup(address);
	snprintf(current->asked_for, sizeof(current->asked_for), "%s", sni);
	(void)timeout_ms;
	probe->callback = callback;
	probe->context = context;
	probe->timer = loop_timer_new(loop, found, probe);
	if (current->edge != EDGE_HANGS)
		loop_timer_set(probe->timer, 0);
	return probe;
}

void probe_cancel(struct probe *probe)
{
	const struct probe_result result = {.outcome = PROBE_CANCELLED};

	end_probe(probe, &result);
}

/* ---- certificates and records ---- */

static void make_authorities(void)
{
	static const char *const none[] = {NULL};
	const struct fixture_request root_request = {
		.common_name = "Test Root",
		.names = none,
		.key = fixture_root_key(),
		.authority = true,
	};
	struct fixture_request request = {
		.common_name = "Test Intermediate",
		.names = none,
		.key = fixture_intermediate_key(),
		.authority = true,
	};

	if (root != NULL)
		return;
	root = fixture_certificate(&root_request);
	request.issuer = root;
	request.issuer_key = fixture_root_key();
	intermediate = fixture_certificate(&request);
}

/* Signatures and serial numbers are random: a certificate is made once and kept. */
#define CERTIFICATES_MAX 64
static char *certificates[CERTIFICATES_MAX];

static const char *certificate_pem(int number, bool wildcard)
{
	const char *const names[] = {wildcard ? "*.example.jp" : "www.example.jp", NULL};
	const struct fixture_request request = {
		.common_name = names[0],
		.names = names,
		.not_before_ms = FIXTURE_START_MS - 100 * FIXTURE_DAY_MS,
		.not_after_ms = FIXTURE_START_MS + 90 * FIXTURE_DAY_MS,
		.key = fixture_key("ec-p256", 1),
		.issuer = intermediate,
		.issuer_key = fixture_intermediate_key(),
	};
	X509 *leaf;

	if (certificates[number] == NULL) {
		leaf = fixture_certificate(&request);
		certificates[number] =
			fixture_join(fixture_pem(leaf), fixture_pem(intermediate), NULL);
		X509_free(leaf);
	}
	return certificates[number];
}

static void append_escaped(struct buffer *text, const char *pem)
{
	for (; *pem != '\0'; pem++) {
		if (*pem == '\n')
			buffer_append_text(text, "\\n");
		else
			buffer_append_char(text, *pem);
	}
}

char *fixture_record_text(const struct fixture_record *record)
{
	char start[CIVIL_INSTANT_MAX], at[CIVIL_INSTANT_MAX], *key;
	struct buffer text = {0};

	make_authorities();
	civil_format_instant(start, FIXTURE_START_MS - 365 * DAY_MS, TOKYO_OFFSET_MIN);
	civil_format_instant(
		at, record->at_ms ? record->at_ms : FIXTURE_START_MS, TOKYO_OFFSET_MIN);
	buffer_printf(&text,
		"{\"contract\":\"%s\",\"revision\":%d,\"state\":\"%s\",\"since\":\"%s\","
		"\"item\":\"%s\",\"common_name\":\"%s.example.jp\",\"certificate\":",
		record->contract, record->revision, record->ended ? "ended" : "active", start,
		record->item ? record->item : "dv-ssl", record->wildcard ? "*" : "www");
	if (record->certificate == 0) {
		buffer_append_text(&text, "null");
	} else {
		buffer_printf(&text, "{\"at\":\"%s\",\"csr_by\":\"provider\",\"pem\":\"", at);
		append_escaped(&text, certificate_pem(record->certificate, record->wildcard));
		if (!record->without_key) {
			buffer_append_text(&text, "\",\"private_key\":\"");
			key = fixture_key_pem(fixture_key("ec-p256", record->wrong_key ? 2 : 1));
			append_escaped(&text, key);
			free(key);
		}
		buffer_append_text(&text, "\"}");
	}
	buffer_printf(&text, ",\"links\":[%s]}",
		record->links ? record->links
			      : "{\"service\":\"webhg2\",\"service_code\":\"whg1\","
				"\"fqdn\":\"www.example.jp\"}");
	return buffer_steal_text(&text);
}

/* ---- the fixture ---- */

static void idle(void *context, int64_t next_ms)
{
	struct engine_fixture *fixture = context;

	fixture->idle_next_ms = next_ms;
	loop_stop(fixture->loop);
}

void engine_fixture_use_pump(struct engine_fixture *fixture, struct pump_options options)
{
	pump_free(fixture->pump);
	options.observer = (struct pump_observer){.idle = idle, .context = fixture};
	options.loop = fixture->loop;
	options.store = fixture->store;
	options.pki = fixture->pki;
	fixture->pump = pump_new(&options, fixture->settings);
}

static void open_all(struct engine_fixture *fixture)
{
	char *path = path_resolve(fixture->folder, "certinstalld.conf");
	struct error error;

	fixture->loop = loop_new(&fixture->clock.clock);
	OR_ABORT(settings_read(path, &fixture->settings, &error), error);
	OR_ABORT(store_open(settings_config(fixture->settings)->store, &fixture->store, &error),
		error);
	OR_ABORT(settings_make_pki(fixture->settings, &fixture->pki, &error), error);
	OR_ABORT(intake_new(fixture->settings, fixture->store, &fixture->clock.clock, NULL, false,
			 &fixture->intake, &error),
		error);
	engine_fixture_use_pump(fixture, (struct pump_options){0});
	free(path);
}

static void close_all(struct engine_fixture *fixture)
{
	pump_abort(fixture->pump);
	pump_free(fixture->pump);
	fixture->pump = NULL;
	intake_free(fixture->intake);
	pki_free(fixture->pki);
	store_close(fixture->store);
	settings_unref(fixture->settings);
	loop_free(fixture->loop);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char *path = path_resolve(folder, name);
	struct error error;

	OR_ABORT(file_write_atomic(path, text, strlen(text), 0600, &error), error);
	free(path);
}

#define BASE_CONFIG                                                                                \
	"store = \"store.db\"\nspool = \"spool\"\nuser = \"\"\n"                                   \
	"sealing-key = \"sealing.key\"\ntrust = \"root.pem\"\n"

/* The shipped services, or the foreign one alone. */
static char *make_config(const char *folder, const char *extra, const char *profile)
{
	char *services;

	if (profile == NULL)
		return xasprintf(BASE_CONFIG
			"services-dir = \"%s/conf/services.d\"\n"
			"site webhg2 { endpoint = \"https://webhg2.test\" edge = \"edge:443\" "
			"token = \"token\" concurrency = 4 }\n"
			"site idgw { endpoint = \"https://idgw.test\" edge = \"edge:443\" "
			"token = \"token\" }\n"
			"site docex { endpoint = \"https://docex.test\" token = \"token\" }\n"
			"site cloud-hosting { endpoint = \"https://ch.test\" token = \"token\" }\n"
			"%s\n",
			TEST_SOURCE, extra ? extra : "");
	services = path_resolve(folder, "services.d");
	if (mkdir(services, 0700) != 0)
		abort();
	write_file(services, "foreign.conf", profile);
	free(services);
	return xasprintf(BASE_CONFIG
		"services-dir = \"services.d\"\n"
		"site foreign { endpoint = \"https://foreign.test\" token = \"token\" }\n%s\n",
		extra ? extra : "");
}

struct engine_fixture *engine_fixture_new(const char *extra)
{
	return engine_fixture_new_foreign(extra, NULL);
}

struct engine_fixture *engine_fixture_new_foreign(const char *extra, const char *profile)
{
	struct engine_fixture *fixture = xcalloc(1, sizeof(*fixture));
	char folder[] = "/tmp/engine-test-XXXXXX", *text;

	current = fixture;
	if (mkdtemp(folder) == NULL)
		abort();
	fixture->folder = xstrdup(folder);
	manual_clock_init(&fixture->clock, FIXTURE_START_MS);
	make_authorities();
	text = fixture_pem(root);
	write_file(folder, "root.pem", text);
	free(text);
	write_file(folder, "token", "secret-token\n");
	write_file(folder, "sealing.key",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
	text = make_config(folder, extra, profile);
	write_file(folder, "certinstalld.conf", text);
	free(text);
	open_all(fixture);
	return fixture;
}

void engine_fixture_restart(struct engine_fixture *fixture)
{
	close_all(fixture);
	open_all(fixture);
}

static void remove_folder(const char *folder)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		char *path = path_resolve(folder, entry->d_name);

		if (entry->d_name[0] != '.' && unlink(path) != 0)
			remove_folder(path);
		free(path);
	}
	if (directory != NULL)
		closedir(directory);
	rmdir(folder);
}

void engine_fixture_free(struct engine_fixture *fixture)
{
	size_t i;

	close_all(fixture);
	remove_folder(fixture->folder);
	for (i = 0; i < SENT_MAX; i++) {
		free(fixture->sent[i].method);
		free(fixture->sent[i].url);
		free(fixture->sent[i].idempotency_key);
		free(fixture->sent[i].body);
	}
	free(fixture->folder);
	free(fixture);
	for (i = 0; i < CERTIFICATES_MAX; i++) {
		free(certificates[i]);
		certificates[i] = NULL;
	}
	X509_free(intermediate);
	X509_free(root);
	root = intermediate = NULL;
	current = NULL;
}

void engine_fixture_script(
	struct engine_fixture *fixture, const struct scripted_answer *answers, size_t count)
{
	fixture->answers = answers;
	fixture->answer_count = count;
	fixture->sent_count = 0;
}

enum spool_taken engine_fixture_take(
	struct engine_fixture *fixture, const struct fixture_record *record, struct error *reason)
{
	struct spool_taker taker = intake_taker(fixture->intake);
	char *text = fixture_record_text(record);
	const struct spool_item item = {"test.json", 0, text, strlen(text)};
	struct error error, ignored;
	enum spool_taken taken =
		taker.take(taker.context, &item, reason != NULL ? reason : &ignored);

	OR_ABORT(taker.flush(taker.context, &error), error);
	free_wiped_text(text);
	return taken;
}

void engine_fixture_pump(struct engine_fixture *fixture)
{
	struct error error;

	pump_poke(fixture->pump);
	OR_ABORT(loop_run(fixture->loop, &error), error);
}

size_t engine_fixture_job_count(struct engine_fixture *fixture, const char *contract)
{
	struct store_job *jobs;
	size_t count;
	struct error error;

	OR_ABORT(store_jobs_of_contract(fixture->store, contract, &jobs, &count, &error), error);
	store_jobs_free(jobs, count);
	return count;
}

struct store_job engine_fixture_job(
	struct engine_fixture *fixture, const char *contract, size_t number)
{
	struct store_job *jobs, job;
	size_t count;
	struct error error;

	OR_ABORT(store_jobs_of_contract(fixture->store, contract, &jobs, &count, &error), error);
	if (number >= count)
		abort();
	job = jobs[number];
	jobs[number] = (struct store_job){0};
	store_jobs_free(jobs, count);
	return job;
}

static void append_attempt(void *context, const struct store_attempt *attempt)
{
	static const char *const kinds[] = {
		[ATTEMPT_PUSH] = "push",
		[ATTEMPT_VERIFY] = "verify",
		[ATTEMPT_FOLLOW] = "follow",
		[ATTEMPT_READ_BACK] = "read-back",
		[ATTEMPT_ACT] = "act",
	};
	struct buffer *text = context;

	buffer_printf(text, "%s%s:%s:%d", text->length > 0 ? " " : "", kinds[attempt->kind],
		attempt->outcome, attempt->status);
}

char *engine_fixture_attempts(struct engine_fixture *fixture, int64_t job_id)
{
	struct buffer text = {0};
	struct error error;

	OR_ABORT(store_attempts(fixture->store, job_id, append_attempt, &text, &error), error);
	return buffer_steal_text(&text);
}

bool engine_fixture_holds_key(struct engine_fixture *fixture, const struct store_job *job)
{
	struct buffer sealed = {0};
	char key_id[SEAL_KEY_ID_MAX];
	struct error error;
	bool held;

	OR_ABORT(store_secret_get(
			 fixture->store, job->certificate_id, key_id, &sealed, &held, &error),
		error);
	buffer_free(&sealed);
	return held;
}
