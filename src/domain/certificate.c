#include "domain/certificate.h"

#include <stdlib.h>

void certificate_facts_clear(struct certificate_facts *facts)
{
	size_t i;

	for (i = 0; i < facts->name_count; i++)
		free(facts->names[i]);
	free(facts->names);
	free(facts->common_name);
	*facts = (struct certificate_facts){0};
}
