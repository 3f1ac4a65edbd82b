#include "engine/examine.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/events.h"

/* More threads than that gain nothing: one storage writer comes behind them. */
#define OWN_CHOICE_MAX 8

struct examiner {
	struct settings *settings;
	pthread_t *threads;
	size_t thread_count;   /* 0: all is done where it is waited for */
	pthread_mutex_t mutex; /* guards all below, and the state of each examination */
	struct pki *pki;       /* for the thread that has work first, or for the caller */
	pthread_cond_t work;   /* there is some, or the end is near */
	pthread_cond_t over;   /* the one that is waited for is */
	struct examination *first, *last;
	struct examination *awaited;
	bool ends;
};

void prepared_clear(struct prepared *prepared)
{
	record_clear(&prepared->record);
	certificate_facts_clear(&prepared->facts);
	material_clear(&prepared->material);
}

/* The revision's content: the contract without secrets, and which certificate it has. */
static void hash_content(struct prepared *prepared)
{
	const struct record *record = &prepared->record;
	struct buffer content = {0};

	record_canonical(&record->contract, &content);
	if (record->contract.has_certificate)
		buffer_append(&content, prepared->facts.fingerprint, FINGERPRINT_SIZE);
	pki_sha256(content.data, content.length, prepared->content_hash);
	buffer_free(&content);
}

static bool examine_certificate(
	struct pki *pki, struct prepared *prepared, int64_t now_ms, struct error *error)
{
	const struct record *record = &prepared->record;
	struct pki_input input = {
		.pem = record->pem,
		.private_key = record->private_key,
		.pkcs12 = record->pkcs12.length > 0 ? record->pkcs12.data : NULL,
		.pkcs12_length = record->pkcs12.length,
		.passphrase = record->passphrase,
	};

	if (!pki_examine(pki, &input, now_ms, &prepared->facts, &prepared->material, error))
		return false;
	if (prepared->facts.malformed) {
		/* What cannot be read has no fingerprint; its bytes stand in for it. */
		if (record->pem != NULL)
			pki_sha256(record->pem, strlen(record->pem), prepared->facts.fingerprint);
		else
			pki_sha256(record->pkcs12.data, record->pkcs12.length,
				prepared->facts.fingerprint);
	}
	return true;
}

/* What is looked at once need not lie about until it is stored. */
static void forget_bytes(struct record *record)
{
	free_wiped_text(record->pem);
	record->pem = NULL;
	free_wiped_text(record->private_key);
	record->private_key = NULL;
	free_wiped_text(record->passphrase);
	record->passphrase = NULL;
	buffer_free(&record->pkcs12);
}

static void examine(struct pki *pki, struct examination *examination)
{
	struct prepared *prepared = &examination->prepared;

	if (examination->text != NULL)
		examination->readable = record_parse(examination->text, examination->length,
			&prepared->record, &examination->reason);
	if (!examination->readable)
		return;
	examination->examined =
		!prepared->record.contract.has_certificate ||
		examine_certificate(pki, prepared, examination->now_ms, &examination->fault);
	if (!examination->examined)
		return;
	hash_content(prepared);
	forget_bytes(&prepared->record);
}

/* ---- the queue; the mutex is held ---- */

static void put(struct examiner *examiner, struct examination *examination)
{
	if (examiner->first == NULL)
		examiner->first = examination;
	else
		examiner->last->next = examination;
	examiner->last = examination;
}

static void take_out(struct examiner *examiner, struct examination *examination)
{
	struct examination *before = NULL, *at = examiner->first;

	while (at != examination) {
		before = at;
		at = at->next;
	}
	if (before == NULL)
		examiner->first = at->next;
	else
		before->next = at->next;
	if (examiner->last == at)
		examiner->last = before;
	at->next = NULL;
}

static void await(struct examiner *examiner, struct examination *examination)
{
	examiner->awaited = examination;
	while (examination->state != EXAMINATION_IS_OVER)
		pthread_cond_wait(&examiner->over, &examiner->mutex);
	examiner->awaited = NULL;
}

/* ---- the threads ---- */

/*
 * Each makes its own when it first has work, which a quiet daemon's never have. The mutex is held,
 * but for the making.
 */
static bool provide(struct examiner *examiner, struct pki **pki)
{
	struct error error;
	bool made;

	if (*pki != NULL)
		return true;
	*pki = examiner->pki;
	examiner->pki = NULL;
	if (*pki != NULL)
		return true;
	pthread_mutex_unlock(&examiner->mutex);
	made = settings_make_pki(examiner->settings, pki, &error);
	if (!made)
		log_event(EVENT_THREADS_FEWER, NULL, 0, "a thread fewer examines records: %s",
			error.text);
	pthread_mutex_lock(&examiner->mutex);
	return made;
}

/* One thread has what it needs for certain; another that cannot have it leaves the work to it. */
static void *work(void *context)
{
	struct examiner *examiner = context;
	struct pki *pki = NULL;

	pthread_mutex_lock(&examiner->mutex);
	for (;;) {
		struct examination *examination;

		while (!examiner->ends && examiner->first == NULL)
			pthread_cond_wait(&examiner->work, &examiner->mutex);
		if (examiner->ends)
			break;
		if (!provide(examiner, &pki)) {
			pthread_cond_signal(&examiner->work);
			break;
		}
		examination = examiner->first;
		if (examination == NULL)
			continue;
		take_out(examiner, examination);
		examination->state = EXAMINATION_RUNS;
		pthread_mutex_unlock(&examiner->mutex);
		examine(pki, examination);
		pthread_mutex_lock(&examiner->mutex);
		examination->state = EXAMINATION_IS_OVER;
		if (examiner->awaited == examination)
			pthread_cond_signal(&examiner->over);
	}
	pthread_mutex_unlock(&examiner->mutex);
	pki_free(pki);
	return NULL;
}

/*
 * By itself at least one, even where there is one processor: it works while the caller waits for
 * the disk, a twentieth of a backfill's time.
 */
static size_t threads_wanted(const struct settings *settings)
{
	int wanted = settings_config(settings)->intake_threads, found;
	cpu_set_t processors;

	if (wanted > 0)
		return wanted > 1 ? (size_t)wanted : 0;
	if (sched_getaffinity(0, sizeof(processors), &processors) != 0)
		return 1;
	found = CPU_COUNT(&processors);
	return found > OWN_CHOICE_MAX ? OWN_CHOICE_MAX : (size_t)found;
}

/* Signals are the loop's. Where the system has no more threads, fewer have to do. */
static void start_threads(struct examiner *examiner, size_t count)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	examiner->threads = xcalloc(count, sizeof(*examiner->threads));
	while (examiner->thread_count < count) {
		int status = pthread_create(
			&examiner->threads[examiner->thread_count], NULL, work, examiner);

		if (status != 0) {
			log_event(EVENT_THREADS_FEWER, NULL, 0,
				"only %zu of %zu threads that examine records could be "
				"started: %s",
				examiner->thread_count, count, strerror(status));
			break;
		}
		examiner->thread_count++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool examiner_new(struct settings *settings, struct examiner **result, struct error *error)
{
	struct examiner *examiner = xcalloc(1, sizeof(*examiner));
	size_t wanted = threads_wanted(settings);

	pthread_mutex_init(&examiner->mutex, NULL);
	pthread_cond_init(&examiner->work, NULL);
	pthread_cond_init(&examiner->over, NULL);
	examiner->settings = settings_ref(settings);
	if (!settings_make_pki(settings, &examiner->pki, error)) {
		examiner_free(examiner);
		return false;
	}
	if (wanted > 0)
		start_threads(examiner, wanted);
	*result = examiner;
	return true;
}

void examiner_free(struct examiner *examiner)
{
	size_t i;

	if (examiner == NULL)
		return;
	pthread_mutex_lock(&examiner->mutex);
	examiner->ends = true;
	pthread_cond_broadcast(&examiner->work);
	pthread_mutex_unlock(&examiner->mutex);
	for (i = 0; i < examiner->thread_count; i++)
		pthread_join(examiner->threads[i], NULL);
	pki_free(examiner->pki);
	settings_unref(examiner->settings);
	pthread_cond_destroy(&examiner->over);
	pthread_cond_destroy(&examiner->work);
	pthread_mutex_destroy(&examiner->mutex);
	free(examiner->threads);
	free(examiner);
}

/* ---- the caller's side ---- */

static struct examination *begin(struct examiner *examiner, struct examination *examination)
{
	pthread_mutex_lock(&examiner->mutex);
	put(examiner, examination);
	pthread_cond_signal(&examiner->work);
	pthread_mutex_unlock(&examiner->mutex);
	return examination;
}

struct examination *examiner_begin(
	struct examiner *examiner, const char *text, size_t length, int64_t now_ms)
{
	struct examination *examination = xcalloc(1, sizeof(*examination));

	examination->text = text;
	examination->length = length;
	examination->now_ms = now_ms;
	return begin(examiner, examination);
}

struct examination *examiner_begin_record(
	struct examiner *examiner, struct record *record, int64_t now_ms)
{
	struct examination *examination = xcalloc(1, sizeof(*examination));

	examination->readable = true;
	examination->prepared.record = *record;
	*record = (struct record){0};
	examination->now_ms = now_ms;
	return begin(examiner, examination);
}

void examiner_wait(struct examiner *examiner, struct examination *examination)
{
	pthread_mutex_lock(&examiner->mutex);
	if (examination->state == EXAMINATION_WAITS && examiner->thread_count == 0) {
		take_out(examiner, examination);
		examine(examiner->pki, examination);
		examination->state = EXAMINATION_IS_OVER;
	}
	await(examiner, examination);
	pthread_mutex_unlock(&examiner->mutex);
}

void examiner_drop(struct examiner *examiner, struct examination *examination)
{
	if (examination == NULL)
		return;
	pthread_mutex_lock(&examiner->mutex);
	if (examination->state == EXAMINATION_WAITS) {
		take_out(examiner, examination);
		examination->state = EXAMINATION_IS_OVER;
	}
	await(examiner, examination);
	pthread_mutex_unlock(&examiner->mutex);
	prepared_clear(&examination->prepared);
	free(examination);
}
