#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Reads the regular file PATH (or, for "-", standard input) whole and appends it to BUFFER. A file
 * of more than MAXIMUM bytes is a permanent error; one that is not there or may not be read, too;
 * a disk fault is temporary. Each names the file.
 */
bool must_check file_read(
	const char *path, size_t maximum, struct buffer *buffer, struct error *error);

/*
 * Puts DATA at PATH so that a reader sees the old file or the new one, whole, even after a power
 * cut: a temporary file beside it, fsync, rename, fsync of the directory. MODE as for open().
 * Temporary error; nothing is left behind then.
 */
bool must_check file_write_atomic(
	const char *path, const void *data, size_t length, mode_t mode, struct error *error);

/*
 * Makes an empty file (mode 0600) beside PATH, ".NAME." and six random characters, to be written
 * and then given PATH's name. *TEMPORARY is its name, to be freed. Returns its descriptor, or -1
 * with errno set and *TEMPORARY NULL.
 */
int file_make_beside(const char *path, char **temporary);

/*
 * Gives TEMPORARY (of the same file system) the name PATH, for good, and never in the place of
 * something that is there: permanent error then. TEMPORARY's content is to be synced before. After
 * an error nothing has the name PATH that had it not before, and TEMPORARY may be gone.
 */
bool must_check file_place(const char *temporary, const char *path, struct error *error);

/* Makes renames and deletions in DIRECTORY durable. */
bool must_check directory_sync(const char *directory, struct error *error);

/* The directory part of PATH ("." when it has none); to be freed. */
char *path_directory(const char *path);
/* NAME when it is absolute, else BASE/NAME; to be freed. */
char *path_resolve(const char *base, const char *name);

#endif
