#ifndef CTL_VERB_MIGRATION_H
#define CTL_VERB_MIGRATION_H

/*
 * migration [--config FILE] [--holidays CSV] [--json] [--now INSTANT] [--expires YYYY-MM-DD]
 *           [--successor CODE] CONTRACT
 * migration [--trust PEM] [--intermediates PEM] ... --record OLD.json [--successor-record NEW.json]
 *
 * Moving to a certificate that was issued elsewhere: the checklist that applies to the contract,
 * how far it has come, and its days. The first form reads the store and finds the successor there,
 * the second needs no store. With --json
 * {"contract","item","applies","days","checklists","warnings", "undefined"}. Returns the program's
 * exit status: 0 done, 1 the store or no such contract, 2 wrong usage or a file that cannot be
 * taken.
 */
int verb_migration(int argc, char **argv);

#endif
