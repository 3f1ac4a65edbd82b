#include "store/store_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Two indexes of jobs serve the two sides of the OR. */
static const char known_sql[] =
	"SELECT c.fingerprint, j.issued_ms, c.not_before_ms, j.contract = ?1 "
	"FROM jobs AS j CROSS JOIN certificates AS c ON c.id = j.certificate_id "
	"WHERE j.contract = ?1 OR (j.fqdn = ?4 AND j.service = ?2 AND j.service_code = ?3)";

struct list {
	struct guard_known *known;
	size_t count;
	size_t capacity;
};

static void append(struct list *list, const struct guard_known *one)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity == 0 ? 16 : 2 * list->capacity;
		list->known = xreallocarray(list->known, list->capacity, sizeof(*list->known));
	}
	list->known[list->count++] = *one;
}

/* A certificate has a job for each link: few certificates, each found among the last. */
static void note(struct list *list, const struct guard_known *one)
{
	struct guard_known *known;
	size_t i;

	for (i = list->count; i > 0; i--) {
		if (memcmp(list->known[i - 1].fingerprint, one->fingerprint, FINGERPRINT_SIZE) == 0)
			break;
	}
	if (i == 0) {
		append(list, one);
		return;
	}
	known = &list->known[i - 1];
	/* What the contract itself says of it goes before what another one does. */
	if (one->of_contract != known->of_contract ? one->of_contract
						   : one->issued_ms > known->issued_ms)
		*known = *one;
}

bool store_known_certificates(struct store *store, const struct store_job *job,
	struct guard_known **known, size_t *count, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_KNOWN, known_sql, error);
	struct list list = {0};
	enum store_step step;

	*known = NULL;
	*count = 0;
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, job->contract);
	store_bind_text(statement, 2, job->service);
	store_bind_text(statement, 3, job->service_code);
	store_bind_text(statement, 4, job->fqdn);
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		struct guard_known one = {
			.issued_ms = sqlite3_column_int64(statement, 1),
			.not_before_ms = sqlite3_column_int64(statement, 2),
			.of_contract = sqlite3_column_int(statement, 3) != 0,
		};

		memcpy(one.fingerprint, sqlite3_column_blob(statement, 0), FINGERPRINT_SIZE);
		note(&list, &one);
	}
	if (step != STORE_DONE) {
		free(list.known);
		return false;
	}
	*known = list.known;
	*count = list.count;
	return true;
}
