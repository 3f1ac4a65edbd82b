#include "domain/contract.h"

#include <stdlib.h>

void contract_clear(struct contract *contract)
{
	size_t i;

	for (i = 0; i < contract->link_count; i++) {
		free(contract->links[i].service);
		free(contract->links[i].service_code);
		free(contract->links[i].fqdn);
	}
	free(contract->links);
	free(contract->code);
	free(contract->item);
	free(contract->common_name);
	*contract = (struct contract){0};
}
