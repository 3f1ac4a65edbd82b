/* A PKCS#12 takes thousands of rounds of a derivation: longer than the loop may be kept. */
#include <string.h>

#include "engine/attempt_private.h"

static void make(struct crew_task *task, void **own);
static void made(struct crew_task *task);

static bool make_with(struct pki *pki, struct attempt *attempt, struct error *error)
{
	return pki_make_pkcs12(pki, &attempt->material, buffer_text(&attempt->passphrase),
		&attempt->pkcs12, error);
}

bool attempt_make_pkcs12(struct attempt *attempt, bool *later, struct error *error)
{
	unsigned char random[18];

	*later = false;
	if (!profile_needs_pkcs12(attempt->options.profile))
		return true;
	pki_random(random, sizeof(random));
	pki_base64(random, sizeof(random), &attempt->passphrase);
	explicit_bzero(random, sizeof(random));
	if (attempt->options.makers == NULL)
		return make_with(attempt->options.pki, attempt, error);
	*later = true;
	attempt->phase = ATTEMPT_MAKING;
	attempt->making.attempt = attempt;
	attempt->making.task.run = make;
	attempt->making.task.done = made;
	crew_add(attempt->options.makers, &attempt->making.task);
	return true;
}

/* ---- on a thread ---- */

static void make(struct crew_task *task, void **own)
{
	struct attempt_making *making = (struct attempt_making *)task;
	const struct pki_options options = {.without_trust = true};
	struct pki *pki = *own;

	making->done = pki != NULL || pki_new(&options, &pki, &making->error);
	*own = pki;
	making->done = making->done && make_with(pki, making->attempt, &making->error);
}

void attempt_makers_end(void *own)
{
	pki_free(own);
}

/* ---- on the loop ---- */

static void made(struct crew_task *task)
{
	const struct attempt_making *making = (struct attempt_making *)task;
	struct attempt *attempt = making->attempt;

	attempt->phase = ATTEMPT_STARTING;
	if (!making->done)
		attempt_push_failed(attempt, &making->error);
	else if (!attempt_has_lease(attempt))
		attempt_cancel(attempt);
	else
		attempt_push_prepared(attempt);
}

void attempt_withdraw_making(struct attempt *attempt)
{
	crew_withdraw(attempt->options.makers, &attempt->making.task);
	attempt->phase = ATTEMPT_STARTING;
}
