/* SPDX-License-Identifier: Apache-2.0 */
#include "api/words.h"
#include "base/str.h"

#include <stdio.h>

#define CAPTURES 4

/*
 * '*' stands for any text, which goes where {N} is; {N:} is it as the name of
 * an image, with the tag that it has if nobody says one. The first that fits counts.
 */
static const struct translation {
	const char *engine, *docker;
	enum error_kind kind; /* ERROR_NONE: as it is */
} translations[] = {
	/* containers */
	{ "no such container '*'", "No such container: {1}", ERROR_NONE },
	{ "the name '*' is already in use by the container '*'", "Conflict. The container name \"/{1}\" is already in use by container \"{2}\". "
	  "You have to remove (or rename) that container to be able to reuse that name.", ERROR_NONE },
	{ "'*' is the beginning of several containers' ids", "multiple IDs found with provided prefix: {1}", ERROR_INVALID },
	{ "cannot remove the container '*': it is *", "cannot remove container \"{1}\": container is {2}: stop the container before removing or force remove",
	  ERROR_NONE },
	{ "cannot kill the container '*': it is not running", "cannot kill container: {1}: container {1} is not running", ERROR_NONE },
	{ "cannot pause the container '*': it is not running", "container {1} is not running", ERROR_NONE },
	{ "cannot unpause the container '*': it is not running", "container {1} is not running", ERROR_NONE },
	{ "cannot pause *'*': container '*' is already paused", "Container {3} is already paused", ERROR_NONE },
	{ "cannot unpause *'*': container '*' is not paused", "Container {3} is not paused", ERROR_NONE },
	{ "cannot resize the terminal of the container '*': it is not running", "Container {1} is not running", ERROR_NONE },
	{ "invalid signal '*': *", "Invalid signal: {1}", ERROR_NONE },
	{ "invalid container name '*'", "Invalid container name ({1}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", ERROR_NONE },
	{ "invalid filter '*=*'", "invalid filter '{1}'", ERROR_NONE },
	{ "cannot start the container '*': it is paused", "cannot start a paused container, try unpause instead", ERROR_NONE },
	{ "cannot attach to the container '*': it is paused", "container {1} is paused, unpause the container before attach", ERROR_NONE },
	{ "cannot execute in the container '*': it is paused", "container {1} is paused, unpause the container before exec", ERROR_NONE },
	{ "cannot execute in the container '*': it is about to be restarted", "container {1} is restarting, wait until the container is running", ERROR_NONE },
	{ "cannot execute in the container '*': it is not running", "container {1} is not running", ERROR_NONE },
	{ "container '*' is not running", "container {1} is not running", ERROR_NONE },
	{ "no command given, and '*' has none of its own", "no command specified", ERROR_NONE },
	{ "no such exec '*'", "No such exec instance: {1}", ERROR_NONE },
	/* images */
	{ "no such image '*'", "No such image: {1:}", ERROR_NONE },
	{ "invalid reference '*': the repository must be lower case", "invalid reference format: repository name ({1}) must be lowercase", ERROR_NONE },
	{ "cannot remove the image '*': it has several names: *",
	  "conflict: unable to delete {1} (must be forced) - image is referenced in multiple repositories", ERROR_NONE },
	{ "cannot remove the image '*': the running container '*' (*) uses it",
	  "conflict: unable to delete {1} (cannot be forced) - image is being used by running container {3}", ERROR_NONE },
	{ "cannot remove the image '*': the container '*' (*) uses it",
	  "conflict: unable to delete {1} (must be forced) - image is being used by stopped container {3}", ERROR_NONE },
	{ "cannot pull '*': the registry '*' does not have the manifest '*'", "manifest for {1} not found: manifest unknown: manifest unknown",
	  ERROR_NOT_FOUND },
	{ "cannot inspect '*': the registry '*' does not have the manifest '*'", "manifest unknown: manifest unknown", ERROR_NOT_FOUND },
	{ "cannot push '*': there is no such image here", "An image does not exist locally with the tag: {1}", ERROR_NONE },
	/* networks and volumes */
	{ "no such network '*'", "network {1} not found", ERROR_NONE },
	{ "a network cannot be called '*': the word means something else", "operation is not permitted on predefined {1} network", ERROR_DENIED },
	{ "'*' is no name of a volume: expected *", "create {1}: \"{1}\" includes invalid characters for a local volume name, only "
	  "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path", ERROR_INVALID },
	{ "a network named '*' exists already", "network with name {1} already exists", ERROR_NONE },
	{ "the network '*' is predefined and cannot be removed", "{1} is a pre-defined network and cannot be removed", ERROR_DENIED },
	{ "the network '*' is in use by the container '*'", "error while removing network: network {1} has active endpoints ({2})", ERROR_DENIED },
	{ "--network: no such network '*'", "network {1} not found", ERROR_NONE },
	{ "--network: *", "{1}", ERROR_NONE },
	{ "cannot disconnect the container '*': the container '*' is not in the network '*'", "container {2} is not connected to network {3}", ERROR_DENIED },
	{ "cannot connect the container '*': the container '*' is in the network '*' already", "endpoint with name {2} already exists in network {3}",
	  ERROR_DENIED },
	{ "the container '*' is not in the network '*'", "container {1} is not connected to network {2}", ERROR_DENIED },
	{ "the container '*' is in the network '*' already", "endpoint with name {1} already exists in network {2}", ERROR_DENIED },
	{ "cannot remove the volume '*': the container '*' has it", "remove {1}: volume is in use - [{2}]", ERROR_NONE },
	{ "no such volume '*'", "get {1}: no such volume", ERROR_NONE },
};

struct captures {
	const char *texts[CAPTURES];
	size_t lengths[CAPTURES];
};

/* Whether TEXT is what PATTERN says; each '*' takes as little as it can, the last one all that is left. */
static bool match(const char *text, const char *pattern, struct captures *captures, size_t index)
{
	size_t literal = strcspn(pattern, "*");
	const char *rest;

	if (strncmp(text, pattern, literal) != 0)
		return false;
	text += literal;
	pattern += literal;
	if (!*pattern)
		return !*text;
	if (index == CAPTURES)
		return false;
	captures->texts[index] = text;
	for (rest = text;; rest++) {
		captures->lengths[index] = (size_t)(rest - text);
		if (match(rest, pattern + 1, captures, index + 1))
			return true;
		if (!*rest)
			return false;
	}
}

static bool has_tag(const char *text, size_t length)
{
	for (; length > 0 && text[length - 1] != '/'; length--)
		if (text[length - 1] == ':' || text[length - 1] == '@')
			return true;
	return false;
}

static void fill(const char *text, const struct captures *captures, struct buf *out)
{
	while (*text) {
		size_t index, skip;

		if (*text != '{') {
			buf_add_char(out, *text++);
			continue;
		}
		index = (size_t)(text[1] - '1');
		skip = text[2] == ':' ? 4 : 3;
		buf_add(out, captures->texts[index], captures->lengths[index]);
		if (skip == 4 && !has_tag(captures->texts[index], captures->lengths[index]))
			buf_add_text(out, ":latest");
		text += skip;
	}
}

static bool is_for_command_line(const char *hint)
{
	return strstr(hint, "--") || strstr(hint, "bivy");
}

void api_words_translate(struct error *error)
{
	struct captures captures = { .texts = { NULL } };

	if (is_for_command_line(error->hint))
		error->hint[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(translations); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		if (!match(error->message, translations[i].engine, &captures, 0))
			continue;
		fill(translations[i].docker, &captures, &text);
		snprintf(error->message, sizeof error->message, "%s", text.data);
		error->hint[0] = '\0';
		if (translations[i].kind != ERROR_NONE)
			error->kind = translations[i].kind;
		return;
	}
}
