/* What the spool has to say of a fault that lasts: once, and not at each pass. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/events.h"
#include "source/spool_private.h"

/* This belongs to the log, which is the process's, and is bounded whatever the directory holds. */

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

#define SAID_MAX 256
static uint64_t said[SAID_MAX];
static size_t said_next;

void spool_warn_once(const char *directory, const char *name, const char *sentence)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	size_t i;

	hash = hash_text(hash_text(hash_text(hash, directory), name), sentence);
	for (i = 0; i < SAID_MAX; i++) {
		if (said[i] == hash)
			return;
	}
	said[said_next] = hash;
	said_next = (said_next + 1) % SAID_MAX;
	log_event(EVENT_FILE_LEFT, (const struct log_field[]){{"FILE", name}}, 1, "%s/%s: %s",
		directory, name, sentence);
}

/* Causes, with the pass in which each was last met. There are few: files share them. */
#define CAUSES_MAX 16
static struct cause {
	uint64_t hash;
	uint64_t pass;
} causes[CAUSES_MAX];
static uint64_t pass_number = 1;

void spool_complain(const char *cause, const char *format, ...)
{
	uint64_t hash = hash_text(hash_text(UINT64_C(0xcbf29ce484222325), format), cause);
	struct cause *oldest = &causes[0];
	char sentence[2 * ERROR_TEXT_MAX];
	va_list arguments;
	size_t i;

	for (i = 0; i < CAUSES_MAX; i++) {
		if (causes[i].hash == hash && causes[i].pass + 1 >= pass_number) {
			causes[i].pass = pass_number;
			return;
		}
		if (causes[i].pass < oldest->pass)
			oldest = &causes[i];
	}
	*oldest = (struct cause){hash, pass_number};
	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	log_event(EVENT_SPOOL_FAULT, NULL, 0, "%s", sentence);
}

void spool_complaints_begin(void)
{
	pass_number++;
}

void spool_complaints_end(const char *directory)
{
	bool before = false, now = false;
	size_t i;

	for (i = 0; i < CAUSES_MAX; i++) {
		now = now || causes[i].pass == pass_number;
		before = before || (causes[i].pass != 0 && causes[i].pass == pass_number - 1);
	}
	if (before && !now)
		log_event(EVENT_SPOOL_WORKS, (const struct log_field[]){{"SPOOL", directory}}, 1,
			"%s: what was in the way is over", directory);
}
