#include "service/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#define MINUTES_A_DAY 1440
#define CREDENTIAL_PREFIX "credential:"

/* A value between text and field. */
struct value {
	char *text; /* of texts and paths; NULL for an empty path */
	int64_t number;
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t option_distance(const char *a, const char *b)
{
	size_t row[64], length = strlen(b), i, j;

	if (length >= ARRAY_LENGTH(row))
		return SIZE_MAX;
	for (j = 0; j <= length; j++)
		row[j] = j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= length; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least(least(row[j], row[j - 1]) + 1, change);
		}
	}
	return row[length];
}

static bool refuse(char why[OPTION_WHY_MAX], const char *text)
{
	snprintf(why, OPTION_WHY_MAX, "%s", text);
	return false;
}

/* Thousandths as people write them: "2.5". */
static void write_rate(char *text, size_t size, int64_t milli)
{
	size_t length;

	snprintf(text, size, "%" PRId64 ".%03" PRId64, milli / 1000, milli % 1000);
	for (length = strlen(text); text[length - 1] == '0'; length--)
		text[length - 1] = '\0';
	if (text[length - 1] == '.')
		text[length - 1] = '\0';
}

/* Digits, and after a point three more at most. */
static bool read_rate(const char *text, int64_t *milli)
{
	size_t whole = strcspn(text, "."), i;
	char digits[32];
	int64_t unit = 1000;

	if (whole == 0 || whole > 9)
		return false;
	memcpy(digits, text, whole);
	digits[whole] = '\0';
	if (digits[0] == '-' || !text_to_int64(digits, 0, 999999999, milli))
		return false;
	*milli *= 1000;
	if (text[whole] == '\0')
		return true;
	for (i = whole + 1; text[i] >= '0' && text[i] <= '9' && unit > 1; i++) {
		unit /= 10;
		*milli += unit * (text[i] - '0');
	}
	return text[i] == '\0' && i > whole + 1;
}

static bool in_bounds(const struct option *option, int64_t number, char why[OPTION_WHY_MAX])
{
	char least[48], most[48];

	if (number >= option->minimum && number <= option->maximum)
		return true;
	if (option->type == OPTION_DURATION) {
		text_from_duration_ms(least, sizeof(least), option->minimum);
		text_from_duration_ms(most, sizeof(most), option->maximum);
	} else if (option->type == OPTION_RATE) {
		write_rate(least, sizeof(least), option->minimum);
		write_rate(most, sizeof(most), option->maximum);
	} else {
		snprintf(least, sizeof(least), "%" PRId64, option->minimum);
		snprintf(most, sizeof(most), "%" PRId64, option->maximum);
	}
	snprintf(why, OPTION_WHY_MAX, "is out of bounds; write %s to %s", least, most);
	return false;
}

static bool read_flag(const char *text, int64_t *number)
{
	static const char *const words[][3] = {{"false", "no", "off"}, {"true", "yes", "on"}};
	size_t side, i;

	for (side = 0; side < 2; side++) {
		for (i = 0; i < 3; i++) {
			if (strcmp(text, words[side][i]) == 0) {
				*number = (int64_t)side;
				return true;
			}
		}
	}
	return false;
}

static bool read_minute(const struct option *option, const char *text, int64_t *number)
{
	static const char form[] = "dd:dd";
	int64_t hour, minute;
	size_t i;

	if (option->maximum == MINUTES_A_DAY && strcmp(text, "none") == 0) {
		*number = MINUTES_A_DAY;
		return true;
	}
	for (i = 0; i < sizeof(form); i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (form[i] == 'd' ? !digit : text[i] != form[i])
			return false;
	}
	hour = (text[0] - '0') * 10 + (text[1] - '0');
	minute = (text[3] - '0') * 10 + (text[4] - '0');
	*number = hour * 60 + minute;
	return hour < 24 && minute < 60;
}

static bool read_choice(
	const struct option *option, const char *text, int64_t *number, char why[OPTION_WHY_MAX])
{
	size_t i, used;

	for (i = 0; option->choices[i] != NULL; i++) {
		if (strcmp(text, option->choices[i]) == 0) {
			*number = (int64_t)i;
			return true;
		}
	}
	used = (size_t)snprintf(why, OPTION_WHY_MAX, "is none of the choices; write ");
	for (i = 0; option->choices[i] != NULL && used < OPTION_WHY_MAX; i++) {
		const char *before = i == 0 ? "" : option->choices[i + 1] != NULL ? ", " : " or ";

		used += (size_t)snprintf(
			why + used, OPTION_WHY_MAX - used, "%s%s", before, option->choices[i]);
	}
	return false;
}

static bool read_credential(const char *name, char **path, char why[OPTION_WHY_MAX])
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");

	if (*name == '\0' || *name == '.' || strchr(name, '/') != NULL)
		return refuse(why, "names no credential; write credential:NAME, as in the unit's "
				   "LoadCredential=");
	if (directory == NULL || *directory == '\0')
		return refuse(why, "is a systemd credential, but CREDENTIALS_DIRECTORY is not set; "
				   "start it from its unit with LoadCredential=, or name a file");
	*path = path_resolve(directory, name);
	return true;
}

static bool read_path(const struct option *option, const char *text, const char *directory,
	char **path, char why[OPTION_WHY_MAX])
{
	if (option->type == OPTION_SECRET &&
		strncmp(text, CREDENTIAL_PREFIX, strlen(CREDENTIAL_PREFIX)) == 0)
		return read_credential(text + strlen(CREDENTIAL_PREFIX), path, why);
	*path = *text != '\0' ? path_resolve(directory, text) : NULL;
	return true;
}

static bool convert(const struct option *option, const char *text, const char *directory,
	struct value *value, char why[OPTION_WHY_MAX])
{
	uint64_t size = 0;

	switch (option->type) {
	case OPTION_TEXT:
		if (option->choices != NULL && !read_choice(option, text, &value->number, why))
			return false;
		value->text = xstrdup(text);
		return true;
	case OPTION_PATH:
	case OPTION_SECRET:
		return read_path(option, text, directory, &value->text, why);
	case OPTION_FLAG:
		return read_flag(text, &value->number) ||
		       refuse(why, "is neither yes nor no; write true or false");
	case OPTION_NUMBER:
		if (!text_to_int64(text, INT64_MIN, INT64_MAX, &value->number))
			return refuse(why, "is no whole number");
		return in_bounds(option, value->number, why);
	case OPTION_DURATION:
		if (!text_to_duration_ms(text, &value->number))
			return refuse(why, "is no duration; write 5s, 10m or 2h");
		return in_bounds(option, value->number, why);
	case OPTION_SIZE:
		if (!text_to_size(text, &size) || size > INT64_MAX)
			return refuse(why, "is no size; write 65536, 64k or 8M");
		value->number = (int64_t)size;
		return in_bounds(option, value->number, why);
	case OPTION_MINUTE:
		return read_minute(option, text, &value->number) ||
		       refuse(why, option->maximum == MINUTES_A_DAY
					   ? "is no time of day; write 17:00, or none"
					   : "is no time of day; write 09:00");
	case OPTION_CHOICE:
		return read_choice(option, text, &value->number, why);
	case OPTION_RATE:
		if (!read_rate(text, &value->number))
			return refuse(why, "is no number; write 2, 2.5 or 0.125");
		return in_bounds(option, value->number, why);
	}
	abort();
}

static void put(const struct option *option, struct value *value, void *target)
{
	char *field = (char *)target + option->offset;
	int number = (int)value->number;
	bool flag = value->number != 0;
	char *old;

	switch (option->type) {
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_SECRET:
		memcpy(&old, field, sizeof(old));
		free(old);
		memcpy(field, &value->text, sizeof(value->text));
		value->text = NULL;
		return;
	case OPTION_FLAG:
		memcpy(field, &flag, sizeof(flag));
		return;
	case OPTION_NUMBER:
	case OPTION_MINUTE:
	case OPTION_CHOICE:
		/* An enum without negative members has the size of an int. */
		memcpy(field, &number, sizeof(number));
		return;
	case OPTION_DURATION:
	case OPTION_SIZE:
	case OPTION_RATE:
		memcpy(field, &value->number, sizeof(value->number));
		return;
	}
	abort();
}

static bool is_fit(const struct option *option, const char *text)
{
	char *line, *at;
	bool fit;

	if (!option->multiline)
		return text_is_clean(text, strlen(text));
	line = xstrdup(text);
	for (at = line; (at = strpbrk(at, "\n\t")) != NULL;)
		*at = ' ';
	fit = text_is_clean(line, strlen(line));
	free_wiped_text(line);
	return fit;
}

bool option_set(const struct option *option, const char *text, const char *directory, void *target,
	char why[OPTION_WHY_MAX])
{
	struct value value = {0};
	bool fits = false;

	why[0] = '\0';
	if (!is_fit(option, text))
		refuse(why, "holds control characters or is not UTF-8; write plain text");
	else if (option->minimum > 0 && *text == '\0')
		refuse(why, "may not be empty; write a value or leave the key out");
	else
		fits = convert(option, text, directory, &value, why) &&
		       (option->check == NULL || option->check(text, why));
	if (fits && target != NULL) {
		if (option->store != NULL)
			option->store(target, value.text != NULL ? value.text : text);
		else
			put(option, &value, target);
	}
	free(value.text);
	return fits;
}

void options_defaults(
	const struct option *options, size_t count, const char *directory, void *target)
{
	char why[OPTION_WHY_MAX];
	size_t i;

	for (i = 0; i < count; i++) {
		if (options[i].fallback != NULL &&
			!option_set(&options[i], options[i].fallback, directory, target, why))
			abort();
	}
}

static const char *type_name(const struct option *option)
{
	switch (option->type) {
	case OPTION_TEXT:
		return "text";
	case OPTION_PATH:
		return "path";
	case OPTION_SECRET:
		return "path or credential:NAME";
	case OPTION_FLAG:
		return "true or false";
	case OPTION_NUMBER:
		return "number";
	case OPTION_DURATION:
		return "duration";
	case OPTION_SIZE:
		return "size";
	case OPTION_MINUTE:
		return option->maximum == MINUTES_A_DAY ? "HH:MM or none" : "HH:MM";
	case OPTION_CHOICE:
		return "word";
	case OPTION_RATE:
		return "number with up to three decimals";
	}
	abort();
}

static void describe_bounds(const struct option *option, struct buffer *out)
{
	char least[48], most[48];
	size_t i;

	if (option->choices != NULL) {
		for (i = 0; option->choices[i] != NULL; i++)
			buffer_printf(out, "%s%s", i == 0 ? ": " : ", ", option->choices[i]);
	} else if (option->type == OPTION_DURATION) {
		text_from_duration_ms(least, sizeof(least), option->minimum);
		text_from_duration_ms(most, sizeof(most), option->maximum);
		buffer_printf(out, ", %s to %s", least, most);
	} else if (option->type == OPTION_RATE) {
		write_rate(least, sizeof(least), option->minimum);
		write_rate(most, sizeof(most), option->maximum);
		buffer_printf(out, ", %s to %s", least, most);
	} else if (option->type == OPTION_NUMBER || option->type == OPTION_SIZE) {
		buffer_printf(out, ", %" PRId64 " to %" PRId64, option->minimum, option->maximum);
	}
}

void options_describe(const struct option *options, size_t count, struct buffer *out)
{
	size_t i;

	for (i = 0; i < count; i++) {
		buffer_printf(out, "%s (%s%s", options[i].name, options[i].list ? "list of " : "",
			type_name(&options[i]));
		describe_bounds(&options[i], out);
		if (options[i].fallback != NULL)
			buffer_printf(out, "; default %s",
				*options[i].fallback != '\0' ? options[i].fallback : "\"\"");
		buffer_printf(out, ")\n\t%s\n", options[i].about);
	}
}
