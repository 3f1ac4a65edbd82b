/* The disk as SQLite calls it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "disk_private.h"

static struct disk_handle *handle_of(sqlite3_file *file)
{
	return (struct disk_handle *)file;
}

/* Whether an operation of HANDLE's owner takes place. */
static bool passes(const struct disk_handle *handle)
{
	struct disk_owner *owner = handle->owner;

	if (owner->dead)
		return false;
	if (disk.aside)
		return true;
	if (owner->dies_in > 0 && --owner->dies_in == 0) {
		owner->dead = true;
		if (owner->power)
			disk_cut_power();
		return false;
	}
	return disk.trouble != DISK_FAILING || !dice_permille(disk.dice, 200);
}

/* ---- a file ---- */

static int on_read(sqlite3_file *file, void *data, int amount, sqlite3_int64 offset)
{
	struct disk_handle *handle = handle_of(file);
	const struct disk_bytes *bytes = &handle->file->present;
	size_t wanted = (size_t)amount, from = (size_t)offset, there = 0;

	if (handle->owner->dead || (disk.trouble == DISK_FAILING && !passes(handle)))
		return SQLITE_IOERR_READ;
	if (from < bytes->size)
		there = bytes->size - from < wanted ? bytes->size - from : wanted;
	if (there > 0)
		memcpy(data, bytes->data + from, there);
	if (there == wanted)
		return SQLITE_OK;
	memset((unsigned char *)data + there, 0, wanted - there);
	return SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *file, const void *data, int amount, sqlite3_int64 offset)
{
	struct disk_handle *handle = handle_of(file);
	size_t end = (size_t)offset + (size_t)amount;

	if (!passes(handle))
		return SQLITE_IOERR_WRITE;
	if (disk.trouble == DISK_FULL && end > handle->file->present.size)
		return SQLITE_FULL;
	disk_file_write(handle->file, data, (size_t)amount, (size_t)offset);
	return SQLITE_OK;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct disk_handle *handle = handle_of(file);

	if (!passes(handle))
		return SQLITE_IOERR_TRUNCATE;
	disk_file_truncate(handle->file, (size_t)size);
	return SQLITE_OK;
}

static int on_sync(sqlite3_file *file, int flags)
{
	struct disk_handle *handle = handle_of(file);

	(void)flags;
	if (!passes(handle))
		return SQLITE_IOERR_FSYNC;
	disk_file_sync(handle->file);
	return SQLITE_OK;
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
	*size = (sqlite3_int64)handle_of(file)->file->present.size;
	return SQLITE_OK;
}

static int on_unlock(sqlite3_file *file, int lock)
{
	struct disk_handle *handle = handle_of(file);
	struct disk_file *of = handle->file;

	if (of->exclusive == handle)
		of->exclusive = NULL;
	if (of->reserved == handle)
		of->reserved = NULL;
	if (handle->lock >= SQLITE_LOCK_SHARED && lock < SQLITE_LOCK_SHARED)
		of->shared--;
	if (handle->lock > lock)
		handle->lock = lock;
	return SQLITE_OK;
}

static int on_lock(sqlite3_file *file, int lock)
{
	struct disk_handle *handle = handle_of(file);
	struct disk_file *of = handle->file;

	if (lock <= handle->lock)
		return SQLITE_OK;
	if (of->exclusive != NULL && of->exclusive != handle)
		return SQLITE_BUSY;
	if (lock == SQLITE_LOCK_SHARED)
		of->shared++;
	if (lock >= SQLITE_LOCK_RESERVED) {
		if (of->reserved != NULL && of->reserved != handle)
			return SQLITE_BUSY;
		of->reserved = handle;
	}
	if (lock == SQLITE_LOCK_EXCLUSIVE) {
		if (of->shared > 1)
			return SQLITE_BUSY;
		of->exclusive = handle;
	}
	handle->lock = lock;
	return SQLITE_OK;
}

static int on_check_lock(sqlite3_file *file, int *held)
{
	*held = handle_of(file)->file->reserved != NULL;
	return SQLITE_OK;
}

static int on_control(sqlite3_file *file, int operation, void *argument)
{
	(void)file;
	(void)operation;
	(void)argument;
	return SQLITE_NOTFOUND;
}

static int on_sector_size(sqlite3_file *file)
{
	(void)file;
	return DISK_SECTOR;
}

/* As SQLite takes it of a disk on Unix: a cut write hurts nothing but its own range. */
static int on_characteristics(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- shared memory ---- */

static int on_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
	struct disk_handle *handle = handle_of(file);
	struct disk_file *of = handle->file;

	*memory = NULL;
	if (page >= SHM_REGIONS_MAX)
		return SQLITE_NOMEM;
	if (!handle->maps) {
		handle->maps = true;
		of->mappers++;
	}
	if (of->regions[page] == NULL) {
		if (!extend)
			return SQLITE_OK;
		of->regions[page] = xcalloc(1, (size_t)size);
		of->region_sizes[page] = size;
	}
	*memory = of->regions[page];
	return SQLITE_OK;
}

static void shm_unlock(struct disk_handle *handle, int lock)
{
	unsigned int bit = 1U << lock;

	if ((handle->shm_shared & bit) != 0)
		handle->file->shm_shared[lock]--;
	if ((handle->shm_exclusive & bit) != 0)
		handle->file->shm_exclusive[lock] = NULL;
	handle->shm_shared &= ~bit;
	handle->shm_exclusive &= ~bit;
}

static bool shm_available(const struct disk_handle *handle, int lock, bool exclusive)
{
	const struct disk_file *file = handle->file;
	int own = (handle->shm_shared & (1U << lock)) != 0 ? 1 : 0;

	if (file->shm_exclusive[lock] != NULL && file->shm_exclusive[lock] != handle)
		return false;
	return !exclusive || file->shm_shared[lock] == own;
}

static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	struct disk_handle *handle = handle_of(file);
	bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;

	if ((flags & SQLITE_SHM_UNLOCK) != 0) {
		for (int i = offset; i < offset + count; i++)
			shm_unlock(handle, i);
		return SQLITE_OK;
	}
	if (handle->owner->dead)
		return SQLITE_IOERR_SHMLOCK;
	for (int i = offset; i < offset + count; i++) {
		if (!shm_available(handle, i, exclusive))
			return SQLITE_BUSY;
	}
	for (int i = offset; i < offset + count; i++) {
		unsigned int bit = 1U << i;

		if (exclusive) {
			handle->shm_exclusive |= bit;
			handle->file->shm_exclusive[i] = handle;
		} else if ((handle->shm_shared & bit) == 0) {
			handle->shm_shared |= bit;
			handle->file->shm_shared[i]++;
		}
	}
	return SQLITE_OK;
}

static void on_shm_barrier(sqlite3_file *file)
{
	(void)file;
}

static int on_shm_unmap(sqlite3_file *file, int delete_flag)
{
	struct disk_handle *handle = handle_of(file);
	struct disk_file *of = handle->file;

	(void)delete_flag;
	for (int i = 0; i < SQLITE_SHM_NLOCK; i++)
		shm_unlock(handle, i);
	if (!handle->maps)
		return SQLITE_OK;
	handle->maps = false;
	if (--of->mappers > 0)
		return SQLITE_OK;
	for (int i = 0; i < SHM_REGIONS_MAX; i++) {
		free(of->regions[i]);
		of->regions[i] = NULL;
	}
	return SQLITE_OK;
}

static int on_close(sqlite3_file *file)
{
	struct disk_handle *handle = handle_of(file);

	on_shm_unmap(file, 0);
	on_unlock(file, SQLITE_LOCK_NONE);
	handle->base.pMethods = NULL;
	disk.handles--;
	return SQLITE_OK;
}

const sqlite3_io_methods disk_methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check_lock,
	.xFileControl = on_control,
	.xSectorSize = on_sector_size,
	.xDeviceCharacteristics = on_characteristics,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

/* ---- the file system ---- */

static int on_open(
	sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
	struct disk_handle *handle = handle_of(file);
	bool create = (flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)) != 0;

	(void)vfs;
	memset(handle, 0, sizeof(*handle));
	if (name == NULL || disk.owner == NULL)
		return SQLITE_CANTOPEN;
	handle->owner = disk.owner;
	handle->file = disk_find(name, true);
	if (!passes(handle) || (!handle->file->exists && !create))
		return SQLITE_CANTOPEN;
	handle->file->exists = true;
	handle->base.pMethods = &disk_methods;
	disk.handles++;
	if (out_flags != NULL)
		*out_flags = flags;
	return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	struct disk_file *file = disk_find(name, false);
	const struct disk_handle handle = {.file = file, .owner = disk.owner};

	(void)vfs;
	(void)sync;
	if (file == NULL || !file->exists)
		return SQLITE_IOERR_DELETE_NOENT;
	if (!passes(&handle))
		return SQLITE_IOERR_DELETE;
	disk_file_remove(file);
	return SQLITE_OK;
}

static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
	const struct disk_file *file = disk_find(name, false);

	(void)vfs;
	(void)flags;
	*result = file != NULL && file->exists && file->present.size > 0;
	return SQLITE_OK;
}

static int on_full_path(sqlite3_vfs *vfs, const char *name, int size, char *full)
{
	(void)vfs;
	snprintf(full, (size_t)size, "%s", name);
	return SQLITE_OK;
}

static int on_randomness(sqlite3_vfs *vfs, int length, char *data)
{
	(void)vfs;
	if (disk.dice != NULL)
		dice_bytes(disk.dice, data, (size_t)length);
	else
		memset(data, 0, (size_t)length);
	return length;
}

/* A wait would be for one who never goes on: all run on this thread. */
static int on_sleep(sqlite3_vfs *vfs, int microseconds)
{
	(void)vfs;
	return microseconds;
}

static int on_time(sqlite3_vfs *vfs, sqlite3_int64 *now)
{
	(void)vfs;
	*now = 0;
	return SQLITE_OK;
}

void disk_install(void)
{
	static sqlite3_vfs vfs = {
		.iVersion = 2,
		.szOsFile = (int)sizeof(struct disk_handle),
		.mxPathname = DISK_PATH_MAX,
		.zName = "simulated",
		.xOpen = on_open,
		.xDelete = on_delete,
		.xAccess = on_access,
		.xFullPathname = on_full_path,
		.xRandomness = on_randomness,
		.xSleep = on_sleep,
		.xCurrentTimeInt64 = on_time,
	};

	sqlite3_vfs_register(&vfs, 1);
}
