#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "service/profile_options.h"
#include "service/profile_private.h"

#define DURATION_TEXT_MAX 48

static bool find_then(const struct option_file *file, const char *place,
	const struct profile *profile, struct profile_step *step, struct error *error)
{
	size_t own = (size_t)(step - profile->steps), i;

	if (step->then == NULL)
		return true;
	for (i = own + 1; i < profile->step_count; i++) {
		if (strcmp(profile->steps[i].name, step->then) == 0) {
			step->then_index = i;
			return true;
		}
	}
	/* A later one: so no service can keep an install going in a circle. */
	return options_error(
		file, place, "then", error, "\"%.60s\" is no later step; name one", step->then);
}

static bool settle_steps(
	const struct option_file *file, struct profile *profile, struct error *error)
{
	bool done = true;
	size_t i;

	if (profile->step_count == 0) {
		if (profile->request.path == NULL)
			return true;
		profile->steps = xcalloc(1, sizeof(*profile->steps));
		profile->step_count = 1;
		profile_step_inherit(&profile->steps[0], &profile->request);
		return profile_settle_step(file, NULL, &profile->steps[0], error);
	}
	for (i = 0; done && i < profile->step_count; i++) {
		struct profile_step *step = &profile->steps[i];
		char *place = xasprintf("step %s", step->name);

		done = profile_settle_step(file, place, step, error) &&
		       find_then(file, place, profile, step, error);
		free(place);
	}
	return done;
}

static bool check_rule(
	const struct option_file *file, const struct profile_answer_rule *rule, struct error *error)
{
	char *place = xasprintf("answer %s", rule->name);
	bool done = false;

	if (!options_given(file, place, "means"))
		options_error(file, place, "", error,
			"does not say what it means; write means = \"permanent\", say");
	else if (rule->status_count > PROFILE_STATUSES_MAX)
		options_error(file, place, "status", error, "write 1 to %d statuses",
			PROFILE_STATUSES_MAX);
	else if (rule->member != NULL && rule->matches == NULL)
		options_error(file, place, "member", error,
			"nothing is looked for in it; write matches = \"…\"");
	else if (rule->status_count == 0 && rule->matches == NULL)
		options_error(file, place, "", error,
			"would be right for every answer; write status or matches");
	else
		done = true;
	free(place);
	return done;
}

/* Something must be able to end well. */
static bool check_success(
	const struct option_file *file, const struct profile *profile, struct error *error)
{
	size_t i;

	if (profile->step_count == 0) {
		if (profile->request.success_count > 0 &&
			profile->request.success_count <= PROFILE_STATUSES_MAX)
			return true;
		return options_error(file, NULL, "success", error, "write 1 to %d statuses",
			PROFILE_STATUSES_MAX);
	}
	for (i = 0; i < profile->answer_count; i++) {
		if (profile->answers[i].means == JUDGED_DONE)
			return true;
	}
	for (i = 0; i < profile->step_count; i++) {
		const struct profile_step *step = &profile->steps[i];
		char *place;

		if (step->success_count + step->accepted_count + step->on_count > 0)
			continue;
		place = step->name != NULL ? xasprintf("step %s", step->name) : NULL;
		options_error(file, options_given(file, place, "success") ? place : NULL, "success",
			error, "write 1 to %d statuses, or an answer section that means done",
			PROFILE_STATUSES_MAX);
		free(place);
		return false;
	}
	return true;
}

static bool check_follow_times(
	const struct option_file *file, const struct profile_follow *follow, struct error *error)
{
	char floor[DURATION_TEXT_MAX], interval[DURATION_TEXT_MAX], ceiling[DURATION_TEXT_MAX];

	if (follow->interval_floor_ms <= follow->interval_ms &&
		follow->interval_ms <= follow->interval_ceiling_ms)
		return true;
	text_from_duration_ms(floor, sizeof(floor), follow->interval_floor_ms);
	text_from_duration_ms(interval, sizeof(interval), follow->interval_ms);
	text_from_duration_ms(ceiling, sizeof(ceiling), follow->interval_ceiling_ms);
	return options_error(file, "follow", "interval", error,
		"interval-floor (%s), interval (%s) and interval-ceiling (%s) do not rise; write "
		"them in that order",
		floor, interval, ceiling);
}

static bool check_follow(
	const struct option_file *file, const struct profile *profile, struct error *error)
{
	const struct profile_follow *follow = &profile->follow;
	size_t accepting = 0, i;

	for (i = 0; i < profile->step_count; i++)
		accepting += profile->steps[i].accepted_count;
	if (!follow->used)
		return accepting == 0 ||
		       options_error(file, NULL, "accepted", error,
			       "nothing says how it is followed; write follow { … }");
	if (accepting == 0)
		return options_error(file, "follow", "", error,
			"no step accepts anything to be followed; write accepted = {202}");
	if (follow->member == NULL &&
		follow->done_count + follow->pending_count + follow->failed_count > 0)
		return options_error(file, "follow", "", error,
			"names states, but no member that tells them; write member = \"/status\"");
	if (follow->member != NULL && follow->done_count == 0)
		return options_error(file, "follow", "member", error,
			"no state means done; write done = {\"done\"}");
	return check_follow_times(file, follow, error);
}

static bool settle_read_back(
	const struct option_file *file, struct profile *profile, struct error *error)
{
	struct profile_read_back *read_back = &profile->read_back;

	if (!options_given(file, NULL, "read-back-before-push"))
		read_back->before_push = read_back->kind != READ_BACK_NONE;
	else if (read_back->before_push && read_back->kind == READ_BACK_NONE)
		return options_error(file, NULL, "read-back-before-push", error,
			"nothing says how; write read-back { … } or read-back-edge = true");
	if (read_back->kind != READ_BACK_REQUEST)
		return true;
	if (read_back->absent_count > PROFILE_STATUSES_MAX)
		return options_error(file, "read-back", "absent", error, "write 0 to %d statuses",
			PROFILE_STATUSES_MAX);
	return read_back->path != NULL ||
	       options_error(file, "read-back", "", error, "has no path; write path = \"/…\"");
}

/* The key is "" when all is well. */
static const char *check_hours(const struct profile *profile, char why[PROFILE_WHY_MAX])
{
	int from = profile->install_from_minute, until = profile->install_until_minute;

	if ((from < 0) != (until < 0)) {
		snprintf(why, PROFILE_WHY_MAX,
			"install-from and install-until go together; write both or neither");
		return from < 0 ? "install-until" : "install-from";
	}
	if (from >= 0 && from == until) {
		snprintf(why, PROFILE_WHY_MAX,
			"install-from and install-until are both %02d:%02d, so that nothing would "
			"ever be installed; write a window, or neither for any time",
			from / 60, from % 60);
		return "install-from";
	}
	return "";
}

bool profile_check(const struct profile *profile, const char **key, char why[PROFILE_WHY_MAX])
{
	char probe[DURATION_TEXT_MAX], ceiling[DURATION_TEXT_MAX];

	*key = check_hours(profile, why);
	if (**key != '\0')
		return false;
	if (profile->edge_count > PROFILE_EDGES_MAX) {
		snprintf(why, PROFILE_WHY_MAX, "more than %d; write fewer", PROFILE_EDGES_MAX);
		*key = "edges";
		return false;
	}
	/* Without any edge, which a site may still give, nothing is looked at. */
	if (profile->edge_count > 0 && profile->edges_needed > (int)profile->edge_count) {
		snprintf(why, PROFILE_WHY_MAX,
			"edges-needed (%d) is more than there are edges (%zu); write fewer, or "
			"more edges",
			profile->edges_needed, profile->edge_count);
		*key = "edges-needed";
		return false;
	}
	if (profile->circuit_probe_ms > profile->circuit_probe_ceiling_ms) {
		text_from_duration_ms(probe, sizeof(probe), profile->circuit_probe_ms);
		text_from_duration_ms(ceiling, sizeof(ceiling), profile->circuit_probe_ceiling_ms);
		snprintf(why, PROFILE_WHY_MAX,
			"circuit-probe (%s) is longer than circuit-probe-ceiling (%s); write a "
			"shorter wait or a longer ceiling",
			probe, ceiling);
		*key = "circuit-probe";
		return false;
	}
	return true;
}

static bool check_values(
	const struct option_file *file, const struct profile *profile, struct error *error)
{
	char why[PROFILE_WHY_MAX];
	const char *key;

	if (options_given(file, NULL, "edge") && options_given(file, NULL, "edges"))
		return options_error(
			file, NULL, "edges", error, "stands beside edge; keep one of the two");
	return profile_check(profile, &key, why) ||
	       options_error(file, NULL, key, error, "%s", why);
}

bool profile_settle(const struct option_file *file, struct profile *profile, struct error *error)
{
	size_t i;

	for (i = 0; i < profile->answer_count; i++) {
		if (!check_rule(file, &profile->answers[i], error))
			return false;
	}
	return settle_steps(file, profile, error) && check_success(file, profile, error) &&
	       check_follow(file, profile, error) && settle_read_back(file, profile, error) &&
	       check_values(file, profile, error);
}
