#ifndef CTL_VERB_BACKUP_H
#define CTL_VERB_BACKUP_H

/*
 * `backup` writes a copy of the store beside a working daemon, `restore` puts one where no store
 * is. Both tell which sealing keys it needs, and whether the configuration has them. They return
 * the exit status: 0, 1 (a fault, or something is there already), 2 (wrong usage or configuration).
 */
int verb_backup(int argc, char **argv);
int verb_restore(int argc, char **argv);

#endif
