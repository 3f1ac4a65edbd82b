#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * What libFuzzer calls, and what replay.c calls with kept inputs. A harness feeds one hostile input
 * to one entrance of the program and aborts when something that must hold does not.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert(), whatever the build's flags are. */
#define must_hold(condition)                                                                       \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/*
 * DATA with a NUL behind it, to be freed; it ends where the allocation does, so that a sanitizer
 * sees a step beyond.
 */
char *fuzz_text(const uint8_t *data, size_t size);

/* A folder of this process's own under $TMPDIR, gone at exit; the same at each call. */
const char *fuzz_folder(void);
/* Puts DATA at NAME in that folder; aborts when it cannot. */
void fuzz_file(const char *name, const void *data, size_t size);

#endif
