#include <stdio.h>
#include <string.h>

#include "ctl/migration_render.h"

/* Columns of a line; what goes beyond is broken between words. */
#define LINE_COLUMNS 92

/*
 * The columns of the character at TEXT, of *LENGTH bytes: Japanese ones take two. A sentence may
 * also be broken before such a one, since Japanese has no spaces.
 */
static int columns_of(const char *text, size_t *length)
{
	unsigned char first = (unsigned char)text[0];

	*length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	*length = strnlen(text, *length);
	return first < 0xe2 ? 1 : 2;
}

/* The length in bytes of the word at TEXT, its columns in *COLUMNS. */
static size_t word_at(const char *text, int *columns)
{
	size_t length = 0, size;

	*columns = 0;
	while (text[length] != '\0' && text[length] != ' ') {
		int width = columns_of(text + length, &size);

		if (width == 2 && length > 0 && *columns >= 2)
			break;
		*columns += width;
		length += size;
	}
	return length;
}

/* Writes TEXT after what stands on the line already (AT columns), broken lines INDENT deep. */
static void wrap(const char *text, int at, int indent)
{
	bool fresh = true;

	while (text[0] != '\0') {
		bool spaced = text[0] == ' ';
		size_t length;
		int columns;

		text += strspn(text, " ");
		length = word_at(text, &columns);
		if (!fresh && at + (spaced ? 1 : 0) + columns > LINE_COLUMNS) {
			printf("\n%*s", indent, "");
			at = indent;
		} else if (spaced && !fresh) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)length, text);
		at += columns;
		text += length;
		fresh = false;
	}
	putchar('\n');
}

static void print_day(const char *label, civil_day day, const char *note)
{
	char date[CIVIL_DATE_MAX];

	civil_format_date(date, day);
	printf("  %-34s %s (%s)%s\n", label, date, civil_weekday_name(civil_weekday(day)), note);
}

static void print_days(const struct migration_view *view)
{
	const struct checklist_days *days = &view->migration->days;

	puts("\nDays (Asia/Tokyo)");
	if (!days->has_expiry) {
		puts("  The old certificate's end is not known here; tell it with --expires "
		     "YYYY-MM-DD.");
		return;
	}
	print_day("The old contract's expiry", days->expiry,
		view->expiry_told ? "" : ", its certificate's end");
	print_day("All steps should be done by", days->recommended, ", one month before");
	if (days->has_apply_by)
		print_day("Last day to apply for its end", days->apply_by,
			", else it renews by itself");
	else if (days->ending == ENDING_BY_ITSELF)
		printf("  %-34s not needed from 2026-02-01; it ends by itself\n",
			"Applying for its end");
	if (!days->has_window)
		return;
	print_day("Online application from", days->window_first, "");
	print_day("Online application to", days->window_last, "");
}

static void print_due(const struct checklist *list)
{
	switch (list->due_basis) {
	case DUE_JOB:
		print_day(
			"The install is due on", civil_day_of(list->due_ms, TOKYO_OFFSET_MIN), "");
		break;
	case DUE_JUDGED:
		print_day("The install is due on", civil_day_of(list->due_ms, TOKYO_OFFSET_MIN),
			", by the record");
		break;
	case DUE_IF_TODAY:
		print_day("The install is due at the earliest",
			civil_day_of(list->due_ms, TOKYO_OFFSET_MIN), ", were it free today");
		break;
	case DUE_NONE:
		break;
	}
}

static void print_list(const struct checklist *list)
{
	static const char *const marks[] = {
		[STEP_DONE] = "[x] done",
		[STEP_NEXT] = "[>] next",
		[STEP_OPEN] = "[ ] open",
		[STEP_NOT_KNOWN] = "[?] not seen",
		[STEP_NOT_NEEDED] = "[-] not needed",
		[STEP_IMPOSSIBLE] = "[!] impossible",
	};
	size_t i;

	if (list->service == NULL)
		puts("\nTarget service その他: the list of 4 steps");
	else
		printf("\n%s\nservice code %s: the list of 8 steps\n", list->service_name,
			list->service_code[0] != '\0' ? list->service_code : "deleted");
	print_due(list);
	for (i = 0; i < list->step_count; i++) {
		const struct checklist_step *step = &list->steps[i];

		printf("%2d %-14s %s\n", step->number, marks[step->state], step->title);
		printf("%18sby %s\n", "", step_actor_text(step->who));
		printf("%18s", "");
		wrap(step->why, 18, 18);
		printf("%18s", "");
		wrap(step->text, 18, 18);
		printf("%18s(%s)\n", "", step->source);
	}
}

static void print_statements(
	const char *title, const struct checklist_statement *statements, size_t count)
{
	size_t i;

	if (count == 0)
		return;
	printf("\n%s\n", title);
	for (i = 0; i < count; i++) {
		printf("  ");
		wrap(statements[i].text, 2, 4);
		printf("    (%s)\n", statements[i].source);
	}
}

void migration_as_text(const struct migration_view *view)
{
	const struct migration *migration = view->migration;
	const struct contract *contract = view->contract;
	size_t i;

	printf("Contract %s, %s: %s (%s), common name %s\n", contract->code,
		contract->state == CONTRACT_ENDED ? "ended" : "active",
		item_name(item_from_id(contract->item)), contract->item, contract->common_name);
	print_statements("Warnings", migration->warnings, migration->warning_count);
	if (!migration->applies)
		return;
	print_days(view);
	for (i = 0; i < migration->list_count; i++)
		print_list(&migration->lists[i]);
	print_statements(
		"What the document leaves open", migration->undefined, migration->undefined_count);
}
