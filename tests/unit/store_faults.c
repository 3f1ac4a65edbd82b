#include "store_faults.h"

#include <sqlite3.h>
#include <stddef.h>

static int left = -1;
static int outcome;
static bool hit;

/* The real file follows this in memory. */
struct faulty_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((struct faulty_file *)file)->real;
}

static bool fails(void)
{
	if (left < 0)
		return false;
	if (left > 0) {
		left--;
		return false;
	}
	hit = true;
	return true;
}

static int on_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int on_read(sqlite3_file *file, void *data, int amount, sqlite3_int64 offset)
{
	return real_of(file)->pMethods->xRead(real_of(file), data, amount, offset);
}

static int on_write(sqlite3_file *file, const void *data, int amount, sqlite3_int64 offset)
{
	return fails() ? outcome
		       : real_of(file)->pMethods->xWrite(real_of(file), data, amount, offset);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return fails() ? outcome : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int on_sync(sqlite3_file *file, int flags)
{
	return fails() ? (outcome == SQLITE_FULL ? SQLITE_IOERR_FSYNC : outcome)
		       : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int on_lock(sqlite3_file *file, int lock)
{
	return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int on_unlock(sqlite3_file *file, int lock)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int on_check_lock(sqlite3_file *file, int *held)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held);
}

static int on_control(sqlite3_file *file, int operation, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int on_sector_size(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int on_characteristics(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int on_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, memory);
}

static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int on_shm_unmap(sqlite3_file *file, int delete_flag)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_flag);
}

static const sqlite3_io_methods methods = {
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

static int on_open(
	sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
	struct faulty_file *faulty = (struct faulty_file *)file;
	int result;

	(void)vfs;
	faulty->real = (sqlite3_file *)(void *)(faulty + 1);
	result = real_vfs->xOpen(real_vfs, name, faulty->real, flags, out_flags);
	file->pMethods = result == SQLITE_OK ? &methods : NULL;
	return result;
}

static sqlite3_vfs faulty_vfs;

void store_faults_install(void)
{
	real_vfs = sqlite3_vfs_find("unix");
	faulty_vfs = *real_vfs;
	faulty_vfs.zName = "faulty";
	faulty_vfs.szOsFile = (int)sizeof(struct faulty_file) + real_vfs->szOsFile;
	faulty_vfs.xOpen = on_open;
	faulty_vfs.pNext = NULL;
	left = -1;
	sqlite3_vfs_register(&faulty_vfs, 1);
}

void store_faults_remove(void)
{
	left = -1;
	sqlite3_vfs_unregister(&faulty_vfs);
	sqlite3_vfs_register(real_vfs, 1);
}

void store_faults_after(int count, int result)
{
	left = count;
	outcome = result;
	hit = false;
}

bool store_faults_hit(void)
{
	return hit;
}
