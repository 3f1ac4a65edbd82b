#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <json-c/json.h>

#include "base/alloc.h"
#include "service/profile_private.h"
#include "service/template.h"

#define TEMPLATE_DEPTH 32

bool profile_has_status(const int *statuses, size_t count, int status)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (statuses[i] == status)
			return true;
	}
	return false;
}

static bool takes_parts(enum body_form form)
{
	return form == BODY_MULTIPART || form == BODY_PKCS12_JSON || form == BODY_JSON;
}

static bool check_part(const struct option_file *file, const char *place,
	const struct profile_step *step, const struct profile_part *part, struct error *error)
{
	if (part->content == NULL)
		return options_error(
			file, place, "", error, "has no content; write content = \"{leaf}\", say");
	if (step->body_form != BODY_PKCS12_JSON &&
		(template_uses(part->content, PLACEHOLDER_PKCS12) ||
			template_uses(part->content, PLACEHOLDER_PASSPHRASE)))
		return options_error(file, place, "content", error,
			"{pkcs12} and {passphrase} are of body = \"pkcs12-json\" and of templates "
			"alone");
	if (step->body_form != BODY_MULTIPART &&
		(part->filename != NULL || part->content_type != NULL))
		return options_error(file, place, part->filename != NULL ? "filename" : "type",
			error, "is of body = \"multipart\" alone; take it out");
	return true;
}

static bool settle_parts(const struct option_file *file, const char *place,
	struct profile_step *step, struct error *error)
{
	static const char *const forms[] = {[BODY_PEM_BUNDLE] = "pem-bundle",
		[BODY_TEMPLATE] = "template",
		[BODY_NONE] = "none"};
	bool done = true;
	size_t i;

	/* What the step has from the top of the file, it need not take. */
	if (!takes_parts(step->body_form) && step->parts_inherited && place != NULL)
		profile_step_clear_parts(step);
	if (takes_parts(step->body_form) && step->part_count == 0)
		return options_error(file, options_given(file, place, "body") ? place : NULL,
			"body", error, "this form is made of parts; write part sections");
	for (i = 0; done && i < step->part_count; i++) {
		bool own = place != NULL && !step->parts_inherited;
		char *where = xasprintf(
			"%s%spart %s", own ? place : "", own ? ": " : "", step->parts[i].name);

		if (takes_parts(step->body_form))
			done = check_part(file, where, step, &step->parts[i], error);
		else
			done = options_error(file, where, "", error,
				"body = \"%s\" has no parts; take it out", forms[step->body_form]);
		free(where);
	}
	return done;
}

static bool is_type(const char *type, const char *wanted)
{
	size_t length = strcspn(type, "; ");

	return length == strlen(wanted) && strncasecmp(type, wanted, length) == 0;
}

static bool is_json(const char *type)
{
	size_t length = strcspn(type, "; ");

	return is_type(type, "application/json") ||
	       (length > 5 && strncasecmp(type + length - 5, "+json", 5) == 0);
}

static void stand_in(const void *context, enum placeholder placeholder, struct buffer *out)
{
	(void)context;
	(void)placeholder;
	buffer_append_char(out, 'x');
}

/*
 * A template of JSON is JSON whatever is put into it: it is JSON with an x, which JSON has nowhere
 * but in strings, for each placeholder.
 */
static bool check_json(const struct option_file *file, const char *place,
	const struct profile_step *step, struct error *error)
{
	struct json_tokener *tokener = json_tokener_new_ex(TEMPLATE_DEPTH);
	struct buffer text = {0};
	struct json_object *object;
	enum json_tokener_error found;

	if (tokener == NULL)
		abort();
	template_expand(step->template_text, stand_in, NULL, &text);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With its NUL: a number is over only with what follows it. */
	object = json_tokener_parse_ex(tokener, buffer_text(&text), (int)text.length + 1);
	found = json_tokener_get_error(tokener);
	json_object_put(object);
	json_tokener_free(tokener);
	buffer_free(&text);
	if (found == json_tokener_success)
		return true;
	return options_error(file, place, "template", error,
		"is no JSON (%s); placeholders stand inside strings alone, and quotes in a "
		"double-quoted text want a backslash",
		json_tokener_error_desc(found));
}

static bool settle_template(const struct option_file *file, const char *place,
	struct profile_step *step, struct error *error)
{
	static const char *const keys[] = {"template", "template-type", "escape"};
	const char *where;
	size_t i;

	if (step->body_form != BODY_TEMPLATE) {
		for (i = 0; i < ARRAY_LENGTH(keys); i++) {
			if (options_given(file, place, keys[i]))
				return options_error(file, place, keys[i], error,
					"is of body = \"template\" alone; take it out");
		}
		free_wiped_text(step->template_text);
		step->template_text = NULL;
		return true;
	}
	if (step->template_text == NULL)
		return options_error(file, options_given(file, place, "body") ? place : NULL,
			"body", error, "this form is a template; write template = '…'");
	where = options_given(file, place, "escape") ? place : NULL;
	if (is_json(step->template_type) &&
		(step->escape == ESCAPE_NONE || step->escape == ESCAPE_URL))
		return options_error(file, where, "escape", error,
			"a template of JSON is escaped as JSON; take it out");
	if (step->escape == ESCAPE_BY_TYPE)
		step->escape = is_json(step->template_type) ? ESCAPE_JSON
			       : is_type(step->template_type, "application/x-www-form-urlencoded")
				       ? ESCAPE_URL
				       : ESCAPE_NONE;
	where = options_given(file, place, "template") ? place : NULL;
	return step->escape != ESCAPE_JSON || check_json(file, where, step, error);
}

static void remove_statuses(int *from, size_t *count, const int *those, size_t those_count)
{
	size_t i, kept = 0;

	for (i = 0; i < *count; i++) {
		if (!profile_has_status(those, those_count, from[i]))
			from[kept++] = from[i];
	}
	*count = kept;
}

static bool check_apart(const struct option_file *file, const char *place, const char *key,
	const int *statuses, size_t count, const char *other_key, const int *others,
	size_t other_count, struct error *error)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (profile_has_status(others, other_count, statuses[i]))
			return options_error(file, place, key, error,
				"%d stands in %s too; keep it in one of the two", statuses[i],
				other_key);
	}
	return true;
}

/* What the step says itself goes before what it has from the top, or by default. */
static bool settle_statuses(const struct option_file *file, const char *place,
	struct profile_step *step, struct error *error)
{
	const struct {
		const char *key;
		size_t count;
	} lists[] = {{"success", step->success_count}, {"accepted", step->accepted_count},
		{"on", step->on_count}};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(lists); i++) {
		if (lists[i].count > PROFILE_STATUSES_MAX)
			return options_error(file,
				options_given(file, place, lists[i].key) ? place : NULL,
				lists[i].key, error, "write 1 to %d statuses",
				PROFILE_STATUSES_MAX);
	}
	if (!options_given(file, place, "accepted")) {
		remove_statuses(step->accepted, &step->accepted_count, step->on, step->on_count);
		if (options_given(file, place, "success"))
			remove_statuses(step->accepted, &step->accepted_count, step->success,
				step->success_count);
	}
	if (!options_given(file, place, "success")) {
		remove_statuses(step->success, &step->success_count, step->on, step->on_count);
		remove_statuses(
			step->success, &step->success_count, step->accepted, step->accepted_count);
	}
	return check_apart(file, place, "accepted", step->accepted, step->accepted_count, "success",
		       step->success, step->success_count, error) &&
	       check_apart(file, place, "on", step->on, step->on_count, "success", step->success,
		       step->success_count, error) &&
	       check_apart(file, place, "on", step->on, step->on_count, "accepted", step->accepted,
		       step->accepted_count, error);
}

bool profile_settle_step(const struct option_file *file, const char *place,
	struct profile_step *step, struct error *error)
{
	if (step->path == NULL)
		return options_error(file, place, "", error,
			"has no path, and the top of the file has none; write path = \"/…\"");
	if ((step->on_count == 0) != (step->then == NULL))
		return options_error(file, place, step->then == NULL ? "on" : "then", error,
			"on and then go together; write both or neither");
	return settle_statuses(file, place, step, error) &&
	       settle_parts(file, place, step, error) && settle_template(file, place, step, error);
}
