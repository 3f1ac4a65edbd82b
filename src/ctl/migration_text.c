#include <stdio.h>
#include <string.h>

#include "base/words.h"
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

/* Writes TEXT in COLUMNS of them, or in as many as it takes. */
static void print_padded(const char *text, int columns)
{
	size_t at = 0, length;

	fputs(text, stdout);
	while (text[at] != '\0') {
		columns -= columns_of(text + at, &length);
		at += length;
	}
	printf("%*s", columns > 0 ? columns : 0, "");
}

static void print_day(const char *label, civil_day day, const char *note)
{
	char date[CIVIL_DATE_MAX];

	civil_format_date(date, day);
	printf("  ");
	print_padded(label, 34);
	printf(" %s (%s)%s\n", date, civil_weekday_name(civil_weekday(day)), note);
}

static void print_note(const char *label, const char *note)
{
	printf("  ");
	print_padded(label, 34);
	printf(" %s\n", note);
}

static void print_days(const struct migration_view *view)
{
	const struct checklist_days *days = &view->migration->days;

	puts(_("\nDays (Asia/Tokyo)"));
	if (!days->has_expiry) {
		puts(_("  The old certificate's end is not known here; tell it with --expires "
		       "YYYY-MM-DD."));
		return;
	}
	print_day(_("The old contract's expiry"), days->expiry,
		view->expiry_told ? "" : _(", its certificate's end"));
	print_day(_("All steps should be done by"), days->recommended, _(", one month before"));
	if (days->has_apply_by)
		print_day(_("Last day to apply for its end"), days->apply_by,
			_(", else it renews by itself"));
	else if (days->ending == ENDING_BY_ITSELF)
		print_note(_("Applying for its end"),
			_("not needed from 2026-02-01; it ends by itself"));
	if (!days->has_window)
		return;
	print_day(_("Online application from"), days->window_first, "");
	print_day(_("Online application to"), days->window_last, "");
}

static void print_due(const struct checklist *list)
{
	switch (list->due_basis) {
	case DUE_JOB:
		print_day(_("The install is due on"), civil_day_of(list->due_ms, TOKYO_OFFSET_MIN),
			"");
		break;
	case DUE_JUDGED:
		print_day(_("The install is due on"), civil_day_of(list->due_ms, TOKYO_OFFSET_MIN),
			_(", by the record"));
		break;
	case DUE_IF_TODAY:
		print_day(_("The install is due at the earliest"),
			civil_day_of(list->due_ms, TOKYO_OFFSET_MIN), _(", were it free today"));
		break;
	case DUE_NONE:
		break;
	}
}

static void print_list(const struct checklist *list)
{
	static const char *const marks[] = {
		[STEP_DONE] = N_("[x] done"),
		[STEP_NEXT] = N_("[>] next"),
		[STEP_OPEN] = N_("[ ] open"),
		[STEP_NOT_KNOWN] = N_("[?] not seen"),
		[STEP_NOT_NEEDED] = N_("[-] not needed"),
		[STEP_IMPOSSIBLE] = N_("[!] impossible"),
	};
	size_t i;

	if (list->service == NULL)
		puts(_("\nTarget service その他: the list of 4 steps"));
	else
		printf(_("\n%s\nservice code %s: the list of 8 steps\n"), list->service_name,
			list->service_code[0] != '\0' ? list->service_code : _("deleted"));
	print_due(list);
	for (i = 0; i < list->step_count; i++) {
		const struct checklist_step *step = &list->steps[i];

		printf("%2d ", step->number);
		print_padded(_(marks[step->state]), 14);
		printf(" %s\n", step->title);
		printf("%18s", "");
		printf(_("by %s\n"), step_actor_text(step->who));
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

	printf(_("Contract %s, %s: %s (%s), common name %s\n"), contract->code,
		contract->state == CONTRACT_ENDED ? _("ended") : _("active"),
		item_name(item_from_id(contract->item)), contract->item, contract->common_name);
	print_statements(_("Warnings"), migration->warnings, migration->warning_count);
	if (!migration->applies)
		return;
	print_days(view);
	for (i = 0; i < migration->list_count; i++)
		print_list(&migration->lists[i]);
	print_statements(_("What the document leaves open"), migration->undefined,
		migration->undefined_count);
}
