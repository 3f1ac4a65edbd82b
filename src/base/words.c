#include "base/words.h"

#include <locale.h>
#include <stdlib.h>

void words_init(void)
{
	const char *directory = getenv("CERTINSTALL_LOCALEDIR");

	/* Numbers and sorting stay as they are: what is printed is also read by scripts. */
	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
	bindtextdomain("certinstalld", directory != NULL ? directory : LOCALEDIR);
	bind_textdomain_codeset("certinstalld", "UTF-8");
}

void words_english(void)
{
	setlocale(LC_MESSAGES, "C");
}
