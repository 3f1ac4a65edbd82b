#include "domain/succession.h"

#include <string.h>

/* Whether ONE comes before OTHER where nothing has begun. */
static bool comes_before(const struct tenant *one, const struct tenant *other)
{
	if (one->since_ms != other->since_ms)
		return one->since_ms < other->since_ms;
	if (one->holds != other->holds)
		return one->holds;
	return strcmp(one->contract, other->contract) < 0;
}

size_t succession_holder(const struct tenant *tenants, size_t count)
{
	size_t i, first = 0;

	if (count == 0)
		return count;
	for (i = 0; i < count; i++) {
		if (tenants[i].holds && (tenants[i].begun || tenants[i].given))
			return i;
		if (comes_before(&tenants[i], &tenants[first]))
			first = i;
	}
	return first;
}

size_t succession_next(const struct tenant *tenants, size_t count)
{
	size_t i, next = count;

	for (i = 0; i < count; i++) {
		if (!tenants[i].holds &&
			(next == count || comes_before(&tenants[i], &tenants[next])))
			next = i;
	}
	return next;
}
