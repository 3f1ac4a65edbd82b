#ifndef SERVICE_OPTIONS_PRIVATE_H
#define SERVICE_OPTIONS_PRIVATE_H

#include <confuse.h>

#include "service/options.h"

/* Where a key stood; the name "" stands for the section itself. */
struct option_line {
	const char *name;     /* of the table */
	const cfg_t *section; /* libconfuse's own, which tells the sections apart while it reads */
	char *place;	      /* filled after the reading; NULL: in the body */
	int line;
};

/* The place of SECTION, which stands in OUTER (NULL: in the body); freed by the caller. */
char *options_place(const char *outer, const struct option_section *kind, const cfg_t *section);

/*
 * Overwrites each comment in TEXT with spaces, its line ends kept; one that is not closed stays as
 * it is. Nothing else changes, least of all what stands in quotes.
 */
void options_blank_comments(char *text, size_t size);

#endif
