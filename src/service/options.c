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

static bool refuse(char why[OPTION_WHY_MAX], const char *text)
{
	snprintf(why, OPTION_WHY_MAX, "%s", text);
	return false;
}

static bool in_bounds(const struct option *option, int64_t number, char why[OPTION_WHY_MAX])
{
	char least[48], most[48];

	if (number >= option->minimum && number <= option->maximum)
		return true;
	if (option->type == OPTION_DURATION) {
		text_from_duration_ms(least, sizeof(least), option->minimum);
		text_from_duration_ms(most, sizeof(most), option->maximum);
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
		memcpy(field, &value->number, sizeof(value->number));
		return;
	}
	abort();
}

bool option_set(const struct option *option, const char *text, const char *directory, void *target,
	char why[OPTION_WHY_MAX])
{
	struct value value = {0};
	bool fits = false;

	why[0] = '\0';
	if (!text_is_clean(text, strlen(text)))
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
