#include "base/words.h"

#include <locale.h>
#include <stdlib.h>

static void bind_catalogues(void)
{
	const char *directory = getenv("CERTINSTALL_LOCALEDIR");

	bindtextdomain("certinstalld", directory != NULL ? directory : LOCALEDIR);
	bind_textdomain_codeset("certinstalld", "UTF-8");
}

void words_bind(void)
{
	bind_catalogues();
	/* Heeded in any locale but the plain C, which is what this process and its threads are in.
	 */
	(void)setenv("LANGUAGE", "ja", 1);
}

locale_t words_japanese(void)
{
	return newlocale(LC_CTYPE_MASK | LC_MESSAGES_MASK, "C.UTF-8", (locale_t)0);
}

void words_init(void)
{
	/* Numbers and sorting stay as they are: what is printed is also read by scripts. */
	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
	bind_catalogues();
}

void words_english(void)
{
	setlocale(LC_MESSAGES, "C");
}
