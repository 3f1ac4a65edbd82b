#include "domain/checklist.h"

#include "base/words.h"

const char *ending_name(enum ending ending)
{
	static const char *const names[] = {
		[ENDING_NO_DAYS] = "no-days",
		[ENDING_APPLY_BEFORE] = "apply-before",
		[ENDING_RENEWED] = "renewed",
		[ENDING_APPLY_OR_WAIT] = "apply-or-wait",
		[ENDING_BY_ITSELF] = "by-itself",
		[ENDING_UNCLEAR] = "unclear",
	};

	return names[ending];
}

const char *step_state_name(enum step_state state)
{
	static const char *const names[] = {
		[STEP_DONE] = "done",
		[STEP_NEXT] = "next",
		[STEP_OPEN] = "open",
		[STEP_NOT_KNOWN] = "not-known",
		[STEP_NOT_NEEDED] = "not-needed",
		[STEP_IMPOSSIBLE] = "impossible",
	};

	return names[state];
}

const char *step_actor_name(enum step_actor actor)
{
	static const char *const names[] = {
		[ACTOR_CUSTOMER] = "customer",
		[ACTOR_ADMINISTRATOR] = "administrator",
		[ACTOR_ADMINISTRATOR_AND_PROVIDER] = "administrator-and-provider",
		[ACTOR_PROVIDER] = "provider",
	};

	return names[actor];
}

const char *step_actor_text(enum step_actor actor)
{
	static const char *const texts[] = {
		[ACTOR_CUSTOMER] = N_("the customer"),
		[ACTOR_ADMINISTRATOR] = N_("the customer's サービスグループの運用管理担当者"),
		[ACTOR_ADMINISTRATOR_AND_PROVIDER] =
			N_("the provider, when the サービスグループの運用管理担当者 asks for it"),
		[ACTOR_PROVIDER] = N_("the provider"),
	};

	return _(texts[actor]);
}

const char *due_basis_name(enum due_basis basis)
{
	static const char *const names[] = {
		[DUE_NONE] = "none",
		[DUE_JOB] = "job",
		[DUE_JUDGED] = "judged",
		[DUE_IF_TODAY] = "if-today",
	};

	return names[basis];
}
