#ifndef OPS_PRIVILEGE_H
#define OPS_PRIVILEGE_H

#include "base/error.h"

/*
 * Becomes USER for good (groups, gid, uid, checked that there is no way back) when the process is
 * root's; does nothing for "" or when it already is that user. Permanent error naming the user when
 * there is none, or when the process is some other ordinary user and USER is set (which then could
 * not open the store's files): the sentence says what to do.
 */
bool must_check privilege_become(const char *user, struct error *error);

/*
 * No core dumps, no ptrace by others of the same user (PR_SET_DUMPABLE 0), umask 077, freed memory
 * overwritten. To be called first thing; privilege_become keeps it in force.
 */
void privilege_guard_secrets(void);

#endif
