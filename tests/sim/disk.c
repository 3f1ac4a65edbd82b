#include "disk_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

struct disk disk;

uint64_t disk_writes(void)
{
	return disk.writes;
}

uint64_t disk_power_cuts(void)
{
	return disk.cuts;
}

bool disk_has_handles(void)
{
	return disk.handles > 0;
}

void disk_use(struct disk_owner *owner)
{
	disk.owner = owner;
}

void disk_set_trouble(enum disk_trouble trouble)
{
	disk.trouble = trouble;
}

void disk_set_aside(bool aside)
{
	disk.aside = aside;
}

/* ---- bytes ---- */

static void resize(struct disk_bytes *bytes, size_t size)
{
	if (size > bytes->capacity) {
		bytes->capacity = size * 2;
		bytes->data = xreallocarray(bytes->data, bytes->capacity, 1);
	}
	if (size > bytes->size)
		memset(bytes->data + bytes->size, 0, size - bytes->size);
	bytes->size = size;
}

static void put(struct disk_bytes *bytes, const void *data, size_t length, size_t offset)
{
	if (offset + length > bytes->size)
		resize(bytes, offset + length);
	memcpy(bytes->data + offset, data, length);
}

static void copy(struct disk_bytes *to, const struct disk_bytes *from)
{
	resize(to, from->size);
	if (from->size > 0)
		memcpy(to->data, from->data, from->size);
}

static void drop(struct disk_bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct disk_bytes){0};
}

/* ---- files ---- */

struct disk_file *disk_find(const char *path, bool create)
{
	struct disk_file *unused = NULL;

	for (size_t i = 0; i < DISK_FILES_MAX; i++) {
		if (strcmp(disk.files[i].path, path) == 0)
			return &disk.files[i];
		if (disk.files[i].path[0] == '\0' && unused == NULL)
			unused = &disk.files[i];
	}
	if (!create)
		return NULL;
	if (unused == NULL)
		abort();
	snprintf(unused->path, sizeof(unused->path), "%s", path);
	return unused;
}

static struct disk_pending *add_pending(struct disk_file *file)
{
	if (file->pending_count == file->pending_capacity) {
		file->pending_capacity = file->pending_capacity * 2 + 16;
		file->pending = xreallocarray(
			file->pending, file->pending_capacity, sizeof(*file->pending));
	}
	return &file->pending[file->pending_count++];
}

void disk_file_write(struct disk_file *file, const void *data, size_t length, size_t offset)
{
	struct disk_pending *pending = add_pending(file);

	*pending = (struct disk_pending){offset, length, xmalloc(length)};
	memcpy(pending->data, data, length);
	put(&file->present, data, length, offset);
	disk.writes++;
}

void disk_file_truncate(struct disk_file *file, size_t size)
{
	*add_pending(file) = (struct disk_pending){size, 0, NULL};
	resize(&file->present, size);
	disk.writes++;
}

static void forget_pending(struct disk_file *file)
{
	for (size_t i = 0; i < file->pending_count; i++)
		free(file->pending[i].data);
	file->pending_count = 0;
}

void disk_file_sync(struct disk_file *file)
{
	for (size_t i = 0; i < file->pending_count; i++) {
		const struct disk_pending *pending = &file->pending[i];

		if (pending->data == NULL)
			resize(&file->synced, pending->offset);
		else
			put(&file->synced, pending->data, pending->length, pending->offset);
	}
	forget_pending(file);
}

void disk_file_remove(struct disk_file *file)
{
	forget_pending(file);
	drop(&file->present);
	drop(&file->synced);
	file->exists = false;
	disk.writes++;
}

/* Of each unsynced write the sectors that the dice keep reach the platter. */
static void lose(struct disk_file *file, int kept)
{
	for (size_t i = 0; i < file->pending_count; i++) {
		const struct disk_pending *pending = &file->pending[i];
		size_t at = 0;

		if (pending->data == NULL) {
			if (dice_permille(disk.dice, kept))
				resize(&file->synced, pending->offset);
			continue;
		}
		while (at < pending->length) {
			size_t offset = pending->offset + at;
			size_t part = DISK_SECTOR - offset % DISK_SECTOR;

			if (part > pending->length - at)
				part = pending->length - at;
			if (dice_permille(disk.dice, kept))
				put(&file->synced, pending->data + at, part, offset);
			at += part;
		}
	}
	forget_pending(file);
	copy(&file->present, &file->synced);
}

void disk_cut_power(void)
{
	static const int chances[] = {0, 100, 500, 900, 1000};
	int kept = chances[dice_below(disk.dice, 5)];

	for (size_t i = 0; i < DISK_FILES_MAX; i++)
		lose(&disk.files[i], kept);
	disk.cuts++;
}

void disk_reset(struct dice *dice)
{
	if (disk.handles != 0)
		abort();
	for (size_t i = 0; i < DISK_FILES_MAX; i++) {
		disk_file_remove(&disk.files[i]);
		free(disk.files[i].pending);
	}
	disk = (struct disk){.dice = dice};
	/* SQLite draws its salts anew, from these dice. */
	sqlite3_randomness(0, NULL);
}

static void mirror_one(const char *path, const char *suffix, bool keep)
{
	char name[DISK_PATH_MAX];
	const struct disk_file *file;
	int fd;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	file = disk_find(name, false);
	if ((file == NULL || !file->exists) && !keep) {
		unlink(name);
		return;
	}
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || (file != NULL && file->present.size > 0 && write(fd, "", 1) != 1))
		abort();
	close(fd);
}

void disk_mirror(const char *path)
{
	mirror_one(path, "", true);
	mirror_one(path, "-wal", false);
	mirror_one(path, "-journal", false);
}
