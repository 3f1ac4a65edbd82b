#include "ctl/migration_gather.h"

#include <stdlib.h>

#include "base/alloc.h"

struct checklist_contract gathered_view(const struct gathered_contract *gathered)
{
	return (struct checklist_contract){
		&gathered->contract, gathered->installs, gathered->install_count};
}

static const char *keep(struct gathered_contract *gathered, const char *text)
{
	if (text == NULL)
		return NULL;
	gathered->texts =
		xreallocarray(gathered->texts, gathered->text_count + 1, sizeof(*gathered->texts));
	gathered->texts[gathered->text_count] = xstrdup(text);
	return gathered->texts[gathered->text_count++];
}

void gathered_add_install(
	struct gathered_contract *gathered, const struct checklist_install *install)
{
	struct checklist_install copy = *install;

	copy.service = keep(gathered, install->service);
	copy.service_code = keep(gathered, install->service_code);
	copy.fqdn = keep(gathered, install->fqdn);
	copy.detail = keep(gathered, install->detail);
	gathered->installs = xreallocarray(
		gathered->installs, gathered->install_count + 1, sizeof(*gathered->installs));
	gathered->installs[gathered->install_count++] = copy;
}

struct gathered_contract *gathered_add_successor(struct gathered *gathered)
{
	struct gathered_contract *added;

	gathered->successors = xreallocarray(
		gathered->successors, gathered->successor_count + 1, sizeof(*gathered->successors));
	added = &gathered->successors[gathered->successor_count++];
	*added = (struct gathered_contract){0};
	return added;
}

void gathered_finish(struct gathered *gathered)
{
	size_t i;

	gathered->successor_views =
		xcalloc(gathered->successor_count + 1, sizeof(*gathered->successor_views));
	for (i = 0; i < gathered->successor_count; i++)
		gathered->successor_views[i] = gathered_view(&gathered->successors[i]);
}

static void clear_one(struct gathered_contract *gathered)
{
	size_t i;

	for (i = 0; i < gathered->text_count; i++)
		free(gathered->texts[i]);
	free(gathered->texts);
	free(gathered->installs);
	contract_clear(&gathered->contract);
}

void gathered_drop_successor(struct gathered *gathered)
{
	clear_one(&gathered->successors[--gathered->successor_count]);
}

void gathered_clear(struct gathered *gathered)
{
	size_t i;

	clear_one(&gathered->old);
	for (i = 0; i < gathered->successor_count; i++)
		clear_one(&gathered->successors[i]);
	free(gathered->successors);
	free(gathered->successor_views);
	*gathered = (struct gathered){0};
}
