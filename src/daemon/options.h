#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The command line of certinstalld (INTERFACES.md, "Programs"); texts are argv's own. */
struct options {
	const char *config;
	bool run_once;
	bool dry_run;
	bool ignore_due;
	bool check_config;
	bool verbose;
	const char **imports;
	size_t import_count;
	const char *service;	 /* NULL: all */
	int64_t issued_since_ms; /* 0: whatever its date */
	int64_t wait_ms;
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_DONE,  /* --help or --version was asked for and is printed */
	OPTIONS_WRONG, /* said so on standard error */
};

enum options_result options_parse(int argc, char **argv, struct options *options);
void options_clear(struct options *options);

#endif
