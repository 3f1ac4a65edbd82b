#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dice.h"

/*
 * The disk under the stores: files in memory, as SQLite's default file system. What was written and
 * not yet synced is lost or kept sector by sector when the power is cut; writes and syncs can fail.
 * Each handle belongs to a process, which can die at any operation of its own.
 */

/* A process as the disk knows it. */
struct disk_owner {
	bool dead;	 /* nothing that it does has an effect any more */
	bool power;	 /* it dies by a power cut, and with it all others */
	int64_t dies_in; /* operations until it dies; 0: it lives on */
};

enum disk_trouble {
	DISK_FINE,
	DISK_FULL,    /* no file grows */
	DISK_FAILING, /* some operations fail */
};

/* Becomes the process's default file system. DICE is borrowed. */
void disk_install(void);
/* An empty disk for a new run; no handle may be open. */
void disk_reset(struct dice *dice);
/* Whoever opens files from now on. */
void disk_use(struct disk_owner *owner);
void disk_set_trouble(enum disk_trouble trouble);
/* While true operations neither fail nor count, for looking at a store from outside the run. */
void disk_set_aside(bool aside);
/* All that is not synced is lost or kept at random; every owner is dead. */
void disk_cut_power(void);

/* How many writes there have been, so that what did not change need not be looked at again. */
uint64_t disk_writes(void);
uint64_t disk_power_cuts(void);
bool disk_has_handles(void);

/*
 * The store looks at its files with stat() as well: makes those at PATH and beside it as empty or
 * as full as they are here.
 */
void disk_mirror(const char *path);

#endif
