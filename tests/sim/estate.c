/* The contracts as their sources have them, and how they change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "sim.h"

const char *const service_names[SERVICE_COUNT] = {
	[SERVICE_WEBHG2] = "webhg2",
	[SERVICE_CLOUD_HOSTING] = "cloud-hosting",
	[SERVICE_GIO_CA] = "gio-ca",
	[SERVICE_IDGW] = "idgw",
	[SERVICE_WAF] = "waf",
};

static void change(void *context, int64_t number);

int service_number(const char *name)
{
	for (int i = 0; i < SERVICE_COUNT; i++) {
		if (strcmp(service_names[i], name) == 0)
			return i;
	}
	return SERVICE_COUNT;
}

const struct snapshot *estate_latest(const struct estate_contract *contract)
{
	return &contract->snapshots[contract->revision - 1];
}

/* Two contracts have the same name where one may follow the other. */
void estate_name(int contract, char *name, size_t size)
{
	snprintf(name, size, "c%d.sim.example.jp", world->plan.holding ? contract / 2 : contract);
}

int estate_contract_of(const char *code)
{
	static const char prefix[] = "ssl";

	if (strncmp(code, prefix, strlen(prefix)) != 0)
		return -1;
	return (int)strtol(code + strlen(prefix), NULL, 10);
}

bool estate_refuses(const struct estate_contract *contract, const struct estate_link *link)
{
	return link->wrong_name || (contract->bring_in && link->service == SERVICE_IDGW);
}

/* Records tell instants in whole seconds. */
static int64_t this_second(void)
{
	return true_now() / 1000 * 1000;
}

static int new_certificate(int number)
{
	struct estate_contract *contract = &world->contracts[number];
	int64_t now = this_second();
	struct estate_certificate *certificate;

	world->certificates = xreallocarray(
		world->certificates, world->certificate_count + 1, sizeof(*world->certificates));
	certificate = &world->certificates[world->certificate_count];
	*certificate = (struct estate_certificate){
		.contract = number,
		.at_ms = now,
		.not_before_ms = now - HOUR_MS,
		.not_after_ms = now + contract->lifetime_ms - 1,
	};
	contract->renew_ms =
		certificate->not_after_ms - dice_between(&world->dice, 20, 30) * DAY_MS;
	return (int)world->certificate_count++;
}

static bool has_pair(const struct snapshot *snapshot, int service, const char *code)
{
	for (size_t i = 0; i < snapshot->link_count; i++) {
		if (snapshot->links[i].service == service &&
			strcmp(snapshot->links[i].code, code) == 0)
			return true;
	}
	return false;
}

static void draw_code(int number, char code[CODE_TEXT_MAX])
{
	struct estate_contract *contract = &world->contracts[number];

	if (world->plan.holding)
		snprintf(code, CODE_TEXT_MAX, "p%d",
			(int)dice_below(&world->dice, world->contract_count / 2 + 1));
	else if (world->plan.reinstall && contract->codes > 0 && dice_permille(&world->dice, 500))
		snprintf(code, CODE_TEXT_MAX, "n%dk%d", number,
			(int)dice_below(&world->dice, (uint64_t)contract->codes));
	else
		snprintf(code, CODE_TEXT_MAX, "n%dk%d", number, contract->codes++);
}

static void add_link(int number, struct snapshot *snapshot)
{
	struct estate_link link = {.since_ms = this_second(),
		.service = (int)dice_below(&world->dice, SERVICE_COUNT),
		.wrong_name = dice_permille(&world->dice, 30)};

	draw_code(number, link.code);
	if (snapshot->link_count == LINKS_MAX || has_pair(snapshot, link.service, link.code))
		return;
	snapshot->links[snapshot->link_count++] = link;
}

static void remove_link(struct snapshot *snapshot, size_t which)
{
	memmove(&snapshot->links[which], &snapshot->links[which + 1],
		(snapshot->link_count - which - 1) * sizeof(snapshot->links[0]));
	snapshot->link_count--;
}

/* One of the contract's earlier certificates that is still good for a while. */
static int earlier_certificate(int number)
{
	for (size_t i = world->certificate_count; i > 0; i--) {
		const struct estate_certificate *certificate = &world->certificates[i - 1];

		if (certificate->contract == number &&
			certificate->not_after_ms > true_now() + 30 * DAY_MS &&
			dice_permille(&world->dice, 500))
			return (int)i - 1;
	}
	return -1;
}

static void take_certificate(struct snapshot *snapshot, int certificate)
{
	snapshot->certificate = certificate;
	snapshot->at_ms = this_second();
}

static void change_links(int number, struct snapshot *snapshot)
{
	size_t which =
		snapshot->link_count > 0 ? dice_below(&world->dice, snapshot->link_count) : 0;
	struct estate_link *link = &snapshot->links[which];

	if (snapshot->link_count == 0) {
		add_link(number, snapshot);
		return;
	}
	switch (dice_below(&world->dice, 6)) {
	case 0:
	case 1:
		add_link(number, snapshot);
		return;
	case 2:
		remove_link(snapshot, which);
		return;
	case 3:
		remove_link(snapshot, which);
		add_link(number, snapshot);
		return;
	case 4:
		if (has_pair(snapshot, SERVICE_COUNT, link->code)) {
			remove_link(snapshot, which);
			return;
		}
		link->service = SERVICE_COUNT;
		link->since_ms = this_second();
		return;
	default:
		if (has_pair(snapshot, link->service, "")) {
			remove_link(snapshot, which);
			return;
		}
		link->code[0] = '\0';
		return;
	}
}

/* What becomes of the contract next, in SNAPSHOT. */
static void vary(int number, struct snapshot *snapshot)
{
	struct estate_contract *contract = &world->contracts[number];
	int roll = (int)dice_below(&world->dice, 100), earlier;

	if (snapshot->ended) {
		if (roll < 50)
			snapshot->ended = false;
	} else if (snapshot->certificate < 0 || roll < 15 ||
		   contract->renew_ms <= true_now() + DAY_MS) {
		take_certificate(snapshot, new_certificate(number));
	} else if (roll < 22 && world->plan.reinstall) {
		earlier = earlier_certificate(number);
		if (earlier < 0 || earlier == snapshot->certificate)
			return;
		/* Gone back to on purpose, or told by a source that knows no better. */
		if (roll < 19) {
			take_certificate(snapshot, earlier);
		} else {
			snapshot->certificate = earlier;
			snapshot->at_ms = world->certificates[earlier].at_ms;
		}
	} else if (roll < 28) {
		snapshot->ended = true;
	} else {
		change_links(number, snapshot);
	}
}

static void publish(int number, const struct snapshot *snapshot)
{
	struct estate_contract *contract = &world->contracts[number];

	contract->snapshots = xreallocarray(
		contract->snapshots, contract->revision + 1, sizeof(*contract->snapshots));
	contract->snapshots[contract->revision++] = *snapshot;
	if (snapshot->certificate >= 0 && !snapshot->ended)
		world->certificates[snapshot->certificate].at_ms = snapshot->at_ms;
	trace("source: ssl%d revision %zu: %s, certificate %d, %zu links", number,
		contract->revision, snapshot->ended ? "ended" : "active", snapshot->certificate,
		snapshot->link_count);
	for (size_t i = 0; i < snapshot->link_count; i++)
		trace("  link %s %s%s",
			snapshot->links[i].service < SERVICE_COUNT
				? service_names[snapshot->links[i].service]
				: "other",
			snapshot->links[i].code, snapshot->links[i].wrong_name ? " (name)" : "");
	sources_send(number, contract->revision, 0);
}

/*
 * A reissue of some days ago that comes to be known only now, and is due at once: while a push of
 * the certificate before it is under way.
 */
void estate_overtake(int number)
{
	struct estate_contract *contract = &world->contracts[number];
	struct snapshot next = *estate_latest(contract);
	int64_t at_ms = this_second() - 12 * DAY_MS;

	if (!world->changing || next.ended || next.certificate < 0)
		return;
	if (at_ms <= world->certificates[next.certificate].at_ms)
		at_ms = world->certificates[next.certificate].at_ms + 1000;
	take_certificate(&next, new_certificate(number));
	world->certificates[next.certificate].not_before_ms = at_ms - HOUR_MS;
	next.at_ms = at_ms;
	publish(number, &next);
	sources_send(number, contract->revision, dice_skewed(&world->dice, 1, 1000));
}

void estate_send_again(int number)
{
	struct snapshot same = *estate_latest(&world->contracts[number]);

	publish(number, &same);
}

bool names_pair(const struct snapshot *snapshot, int service, const char *code)
{
	return !snapshot->ended && code[0] != '\0' && has_pair(snapshot, service, code);
}

static void plan_next(int number)
{
	const struct estate_contract *contract = &world->contracts[number];
	int64_t in_ms = dice_skewed(&world->dice, 60, INT64_C(60) * 24 * 90) * INT64_C(60000);
	int64_t renewal_ms = contract->renew_ms - true_now();

	if (!estate_latest(contract)->ended && renewal_ms < in_ms)
		in_ms = renewal_ms > 60000 ? renewal_ms : 60000;
	event_add(NULL, in_ms, change, NULL, number);
}

static void change(void *context, int64_t number)
{
	struct snapshot next = *estate_latest(&world->contracts[number]);

	(void)context;
	if (!world->changing)
		return;
	vary((int)number, &next);
	publish((int)number, &next);
	plan_next((int)number);
}

static void begin(void *context, int64_t number)
{
	struct estate_contract *contract = &world->contracts[number];
	struct snapshot first = {.certificate = -1};
	int64_t count = dice_between(&world->dice, 0, 3);

	(void)context;
	contract->began_ms = true_now();
	if (dice_permille(&world->dice, 800))
		take_certificate(&first, new_certificate((int)number));
	while (count-- > 0)
		add_link((int)number, &first);
	publish((int)number, &first);
	plan_next((int)number);
}

void estate_begin(void)
{
	world->contract_count = (size_t)world->plan.contracts;
	for (int i = 0; i < world->plan.contracts; i++) {
		struct estate_contract *contract = &world->contracts[i];

		snprintf(contract->code, sizeof(contract->code), "ssl%d", i);
		contract->bring_in = dice_permille(&world->dice, 300);
		contract->by_feed = world->plan.feed && dice_permille(&world->dice, 600);
		contract->lifetime_ms = dice_between(&world->dice, 60, 200) * DAY_MS;
		event_add(NULL, dice_between(&world->dice, 0, 20 * DAY_MS), begin, NULL, i);
	}
}

/* ---- a snapshot as a record ---- */

static void append_links(struct buffer *text, int number, const struct snapshot *snapshot)
{
	char name[64], since[CIVIL_INSTANT_MAX];

	estate_name(number, name, sizeof(name));
	for (size_t i = 0; i < snapshot->link_count; i++) {
		const struct estate_link *link = &snapshot->links[i];

		civil_format_instant(since, link->since_ms, TOKYO_OFFSET_MIN);
		buffer_printf(text,
			"%s{\"service\":\"%s\",\"service_code\":\"%s\",\"fqdn\":\"%s%s\","
			"\"since\":\"%s\"}",
			i > 0 ? "," : "",
			link->service < SERVICE_COUNT ? service_names[link->service] : "other",
			link->code, link->wrong_name ? "wrong." : "", name, since);
	}
}

char *estate_record(int number, size_t revision)
{
	const struct estate_contract *contract = &world->contracts[number];
	const struct snapshot *snapshot = &contract->snapshots[revision - 1];
	char since[CIVIL_INSTANT_MAX], at[CIVIL_INSTANT_MAX], name[64];
	struct buffer text = {0};

	estate_name(number, name, sizeof(name));
	civil_format_instant(since, world->start_ms - 400 * DAY_MS, TOKYO_OFFSET_MIN);
	civil_format_instant(at, snapshot->at_ms, TOKYO_OFFSET_MIN);
	buffer_printf(&text,
		"{\"contract\":\"%s\",\"revision\":%zu,\"state\":\"%s\",\"since\":\"%s\","
		"\"item\":\"%s\",\"common_name\":\"%s\",\"certificate\":",
		contract->code, revision, snapshot->ended ? "ended" : "active", since,
		contract->bring_in ? "bring-in" : "ov-ssl", name);
	if (snapshot->certificate < 0)
		buffer_append_text(&text, "null");
	else
		buffer_printf(&text,
			"{\"at\":\"%s\",\"pem\":\"-----BEGIN CERTIFICATE-----\\nSIMCERT%06d\\n"
			"-----END CERTIFICATE-----\\n\",\"private_key\":\"SIMKEY%06d\"}",
			at, snapshot->certificate, snapshot->certificate);
	buffer_append_text(&text, ",\"links\":[");
	append_links(&text, number, snapshot);
	buffer_append_text(&text, "]}");
	return buffer_steal_text(&text);
}
