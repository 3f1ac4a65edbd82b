#include "engine/look.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "domain/hostname.h"
#include "net/probe.h"

#define FQDN_PLACEHOLDER "{fqdn}"

struct view {
	struct look *look;
	struct probe *probe;
	char *address;
	enum look_finding finding;
	char text[ERROR_TEXT_MAX];
};

struct look {
	struct loop *loop;
	const struct profile *profile;
	struct look_wanted wanted;
	look_callback *callback;
	void *context;
	struct view *views;
	size_t view_count;
	size_t open;
	int64_t began_ms;
	struct look_result result;
};

static void viewed(void *context, const struct probe_result *found);

const char *look_finding_name(enum look_finding finding)
{
	static const char *const names[LOOK_FINDING_COUNT] = {
		[LOOK_SERVED] = "served",
		[LOOK_WRONG_CHAIN] = "wrong-chain",
		[LOOK_OLD] = "old",
		[LOOK_OTHER] = "other",
		[LOOK_NONE] = "none",
		[LOOK_UNREACHABLE] = "unreachable",
		[LOOK_INTERRUPTED] = "interrupted",
	};

	return names[finding];
}

/* A wildcard is not served as such: a name that it covers is asked for. */
static void asked_name(const char *fqdn, char *name, size_t size)
{
	if (strncmp(fqdn, "*.", 2) == 0)
		snprintf(name, size, "certinstalld-probe.%s", fqdn + 2);
	else
		snprintf(name, size, "%s", fqdn);
}

/* An edge is an address, or "{fqdn}:port": whatever the name's own DNS says. */
static char *edge_address(const char *edge, const char *name)
{
	if (strncmp(edge, FQDN_PLACEHOLDER, strlen(FQDN_PLACEHOLDER)) == 0)
		return xasprintf("%s%s", name, edge + strlen(FQDN_PLACEHOLDER));
	return xstrdup(edge);
}

struct look *look_start(struct loop *loop, const struct profile *profile,
	const struct look_wanted *wanted, look_callback *callback, void *context)
{
	struct look *look = xcalloc(1, sizeof(*look));
	char name[HOSTNAME_MAX + 32];
	size_t i;

	assert(profile->edge_count > 0);
	look->loop = loop;
	look->profile = profile;
	look->wanted = *wanted;
	look->callback = callback;
	look->context = context;
	look->view_count = look->open = profile->edge_count;
	look->views = xcalloc(look->view_count, sizeof(*look->views));
	look->began_ms = clock_mono_ms(loop_clock(loop));
	asked_name(wanted->fqdn, name, sizeof(name));
	for (i = 0; i < look->view_count; i++) {
		struct view *view = &look->views[i];

		view->look = look;
		view->address = edge_address(profile->edges[i], name);
		view->probe = probe_start(
			loop, view->address, name, profile->verify_timeout_ms, viewed, view);
	}
	return look;
}

void look_cancel(struct look *look)
{
	size_t i, count = look->view_count;

	/* The last cancelled probe ends the look, and with it the views. */
	for (i = 0; i < count && look->open > 1; i++) {
		if (look->views[i].probe != NULL)
			probe_cancel(look->views[i].probe);
	}
	for (; i < count; i++) {
		if (look->views[i].probe != NULL) {
			probe_cancel(look->views[i].probe);
			return;
		}
	}
}

/* The intermediates must come in their order; others, a root, say, may stand between and after. */
static bool chain_is_served(const struct look_wanted *wanted, const struct probe_result *found)
{
	size_t at = 1, i;

	for (i = 0; i < wanted->chain_length; i++) {
		while (at < found->chain_length &&
			memcmp(found->chain[at], wanted->chain[i], FINGERPRINT_SIZE) != 0)
			at++;
		if (at == found->chain_length)
			return false;
		at++;
	}
	return true;
}

static void name_finding(struct view *view, const struct probe_result *found)
{
	const struct look *look = view->look;

	switch (found->outcome) {
	case PROBE_SERVED:
		if (memcmp(found->chain[0], look->wanted.fingerprint, FINGERPRINT_SIZE) != 0) {
			view->finding = found->covers_name ? LOOK_OLD : LOOK_OTHER;
			snprintf(view->text, sizeof(view->text),
				found->covers_name
					? "%s still serves another certificate of this name"
					: "%s serves a certificate of another name",
				view->address);
		} else if (look->profile->verify_chain && !chain_is_served(&look->wanted, found)) {
			view->finding = LOOK_WRONG_CHAIN;
			snprintf(view->text, sizeof(view->text),
				"%s serves it without the intermediates that go with it",
				view->address);
		} else {
			view->finding = LOOK_SERVED;
			snprintf(view->text, sizeof(view->text), "served by %s", view->address);
		}
		return;
	case PROBE_NONE:
		view->finding = LOOK_NONE;
		break;
	case PROBE_UNREACHABLE:
		view->finding = LOOK_UNREACHABLE;
		break;
	case PROBE_CANCELLED:
		view->finding = LOOK_INTERRUPTED;
		snprintf(view->text, sizeof(view->text), "broken off");
		return;
	}
	snprintf(view->text, sizeof(view->text), "the edge %s could not be looked at: %s",
		view->address, found->error.text);
}

static void finish(struct look *look)
{
	struct look_result *result = &look->result;
	size_t needed = look->profile->edges_needed > 0 ? (size_t)look->profile->edges_needed
							: look->view_count;
	size_t i, used = 0;

	result->edges = look->view_count;
	result->duration_ms = clock_mono_ms(loop_clock(look->loop)) - look->began_ms;
	for (i = 0; i < look->view_count; i++)
		result->served += look->views[i].finding == LOOK_SERVED ? 1 : 0;
	/* Of several findings, the text tells those that count: what serves it, or what does not.
	 */
	for (i = 0; i < look->view_count; i++) {
		const struct view *view = &look->views[i];

		if (result->served < needed && view->finding > result->finding)
			result->finding = view->finding;
		if ((result->served >= needed) != (view->finding == LOOK_SERVED) ||
			used + 1 >= sizeof(result->text))
			continue;
		snprintf(result->text + used, sizeof(result->text) - used, "%s%s",
			used > 0 ? "; " : "", view->text);
		used = strlen(result->text);
	}
	look->callback(look->context, result);
	for (i = 0; i < look->view_count; i++)
		free(look->views[i].address);
	free(look->views);
	free(look);
}

/* A certificate of another name is none that was installed for this one. */
static void note_leaf(
	struct look_result *result, const struct view *view, const struct probe_result *found)
{
	struct look_leaf *leaf;

	if (found->outcome == PROBE_UNREACHABLE || found->outcome == PROBE_CANCELLED)
		result->unreachable++;
	if (found->outcome != PROBE_SERVED || view->finding == LOOK_OTHER ||
		result->leaf_count == PROFILE_EDGES_MAX)
		return;
	leaf = &result->leaves[result->leaf_count++];
	memcpy(leaf->fingerprint, found->chain[0], FINGERPRINT_SIZE);
	leaf->not_before_ms = found->not_before_ms;
}

static void viewed(void *context, const struct probe_result *found)
{
	struct view *view = context;
	struct look *look = view->look;

	view->probe = NULL;
	name_finding(view, found);
	note_leaf(&look->result, view, found);
	if (found->outcome == PROBE_SERVED && look->result.leaf_not_after_ms == 0) {
		memcpy(look->result.leaf, found->chain[0], FINGERPRINT_SIZE);
		look->result.leaf_not_after_ms = found->not_after_ms;
	}
	if (--look->open == 0)
		finish(look);
}
