#include "service/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void profile_init(struct profile *profile, const struct service_rules *rules)
{
	*profile = (struct profile){
		.rules = *rules,
		.verify_grace_ms = 600000,
		.verify_interval_ms = 5000,
		.verify_timeout_ms = 10000,
		.concurrency = 8,
		.connect_timeout_ms = 10000,
		.total_timeout_ms = 60000,
		.stall_timeout_ms = 20000,
		.answer_max = 65536,
	};
	profile->rules.id = xstrdup(rules->id);
	profile->rules.name = xstrdup(rules->name);
}

void profile_clear(struct profile *profile)
{
	size_t i;

	free(profile->path);
	free(profile->rules.id);
	free(profile->rules.name);
	free(profile->endpoint);
	free(profile->install_method);
	free(profile->install_path);
	for (i = 0; i < profile->part_count; i++) {
		free(profile->parts[i].name);
		free(profile->parts[i].content);
		free(profile->parts[i].filename);
		free(profile->parts[i].content_type);
	}
	free(profile->parts);
	for (i = 0; i < profile->header_count; i++) {
		free(profile->headers[i].name);
		free(profile->headers[i].value);
	}
	free(profile->headers);
	free(profile->token_file);
	free(profile->ca_file);
	free(profile->client_certificate);
	free(profile->client_key);
	free(profile->edge);
	*profile = (struct profile){0};
}

bool profile_needs_pkcs12(const struct profile *profile)
{
	return profile->body_form == BODY_PKCS12_JSON;
}
