#ifndef DOMAIN_CHECKLIST_PRIVATE_H
#define DOMAIN_CHECKLIST_PRIVATE_H

#include "domain/checklist.h"

/* What the parts of the checklist share; nobody else includes this. */

/* One list in the making, with what decides its steps. */
struct list_work {
	const struct checklist_input *input;
	const struct checklist_days *days;
	struct checklist *list;
	const struct service_rules *service;	    /* NULL: no profile describes it */
	const struct checklist_contract *successor; /* NULL: none is known */
	const struct contract *rival; /* another contract on the pair that is no bring-in one */
	/* The successor's links to the pair, and of those the ones that are installed. */
	size_t wanted;
	size_t installed;
	/* Of the others the first that has an install, or a judgement. */
	const struct checklist_install *behind;
};

/* Whether LINK names a service at all, and whether it names the pair of LIST. */
bool checklist_is_link(const struct contract_link *link);
bool checklist_names(
	const struct contract *contract, const char *service, const char *service_code);

/* What LIST is about, in a sentence: "service name (service code w1)". To be freed. */
char *checklist_pair_text(const struct checklist *list);

/* Fill in the steps: of その他, and of a service. */
void checklist_other_steps(struct list_work *work);
void checklist_service_steps(struct list_work *work);

/* Append to the warnings what does not fit together in one list, and in the whole. */
void checklist_warn_list(struct migration *migration, const struct list_work *work);
void checklist_warn_whole(struct migration *migration, const struct checklist_input *input);
/* Appends what the document leaves open. */
void checklist_tell_undefined(struct migration *migration, const struct checklist_input *input);

#endif
