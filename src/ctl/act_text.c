#include "ctl/act_text.h"

#include <inttypes.h>

#include "base/words.h"

int64_t result_number(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : 0;
}

const char *result_text(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) && value != NULL
		       ? json_object_get_string(value)
		       : NULL;
}

bool result_truth(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

static const char *text_or(struct json_object *object, const char *key, const char *otherwise)
{
	const char *text = result_text(object, key);

	return text != NULL ? text : otherwise;
}

static void print_job(struct json_object *job, FILE *stream)
{
	fprintf(stream, "%8" PRId64 " %-16s %-14s %-12s %-24s %-10s %s\n",
		result_number(job, "job"), text_or(job, "contract", "-"),
		text_or(job, "service", "-"), text_or(job, "service_code", "-"),
		text_or(job, "fqdn", "-"), text_or(job, "before", "-"), text_or(job, "text", ""));
}

static void print_jobs(struct json_object *result, FILE *stream, size_t limit)
{
	size_t count = (size_t)result_number(result, "done"), shown = 0, i;
	struct json_object *jobs;

	json_object_object_get_ex(result, "jobs", &jobs);
	if (json_object_array_length(jobs) == 0)
		fprintf(stream, "%s\n", _("no jobs"));
	if (count > 0)
		fprintf(stream, "%8s %-16s %-14s %-12s %-24s %-10s\n", _("JOB"), _("CONTRACT"),
			_("SERVICE"), _("CODE"), _("FQDN"), _("STATE"));
	for (i = 0; i < json_object_array_length(jobs) && (limit == 0 || shown < limit); i++) {
		struct json_object *job = json_object_array_get_idx(jobs, i);

		if (!result_truth(job, "done"))
			continue;
		print_job(job, stream);
		shown++;
	}
	if (shown < count)
		fprintf(stream, _("... and %zu more\n"), count - shown);
}

static void print_link(struct json_object *link, FILE *stream)
{
	struct json_object *reasons;
	const char *due = result_text(link, "due"), *holder = result_text(link, "holder");
	const char *contract = result_text(link, "contract");
	size_t i;

	fprintf(stream, "  %s%s%s %s %s: %s", contract != NULL ? contract : "",
		contract != NULL ? ": " : "", text_or(link, "service", ""),
		text_or(link, "service_code", ""), text_or(link, "fqdn", ""),
		text_or(link, "verdict", ""));
	if (due != NULL)
		fprintf(stream, _(", due %s"), due);
	if (holder != NULL)
		fprintf(stream, _(", waits for contract %s"), holder);
	if (json_object_object_get_ex(link, "reasons", &reasons)) {
		for (i = 0; i < json_object_array_length(reasons); i++)
			fprintf(stream, "%s%s", i == 0 ? ", " : " ",
				json_object_get_string(json_object_array_get_idx(reasons, i)));
	}
	fputc('\n', stream);
}

static void print_links(struct json_object *links, FILE *stream)
{
	size_t i;

	for (i = 0; i < json_object_array_length(links); i++)
		print_link(json_object_array_get_idx(links, i), stream);
}

static void print_records(struct json_object *result, struct json_object *records, FILE *stream)
{
	struct json_object *links, *others;
	size_t i;

	for (i = 0; i < json_object_array_length(records); i++) {
		struct json_object *record = json_object_array_get_idx(records, i);

		fprintf(stream, _("Contract %s, revision %" PRId64 "%s\n"),
			text_or(record, "contract", "-"), result_number(record, "revision"),
			result_truth(record, "known") ? _(": known already, it changes nothing")
						      : "");
		if (json_object_object_get_ex(record, "links", &links))
			print_links(links, stream);
	}
	if (json_object_object_get_ex(result, "others", &others) &&
		json_object_array_length(others) > 0) {
		fprintf(stream, "%s\n", _("For other contracts it means:"));
		print_links(others, stream);
	}
	if (result_text(result, "file") != NULL)
		fprintf(stream, _("Handed over as %s.\n"), result_text(result, "file"));
}

static void print_service(struct json_object *result, FILE *stream)
{
	fprintf(stream, "%s: %s\n", text_or(result, "service", "-"), text_or(result, "text", ""));
	if (result_number(result, "waiting") > 0)
		fprintf(stream, _("%" PRId64 " jobs that are due go on.\n"),
			result_number(result, "waiting"));
}

void act_as_text(struct json_object *result, FILE *stream, size_t limit)
{
	struct json_object *list;

	if (json_object_object_get_ex(result, "records", &list)) {
		print_records(result, list, stream);
		return;
	}
	if (result_text(result, "from") != NULL)
		fprintf(stream, _("Service code %s of %s goes from contract %s to contract %s.\n"),
			text_or(result, "service_code", "-"), text_or(result, "service", "-"),
			text_or(result, "from", "-"), text_or(result, "to", "-"));
	if (json_object_object_get_ex(result, "jobs", &list))
		print_jobs(result, stream, limit);
	else
		print_service(result, stream);
}
