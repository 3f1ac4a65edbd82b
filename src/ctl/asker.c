#include "ctl/asker.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/words.h"

static bool name_of_user(uid_t user, char name[ACT_WHO_MAX])
{
	struct passwd entry, *found = NULL;
	char data[4096];

	if (getpwuid_r(user, &entry, data, sizeof(data), &found) != 0 || found == NULL)
		return false;
	text_sanitise(name, ACT_WHO_MAX, found->pw_name, strlen(found->pw_name));
	return true;
}

void asker_name(char name[ACT_WHO_MAX])
{
	/* Anybody can set it, but who is root has no need to. */
	const char *sudo_user = getuid() == 0 ? getenv("SUDO_USER") : NULL;

	if (sudo_user != NULL && sudo_user[0] != '\0')
		text_sanitise(name, ACT_WHO_MAX, sudo_user, strlen(sudo_user));
	else if (!name_of_user(getuid(), name))
		snprintf(name, ACT_WHO_MAX, "user number %lu", (unsigned long)getuid());
}

/* In the user's language, and English always. */
static bool is_yes(const char *line)
{
	size_t length = strcspn(line, "\r\n");
	const char *words[] = {"y", "yes", _("y"), _("yes")};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i]) == length && strncasecmp(line, words[i], length) == 0)
			return true;
	}
	return false;
}

enum asker_answer asker_asks(const char *question)
{
	char line[32];

	fflush(stdout);
	if (isatty(STDIN_FILENO) == 0)
		return ASKER_NOBODY;
	fprintf(stderr, "%s %s ", question, _("[y/N]"));
	fflush(stderr);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return ASKER_NO;
	return is_yes(line) ? ASKER_YES : ASKER_NO;
}
