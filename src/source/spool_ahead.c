/* What was read and its taker does not have yet: it may begin with it while it stores the rest. */
#include "source/spool_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Beside the number, so that large records do not make it a matter of memory. */
#define AHEAD_BYTES ((size_t)2 * 1024 * 1024)

bool spool_ahead_has_room(const struct spool_run *run)
{
	const struct spool_ahead *ahead = &run->ahead;

	if (run->taker->foresee == NULL)
		return ahead->count == 0;
	return ahead->count == 0 || (ahead->count < SPOOL_AHEAD && ahead->bytes < AHEAD_BYTES);
}

void spool_ahead_add(struct spool_run *run, const struct spool_item *item)
{
	struct spool_ahead *ahead = &run->ahead;
	struct spool_waiting *added = &ahead->waiting[(ahead->first + ahead->count) % SPOOL_AHEAD];

	added->file = xstrdup(item->file);
	/* One byte more, so that each has an address of its own. */
	added->text = xmalloc(item->length + 1);
	memcpy(added->text, item->text, item->length);
	added->item = (struct spool_item){added->file, item->line, added->text, item->length};
	ahead->count++;
	ahead->bytes += item->length;
	if (run->taker->foresee != NULL)
		run->taker->foresee(run->taker->context, &added->item);
}

const struct spool_item *spool_ahead_first(const struct spool_run *run)
{
	return &run->ahead.waiting[run->ahead.first].item;
}

void spool_ahead_remove(struct spool_run *run)
{
	struct spool_ahead *ahead = &run->ahead;
	struct spool_waiting *removed = &ahead->waiting[ahead->first];

	ahead->first = (ahead->first + 1) % SPOOL_AHEAD;
	ahead->count--;
	ahead->bytes -= removed->item.length;
	free(removed->file);
	free_wiped(removed->text, removed->item.length);
	*removed = (struct spool_waiting){0};
}

void spool_ahead_forget(struct spool_run *run)
{
	if (run->ahead.count > 0 && run->taker->forget != NULL)
		run->taker->forget(run->taker->context);
	while (run->ahead.count > 0)
		spool_ahead_remove(run);
}
