#include "mock/faults.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

struct faults {
	struct fault_rule *rules;
	size_t count;
	uint64_t seed;
	int64_t installs[MOCK_PEER_COUNT];
	int64_t queries[MOCK_PEER_COUNT];
};

static const struct {
	const char *name;
	bool effect;
} kinds[] = {
	[FAULT_NONE] = {"none", true},
	[FAULT_STATUS] = {"status", false},
	[FAULT_DELAY] = {"delay", true},
	[FAULT_DELAY_BEFORE] = {"delay-before", true},
	[FAULT_RESET_BEFORE] = {"reset-before", false},
	[FAULT_RESET_AFTER] = {"reset-after", true},
	[FAULT_CUT] = {"cut", true},
	[FAULT_GARBAGE] = {"garbage", false},
	[FAULT_REFUSE] = {"refuse", false},
	[FAULT_STALL] = {"stall", false},
	[FAULT_REDIRECT] = {"redirect", false},
	[FAULT_BIG] = {"big", true},
	[FAULT_DRIP] = {"drip", true},
	[FAULT_EDGE_OLD] = {"edge-old", true},
	[FAULT_EDGE_WRONG] = {"edge-wrong", true},
	[FAULT_REQUEST_FAILS] = {"request-fails", false},
	[FAULT_PAGE_REPEAT] = {"page-repeat", true},
	[FAULT_PAGE_REORDER] = {"page-reorder", true},
	[FAULT_PAGE_CUT] = {"page-cut", true},
	[FAULT_PAGE_JUMP_BACK] = {"page-jump-back", true},
	[FAULT_PAGE_OVERSIZE] = {"page-oversize", true},
	[FAULT_FILE] = {"file", true},
};

const char *fault_name(enum fault_kind kind)
{
	return kinds[kind].name;
}

struct faults *faults_new(void)
{
	return xcalloc(1, sizeof(struct faults));
}

void faults_free(struct faults *faults)
{
	if (faults == NULL)
		return;
	free(faults->rules);
	free(faults);
}

void faults_clear(struct faults *faults)
{
	free(faults->rules);
	memset(faults, 0, sizeof(*faults));
}

/* Each reads one key; absent (or null) leaves TARGET as it is. */
static bool key_text(struct json_object *object, const char *key, char target[FAULT_TEXT_MAX],
	struct error *error)
{
	struct json_object *value = NULL;
	const char *text;
	size_t length;

	if (!json_object_object_get_ex(object, key, &value) || value == NULL)
		return true;
	if (!json_object_is_type(value, json_type_string))
		return error_set(error, ERROR_PERMANENT, "%s: not a string", key);
	text = json_object_get_string(value);
	length = (size_t)json_object_get_string_len(value);
	if (length >= FAULT_TEXT_MAX || !text_is_clean(text, length))
		return error_set(error, ERROR_PERMANENT, "%s: too long, or not plain text", key);
	memcpy(target, text, length + 1);
	return true;
}

static bool key_number(struct json_object *object, const char *key, int64_t minimum,
	int64_t maximum, int64_t *target, struct error *error)
{
	struct json_object *value = NULL;
	int64_t number;

	if (!json_object_object_get_ex(object, key, &value) || value == NULL)
		return true;
	number = json_object_get_int64(value);
	if (!json_object_is_type(value, json_type_int) || number < minimum || number > maximum)
		return error_set(error, ERROR_PERMANENT, "%s: not a whole number from %lld to %lld",
			key, (long long)minimum, (long long)maximum);
	*target = number;
	return true;
}

static bool key_probability(struct json_object *object, double *target, struct error *error)
{
	struct json_object *value = NULL;
	double number;

	if (!json_object_object_get_ex(object, "probability", &value) || value == NULL)
		return true;
	number = json_object_get_double(value);
	if ((!json_object_is_type(value, json_type_double) &&
		    !json_object_is_type(value, json_type_int)) ||
		!(number >= 0.0 && number <= 1.0))
		return error_set(error, ERROR_PERMANENT, "probability: not a number from 0 to 1");
	*target = number;
	return true;
}

static bool key_effect(struct json_object *object, bool *target, struct error *error)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, "effect", &value) || value == NULL)
		return true;
	if (!json_object_is_type(value, json_type_boolean))
		return error_set(error, ERROR_PERMANENT, "effect: not true or false");
	*target = json_object_get_boolean(value);
	return true;
}

static bool keys_known(struct json_object *object, struct error *error)
{
	static const char *const known[] = {"service", "request", "from", "to", "fault", "status",
		"retry_after", "delay_ms", "size", "location", "path", "encoding", "probability",
		"effect"};
	size_t i;

	json_object_object_foreach(object, key, value)
	{
		(void)value;
		for (i = 0; i < ARRAY_LENGTH(known); i++)
			if (strcmp(known[i], key) == 0)
				break;
		if (i == ARRAY_LENGTH(known))
			return error_set(
				error, ERROR_PERMANENT, "%.64s: no key of a fault rule", key);
	}
	return true;
}

static bool rule_kind(const char *name, struct fault_rule *rule, struct error *error)
{
	size_t i;

	for (i = 1; i < ARRAY_LENGTH(kinds); i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			rule->kind = (enum fault_kind)i;
			rule->effect = kinds[i].effect;
			return true;
		}
	}
	return error_set(error, ERROR_PERMANENT, "fault: '%.64s' is none", name);
}

static bool fault_is_of_pages(enum fault_kind kind)
{
	return kind >= FAULT_PAGE_REPEAT && kind <= FAULT_PAGE_OVERSIZE;
}

static bool rule_read(struct json_object *object, struct fault_rule *rule, struct error *error)
{
	char service[FAULT_TEXT_MAX] = "*", kind[FAULT_TEXT_MAX] = "";
	char request[FAULT_TEXT_MAX] = "install";
	int64_t status = 503;

	*rule = (struct fault_rule){.from = 1, .to = INT64_MAX, .probability = 1.0};
	rule->size = INT64_C(10) << 30;
	if (!json_object_is_type(object, json_type_object))
		return error_set(error, ERROR_PERMANENT, "not an object");
	if (!keys_known(object, error) || !key_text(object, "service", service, error) ||
		!key_text(object, "request", request, error) ||
		!key_text(object, "fault", kind, error) || !rule_kind(kind, rule, error) ||
		!key_number(object, "from", 1, INT64_MAX, &rule->from, error) ||
		!key_number(object, "to", 1, INT64_MAX, &rule->to, error) ||
		!key_number(object, "status", 200, 599, &status, error) ||
		!key_number(object, "delay_ms", 0, FAULT_DELAY_MAX_MS, &rule->delay_ms, error) ||
		!key_number(object, "size", 1, INT64_C(1) << 40, &rule->size, error) ||
		!key_text(object, "retry_after", rule->retry_after, error) ||
		!key_text(object, "location", rule->location, error) ||
		!key_text(object, "path", rule->path, error) ||
		!key_text(object, "encoding", rule->encoding, error) ||
		!key_probability(object, &rule->probability, error) ||
		!key_effect(object, &rule->effect, error))
		return false;
	rule->status = (int)status;
	rule->of_queries = strcmp(request, "query") == 0;
	if (!rule->of_queries && strcmp(request, "install") != 0)
		return error_set(error, ERROR_PERMANENT,
			"request: '%s' is neither install nor query", request);
	if (strcmp(service, "feed") == 0) {
		rule->service = MOCK_FEED;
		rule->of_queries = true;
		return true;
	}
	if (fault_is_of_pages(rule->kind))
		return error_set(error, ERROR_PERMANENT, "fault: '%s' is the feed's alone", kind);
	rule->any_service = strcmp(service, "*") == 0;
	if (!rule->any_service && !mock_service_from_name(service, &rule->service))
		return error_set(
			error, ERROR_PERMANENT, "service: '%s' is none of the mocked", service);
	return true;
}

static bool rules_read(struct json_object *root, struct faults *made, struct error *error)
{
	struct json_object *list = root, *seed = NULL;
	size_t i, count;

	if (json_object_is_type(root, json_type_object)) {
		if (json_object_object_get_ex(root, "seed", &seed))
			made->seed = (uint64_t)json_object_get_int64(seed);
		if (!json_object_object_get_ex(root, "rules", &list))
			list = NULL;
	}
	if (!json_object_is_type(list, json_type_array))
		return error_set(error, ERROR_PERMANENT, "a fault script is a list of rules");
	count = json_object_array_length(list);
	if (count > FAULT_RULES_MAX)
		return error_set(error, ERROR_PERMANENT, "more than %d rules", FAULT_RULES_MAX);
	made->rules = xcalloc(count + 1, sizeof(*made->rules));
	made->count = count;
	for (i = 0; i < count; i++) {
		if (!rule_read(json_object_array_get_idx(list, i), &made->rules[i], error))
			return error_context(error, "rules[%zu]", i);
	}
	return true;
}

bool faults_load(struct faults *faults, const char *json, size_t length, struct error *error)
{
	struct json_tokener *tokener = json_tokener_new_ex(8);
	struct faults made = {0};
	struct json_object *root;
	bool read;

	if (tokener == NULL)
		abort();
	root = length > FAULT_SCRIPT_MAX ? NULL : json_tokener_parse_ex(tokener, json, (int)length);
	json_tokener_free(tokener);
	if (root == NULL)
		return error_set(error, ERROR_PERMANENT, "a fault script is JSON");
	read = rules_read(root, &made, error);
	json_object_put(root);
	if (!read) {
		free(made.rules);
		return false;
	}
	free(faults->rules);
	*faults = made;
	return true;
}

/* A number from 0 up to 1 that depends on its arguments alone (SplitMix64). */
static double draw(uint64_t seed, enum mock_service service, int64_t number)
{
	uint64_t mixed =
		seed + UINT64_C(0x9e3779b97f4a7c15) *
			       ((uint64_t)number * MOCK_SERVICE_COUNT + (uint64_t)service + 1);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	mixed ^= mixed >> 31;
	return (double)(mixed >> 11) / 9007199254740992.0;
}

static const struct fault_rule *rule_for(
	const struct faults *faults, enum mock_service service, bool query, int64_t number)
{
	size_t i;

	for (i = 0; i < faults->count; i++) {
		const struct fault_rule *rule = &faults->rules[i];

		if (rule->of_queries == query &&
			(rule->any_service ? service != MOCK_FEED : rule->service == service) &&
			number >= rule->from && number <= rule->to &&
			draw(faults->seed + i, service, number) < rule->probability)
			return rule;
	}
	return NULL;
}

const struct fault_rule *faults_next(struct faults *faults, enum mock_service service)
{
	return rule_for(faults, service, false, ++faults->installs[service]);
}

const struct fault_rule *faults_next_query(struct faults *faults, enum mock_service service)
{
	return rule_for(faults, service, true, ++faults->queries[service]);
}
