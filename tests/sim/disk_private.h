#ifndef TESTS_SIM_DISK_PRIVATE_H
#define TESTS_SIM_DISK_PRIVATE_H

#include <sqlite3.h>

#include "disk.h"

#define DISK_FILES_MAX 8
#define DISK_PATH_MAX 256
#define DISK_SECTOR 512
#define SHM_REGIONS_MAX 64

struct disk_bytes {
	unsigned char *data;
	size_t size, capacity;
};

/* A write that is not synced; a truncation when LENGTH is 0. */
struct disk_pending {
	size_t offset, length;
	unsigned char *data;
};

struct disk_file {
	char path[DISK_PATH_MAX];
	bool exists;
	struct disk_bytes present; /* what is read */
	struct disk_bytes synced;  /* what a power cut leaves in any case */
	struct disk_pending *pending;
	size_t pending_count, pending_capacity;
	int shared;	/* handles with a shared lock or more */
	void *reserved; /* the handle that has it */
	void *exclusive;
	/* The shared memory of those who have the file open. */
	void *regions[SHM_REGIONS_MAX];
	int region_sizes[SHM_REGIONS_MAX];
	int mappers;
	int shm_shared[SQLITE_SHM_NLOCK];
	void *shm_exclusive[SQLITE_SHM_NLOCK];
};

struct disk_handle {
	sqlite3_file base;
	struct disk_file *file;
	struct disk_owner *owner;
	int lock;
	bool maps;
	unsigned int shm_shared, shm_exclusive; /* bits of locks */
};

struct disk {
	struct dice *dice;
	struct disk_file files[DISK_FILES_MAX];
	struct disk_owner *owner;
	enum disk_trouble trouble;
	bool aside;
	int handles;
	uint64_t writes, cuts;
};

extern struct disk disk;
extern const sqlite3_io_methods disk_methods;

struct disk_file *disk_find(const char *path, bool create);
void disk_file_write(struct disk_file *file, const void *data, size_t length, size_t offset);
void disk_file_truncate(struct disk_file *file, size_t size);
void disk_file_sync(struct disk_file *file);
void disk_file_remove(struct disk_file *file);

#endif
