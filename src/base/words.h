#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <libintl.h>
#include <locale.h>

/*
 * What people read in their own language. The source is English; the catalogues in src/words have
 * the rest. What is logged, stored, or read by programs (--json) stays English.
 */

/* TEXT in the language of the thread's locale; TEXT itself where there is no translation. */
#define _(text) dgettext("certinstalld", text)
/* Marks TEXT for translation where it stands; _() translates it where it is used. */
#define N_(text) text

/*
 * Takes the language from the environment (LC_ALL, LC_MESSAGES, LANG, LANGUAGE). Catalogues come
 * from LOCALEDIR, or from $CERTINSTALL_LOCALEDIR where that is set. A program that does not call
 * this speaks English.
 */
void words_init(void);

/*
 * For a program that speaks English itself and answers others in their language: finds the
 * catalogues. To be called before there are threads, since it changes the environment.
 */
void words_bind(void);
/*
 * A locale for a thread that answers in Japanese (uselocale), which needs none to be installed;
 * after words_bind. (locale_t)0 where there is none.
 */
locale_t words_japanese(void);

/* English again in the whole process: before anything that programs read is written. */
void words_english(void);

#endif
