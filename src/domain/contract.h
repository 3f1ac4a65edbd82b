#ifndef DOMAIN_CONTRACT_H
#define DOMAIN_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum contract_state {
	CONTRACT_ACTIVE,
	CONTRACT_ENDED,
};

enum csr_by {
	CSR_BY_PROVIDER,
	CSR_BY_CUSTOMER,
};

/* One (linked service, service code, contract FQDN) attached to a contract; texts as they came. */
struct contract_link {
	char *service;
	char *service_code; /* may be "": then there is nothing to install (rule 9) */
	char *fqdn;
	int64_t since_ms; /* the contract's since where the record names none */
};

/*
 * The whole present state of one contract, without its certificate's bytes (INTERFACES.md, "A
 * record"). All strings are the contract's own.
 */
struct contract {
	char *code;
	int64_t revision;
	enum contract_state state;
	int64_t since_ms;
	char *item;
	char *common_name;
	bool has_certificate;	   /* false: nothing issued or registered yet */
	int64_t certificate_at_ms; /* issuance (agency) or registration (bring-in) */
	enum csr_by csr_by;
	struct contract_link *links;
	size_t link_count;
};

/* Frees what CONTRACT holds, not CONTRACT itself; it is {0} again. */
void contract_clear(struct contract *contract);

#endif
