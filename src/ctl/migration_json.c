#include <stdio.h>

#include "ctl/calendar_request.h"
#include "ctl/migration_render.h"

static void add_day(struct json_object *object, const char *key, bool known, civil_day day)
{
	char text[CIVIL_DATE_MAX];

	if (!known) {
		json_object_object_add(object, key, NULL);
		return;
	}
	civil_format_date(text, day);
	json_add_text(object, key, text);
}

static void add_text_or_null(struct json_object *object, const char *key, const char *text)
{
	if (text != NULL)
		json_add_text(object, key, text);
	else
		json_object_object_add(object, key, NULL);
}

static struct json_object *days_json(const struct migration_view *view)
{
	const struct checklist_days *days = &view->migration->days;
	struct json_object *object = json_object_new_object();

	add_day(object, "today", true, days->today);
	add_day(object, "expiry", days->has_expiry, days->expiry);
	add_text_or_null(object, "expiry_is",
		!days->has_expiry ? NULL : (view->expiry_told ? "told" : "certificate"));
	add_day(object, "recommended", days->has_expiry, days->recommended);
	json_add_text(object, "ending", ending_name(days->ending));
	add_day(object, "apply_by", days->has_apply_by, days->apply_by);
	add_day(object, "online_first", days->has_window, days->window_first);
	add_day(object, "online_last", days->has_window, days->window_last);
	return object;
}

static struct json_object *step_json(const struct checklist_step *step)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "number", json_object_new_int(step->number));
	json_add_text(object, "state", step_state_name(step->state));
	json_add_text(object, "who", step_actor_name(step->who));
	json_add_text(object, "title", step->title);
	json_add_text(object, "text", step->text);
	json_add_text(object, "why", step->why);
	json_add_text(object, "source", step->source);
	return object;
}

static const char *bring_in_name(const struct checklist *list)
{
	static const char *const names[] = {
		[BRING_IN_NO] = "no",
		[BRING_IN_OPTIONAL] = "optional",
		[BRING_IN_REQUIRED] = "required",
	};

	return list->service != NULL && list->service_known ? names[list->bring_in] : NULL;
}

static struct json_object *list_json(const struct checklist *list)
{
	struct json_object *object = json_object_new_object(), *steps = json_object_new_array(),
			   *due = NULL;
	char instant[CIVIL_INSTANT_MAX];
	size_t i;

	add_text_or_null(object, "service", list->service);
	add_text_or_null(object, "service_code", list->service_code);
	add_text_or_null(object, "successor", list->successor);
	add_text_or_null(object, "bring_in", bring_in_name(list));
	if (list->due_basis != DUE_NONE) {
		due = json_object_new_object();
		civil_format_instant(instant, list->due_ms, TOKYO_OFFSET_MIN);
		json_add_text(due, "at", instant);
		json_add_text(due, "basis", due_basis_name(list->due_basis));
	}
	json_object_object_add(object, "due", due);
	for (i = 0; i < list->step_count; i++)
		json_object_array_add(steps, step_json(&list->steps[i]));
	json_object_object_add(object, "steps", steps);
	return object;
}

static struct json_object *statements_json(
	const struct checklist_statement *statements, size_t count)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < count; i++) {
		struct json_object *object = json_object_new_object();

		json_add_text(object, "code", statements[i].code);
		json_add_text(object, "text", statements[i].text);
		json_add_text(object, "source", statements[i].source);
		json_object_array_add(array, object);
	}
	return array;
}

void migration_as_json(const struct migration_view *view)
{
	const struct migration *migration = view->migration;
	struct json_object *whole = json_object_new_object(), *lists = json_object_new_array();
	size_t i;

	json_add_text(whole, "contract", view->contract->code);
	json_add_text(whole, "item", view->contract->item);
	json_object_object_add(whole, "applies", json_object_new_boolean(migration->applies));
	json_object_object_add(whole, "days", days_json(view));
	for (i = 0; i < migration->list_count; i++)
		json_object_array_add(lists, list_json(&migration->lists[i]));
	json_object_object_add(whole, "checklists", lists);
	json_object_object_add(
		whole, "warnings", statements_json(migration->warnings, migration->warning_count));
	json_object_object_add(whole, "undefined",
		statements_json(migration->undefined, migration->undefined_count));
	json_print(whole);
	putchar('\n');
}
