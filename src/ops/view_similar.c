#include "ops/view_private.h"

#include <stdio.h>
#include <string.h>

#include "domain/hostname.h"

/* Host names that a typing error, or a "www." too many or too few, could have made of another. */

/* So many names from a place on are looked at. */
#define NAMES_LOOKED_AT 300
#define DISTANCE_MAX 2

struct search {
	const char *normal;
	const char *wanted; /* only this one; NULL: what is near */
	struct json_object *similar;
};

static size_t least(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters are to be put in, taken out or changed, to make B of A. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[2][HOSTNAME_MAX + 1];
	size_t a_length = strlen(a), b_length = strlen(b), i, j;

	if (a_length > HOSTNAME_MAX || b_length > HOSTNAME_MAX)
		return HOSTNAME_MAX;
	for (j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (i = 1; i <= a_length; i++) {
		const size_t *above = rows[(i - 1) % 2];
		size_t *row = rows[i % 2];

		row[0] = i;
		for (j = 1; j <= b_length; j++)
			row[j] = least(above[j] + 1, row[j - 1] + 1,
				above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
	}
	return rows[a_length % 2][b_length];
}

static bool has_name(struct json_object *names, const char *name)
{
	size_t i;

	for (i = 0; i < json_object_array_length(names); i++) {
		if (strcmp(json_object_get_string(json_object_array_get_idx(names, i)), name) == 0)
			return true;
	}
	return false;
}

static void look_at(void *context, const char *name)
{
	struct search *search = context;

	if (json_object_array_length(search->similar) >= VIEW_SIMILAR_MAX ||
		strcmp(name, search->normal) == 0 || has_name(search->similar, name))
		return;
	if (search->wanted != NULL ? strcmp(name, search->wanted) == 0
				   : distance(search->normal, name) <= DISTANCE_MAX)
		json_object_array_add(search->similar, json_object_new_string(name));
}

static bool try_name(const struct view_context *view, struct search *search, const char *prefix,
	const char *rest, struct error *error)
{
	char name[HOSTNAME_MAX + 8];

	snprintf(name, sizeof(name), "%s%s", prefix, rest);
	search->wanted = name;
	if (!store_names_from(view->store, name, 1, look_at, search, error))
		return false;
	search->wanted = NULL;
	return true;
}

bool view_similar(const struct view_context *view, const char *normal, struct json_object *similar,
	struct error *error)
{
	struct search search = {.normal = normal, .similar = similar};
	const char *parent = strchr(normal, '.');
	size_t length = strlen(normal), kept;
	char from[HOSTNAME_MAX];

	if (!try_name(view, &search, "www.", normal, error))
		return false;
	if (parent != NULL && (!try_name(view, &search, "", parent + 1, error) ||
				      !try_name(view, &search, "*", parent, error) ||
				      !try_name(view, &search, "www", parent, error)))
		return false;
	/* Near in order: the error is towards the end, in the middle, or right at the beginning. */
	for (kept = length; kept > 0; kept /= 2) {
		snprintf(from, sizeof(from), "%.*s", (int)(kept - 1), normal);
		if (!store_names_from(view->store, from, NAMES_LOOKED_AT, look_at, &search, error))
			return false;
	}
	return true;
}
