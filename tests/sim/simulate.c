/* simulate: runs of the engine in a simulated world, each from one seed. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/file.h"
#include "base/log.h"
#include "sim.h"

#if defined(__SANITIZE_ADDRESS__)
#define DEFAULT_YEARS 60
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DEFAULT_YEARS 60
#endif
#endif
#ifndef DEFAULT_YEARS
#define DEFAULT_YEARS 1000
#endif

#define SETTINGS_COUNT 3
#define PROFILE_MAX 65536
#define KEY_COUNT (RING_COUNT / 2)
#define FLAG_COUNT 8

struct command {
	uint64_t seed;
	uint64_t seeds; /* 0: until YEARS are full */
	uint64_t years;
	struct plan_of_run plan; /* contracts and days 0: drawn */
	int flags[FLAG_COUNT];	 /* in how many seeds of a thousand */
};

static void sink(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	(void)context;
	(void)level;
	(void)fields;
	(void)field_count;
	if (world != NULL)
		trace("%s", message);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char *path = path_resolve(folder, name);
	struct error error;

	if (!file_write_atomic(path, text, strlen(text), 0600, &error)) {
		fprintf(stderr, "%s\n", error.text);
		exit(2);
	}
	free(path);
}

/* The profiles as they are shipped, but that one service is asked before each push. */
static void copy_profiles(const char *folder)
{
	static const char option[] = "read-back-before-push = ";
	static const char on[] = {'t', 'r', 'u', 'e', ' '};
	char *services = path_resolve(folder, "services.d");

	if (mkdir(services, 0700) != 0)
		exit(2);
	for (int i = 0; i < SERVICE_COUNT; i++) {
		char *name = xasprintf("%s.conf", service_names[i]);
		char *from = xasprintf("%s/conf/services.d/%s", TEST_SOURCE, name), *flag;
		struct buffer text = {0};
		struct error error;

		if (!file_read(from, PROFILE_MAX, &text, &error)) {
			fprintf(stderr, "%s\n", error.text);
			exit(2);
		}
		flag = strstr((char *)text.data, option);
		if (i == SERVICE_CLOUD_HOSTING && flag != NULL)
			memcpy(flag + strlen(option), on, sizeof(on));
		write_file(services, name, buffer_text(&text));
		buffer_free(&text);
		free(from);
		free(name);
	}
	free(services);
}

static void write_key(const char *folder, int number)
{
	char *name = xasprintf("sealing%d.key", number);
	char *key = xasprintf(
		"%d00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", number);

	write_file(folder, name, key);
	free(key);
	free(name);
}

/* One of the configurations that a run may have. */
static struct settings *make_settings(const char *folder, int number, int ring)
{
	static const char *const extras[SETTINGS_COUNT] = {"", "lease = \"3m\"\nconcurrency = 3\n",
		"lease = \"20m\"\ngive-up-after = \"20d\"\n"};
	static const char waf_site[] =
		"site waf { endpoint = \"https://waf.test\" edge = \"waf:443\" "
		"install-from = \"08:00\" install-until = \"20:00\"";
	static const char *const sites[] = {
		"site webhg2 { endpoint = \"https://webhg2.test\" edge = \"webhg2:443\"",
		"site cloud-hosting { endpoint = \"https://ch.test\"",
		"site gio-ca { endpoint = \"https://gio.test\" edge = \"gio:443\"",
		"site idgw { endpoint = \"https://idgw.test\" edge = \"idgw:443\"",
		waf_site,
	};
	struct buffer text = {0};
	struct settings *settings;
	struct error error;
	char *path;

	buffer_printf(&text,
		"store = \"store.db\"\nspool = \"spool\"\nuser = \"\"\n"
		"services-dir = \"services.d\"\n%s",
		extras[number]);
	/* One key, then a new one with it as the older, then that alone, and so on. */
	buffer_printf(&text, "sealing-key = \"sealing%d.key\"\n", (ring + 1) / 2 % KEY_COUNT);
	if (ring % 2 == 1)
		buffer_printf(&text, "sealing-keys-old = {\"sealing%d.key\"}\n", ring / 2);
	for (size_t i = 0; i < ARRAY_LENGTH(sites); i++)
		buffer_printf(&text, "%s token = \"token\" }\n", sites[i]);
	write_file(folder, "certinstalld.conf", buffer_text(&text));
	buffer_free(&text);
	path = path_resolve(folder, "certinstalld.conf");
	if (!settings_read(path, &settings, &error)) {
		fprintf(stderr, "%s\n", error.text);
		exit(2);
	}
	free(path);
	return settings;
}

static void remove_folder(const char *folder)
{
	static const char *const names[] = {"certinstalld.conf", "token", "sealing0.key",
		"sealing1.key", "sealing2.key", "store.db", "store.db-wal", "store.db-journal",
		"services.d/webhg2.conf", "services.d/cloud-hosting.conf", "services.d/gio-ca.conf",
		"services.d/idgw.conf", "services.d/waf.conf"};
	char *services = path_resolve(folder, "services.d");

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		char *path = path_resolve(folder, names[i]);

		unlink(path);
		free(path);
	}
	rmdir(services);
	free(services);
	rmdir(folder);
}

static uint64_t number_argument(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "simulate: %s: not a number\n", text);
		exit(2);
	}
	return value;
}

_Noreturn static void usage(int status)
{
	fputs("usage: simulate [--seed N [--seeds N]] [--years N] [--contracts N] [--days N]\n"
	      "  [--[no-]holding] [--[no-]reinstall] [--[no-]clock-steps] [--[no-]second]\n"
	      "  [--[no-]stalls] [--[no-]acts] [--[no-]feed] [--[no-]reseal] [--trace]\n"
	      "Runs seed after seed from --seed (1), --seeds of them or until --years "
	      "contract-years\n"
	      "are simulated; --seed alone runs that one. --trace prints each event. Left out or\n"
	      "put in can be: contracts that name the same pair, certificates and links that come\n"
	      "back, steps of the clock, a second process, processes stopped past their leases,\n"
	      "operators who cancel, retry and release, contracts that come by a feed,\n"
	      "changes of the sealing key.\n",
		status == 0 ? stdout : stderr);
	exit(status);
}

enum option_code { SEED = 1, SEEDS, YEARS, CONTRACTS, DAYS, TRACE, HELP, FLAGS };

/* In the order of their options. */
static bool *flag_of(struct plan_of_run *plan, int number)
{
	bool *const flags[FLAG_COUNT] = {&plan->holding, &plan->reinstall, &plan->clock_steps,
		&plan->second, &plan->stalls, &plan->acts, &plan->feed, &plan->reseal};

	return flags[number];
}

static void set_number(struct command *command, int code, uint64_t value)
{
	switch (code) {
	case SEED:
		command->seed = value;
		break;
	case SEEDS:
		command->seeds = value;
		break;
	case YEARS:
		command->years = value;
		break;
	case CONTRACTS:
		command->plan.contracts = value < CONTRACTS_MAX ? (int)value : CONTRACTS_MAX;
		break;
	default:
		command->plan.days = (int)value;
		break;
	}
}

static void read_command(int count, char **arguments, struct command *command)
{
	static const struct option options[] = {{"seed", 1, NULL, SEED}, {"seeds", 1, NULL, SEEDS},
		{"years", 1, NULL, YEARS}, {"contracts", 1, NULL, CONTRACTS},
		{"days", 1, NULL, DAYS}, {"trace", 0, NULL, TRACE}, {"help", 0, NULL, HELP},
		{"holding", 0, NULL, FLAGS}, {"no-holding", 0, NULL, FLAGS + 1},
		{"reinstall", 0, NULL, FLAGS + 2}, {"no-reinstall", 0, NULL, FLAGS + 3},
		{"clock-steps", 0, NULL, FLAGS + 4}, {"no-clock-steps", 0, NULL, FLAGS + 5},
		{"second", 0, NULL, FLAGS + 6}, {"no-second", 0, NULL, FLAGS + 7},
		{"stalls", 0, NULL, FLAGS + 8}, {"no-stalls", 0, NULL, FLAGS + 9},
		{"acts", 0, NULL, FLAGS + 10}, {"no-acts", 0, NULL, FLAGS + 11},
		{"feed", 0, NULL, FLAGS + 12}, {"no-feed", 0, NULL, FLAGS + 13},
		{"reseal", 0, NULL, FLAGS + 14}, {"no-reseal", 0, NULL, FLAGS + 15}, {0}};
	bool given[FLAGS] = {false};
	int code;

	while ((code = getopt_long(count, arguments, "", options, NULL)) != -1) {
		if (code == HELP || code == '?')
			usage(code == HELP ? 0 : 2);
		if (code < FLAGS)
			given[code] = true;
		if (code == TRACE)
			trace_live = true;
		else if (code >= FLAGS)
			/* --holding and --no-holding, and so on: two codes for each. */
			command->flags[(code - FLAGS) / 2] = (code - FLAGS) % 2 == 0 ? 1000 : 0;
		else
			set_number(command, code, number_argument(optarg));
	}
	if (given[SEED] && !given[SEEDS] && !given[YEARS])
		command->seeds = 1;
	if (optind != count)
		usage(2);
}

/* What a seed is to have in it, where the command leaves it open. */
static struct plan_of_run draw_plan(const struct command *command, uint64_t seed)
{
	struct plan_of_run plan = command->plan;
	struct dice dice;

	dice_seed(&dice, ~seed);
	plan.seed = seed;
	if (plan.contracts == 0)
		plan.contracts = (int)dice_between(&dice, 2, 16);
	if (plan.days == 0)
		plan.days = (int)dice_between(&dice, 60, 400);
	for (int i = 0; i < FLAG_COUNT; i++)
		*flag_of(&plan, i) = dice_permille(&dice, command->flags[i]);
	return plan;
}

static void print_totals(void)
{
	printf("%llu seeds, %.1f contract-years, %llu steps, %llu checks of the store\n",
		(unsigned long long)totals.seeds,
		(double)totals.contract_ms / (365.25 * (double)DAY_MS),
		(unsigned long long)totals.steps, (unsigned long long)totals.checks);
	printf("%llu crashes (%llu power cuts), %llu starts, %llu stops past leases, %llu clock "
	       "steps, %llu pauses\n",
		(unsigned long long)totals.crashes, (unsigned long long)totals.power_cuts,
		(unsigned long long)totals.restarts, (unsigned long long)totals.stalls,
		(unsigned long long)totals.clock_steps, (unsigned long long)totals.pauses);
	printf("%llu cancelled, %llu tried again, %llu released by operators, "
	       "%llu pages of feeds, %llu of them again, "
	       "%llu sealing keys, %llu keys sealed anew\n",
		(unsigned long long)totals.cancels, (unsigned long long)totals.retries,
		(unsigned long long)totals.releases, (unsigned long long)totals.pages,
		(unsigned long long)totals.pages_again, (unsigned long long)totals.key_changes,
		(unsigned long long)totals.resealed);
	printf("%llu records acknowledged, %llu requests, %llu effects, %llu replays, "
	       "%llu installed, %llu failed\n",
		(unsigned long long)totals.taken, (unsigned long long)totals.requests,
		(unsigned long long)totals.effects, (unsigned long long)totals.replays,
		(unsigned long long)totals.installed, (unsigned long long)totals.failed);
}

int main(int count, char **arguments)
{
	struct command command = {.seed = 1,
		.years = DEFAULT_YEARS,
		.flags = {500, 700, 500, 700, 500, 400, 300, 300}};
	struct settings *settings[SETTINGS_COUNT * RING_COUNT];
	char folder[] = "/tmp/simulate-XXXXXX";

	read_command(count, arguments, &command);
	if (mkdtemp(folder) == NULL) {
		perror("simulate");
		return 2;
	}
	log_set_sink(sink, NULL);
	write_file(folder, "token", "secret-token\n");
	for (int i = 0; i < KEY_COUNT; i++)
		write_key(folder, i);
	copy_profiles(folder);
	for (int i = 0; i < SETTINGS_COUNT * RING_COUNT; i++)
		settings[i] = make_settings(folder, i / RING_COUNT, i % RING_COUNT);
	disk_install();
	for (uint64_t seed = command.seed;; seed++) {
		struct plan_of_run plan;

		if (command.seeds > 0 ? totals.seeds >= command.seeds
				      : (double)totals.contract_ms >=
						(double)command.years * 365.25 * (double)DAY_MS)
			break;
		plan = draw_plan(&command, seed);
		simulate(&plan, settings, SETTINGS_COUNT);
		totals.power_cuts += disk_power_cuts();
	}
	disk_reset(NULL);
	for (int i = 0; i < SETTINGS_COUNT * RING_COUNT; i++)
		settings_unref(settings[i]);
	remove_folder(folder);
	print_totals();
	printf("ok simulated %llu seeds\n", (unsigned long long)totals.seeds);
	return 0;
}
