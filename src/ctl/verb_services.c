#include "ctl/verb_services.h"

#include <json-c/json.h>
#include <stdio.h>

#include "ctl/calendar_request.h"
#include "ctl/store_request.h"

static void list(const struct store_request *request)
{
	const struct config *config = request->config;
	struct json_object *root = json_object_new_object(), *services = json_object_new_array();
	size_t i;

	for (i = 0; i < config->profile_count; i++) {
		const struct service_rules *rules = &config->profiles[i].rules;
		struct json_object *service;

		if (!request->json) {
			printf("%-16s %s\n", rules->id, rules->name);
			continue;
		}
		service = json_object_new_object();
		json_add_text(service, "service", rules->id);
		json_add_text(service, "name", rules->name);
		json_object_array_add(services, service);
	}
	json_object_object_add(root, "services", services);
	if (request->json) {
		json_print(root);
		putchar('\n');
	} else {
		json_object_put(root);
	}
}

int verb_services(int argc, char **argv)
{
	static const struct store_verb verb = {"services", "", "", 0};
	struct store_request request;
	struct error error;
	int status;

	if (!store_request_parse(&request, &verb, argc, argv, &status))
		return store_request_end(&request, status);
	/* Whoever may read the configuration may have its services listed. */
	if (config_read(request.config_path, &request.config, &error)) {
		list(&request);
		status = STORE_DONE;
	} else {
		store_request_fault(&request, error.text);
		status = STORE_USAGE;
	}
	return store_request_end(&request, status);
}
