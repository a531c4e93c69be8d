/* SPDX-License-Identifier: Apache-2.0 */
#include "api/words.h"
#include "base/str.h"

#include <stdio.h>

#define CAPTURES 4

/*
 * '*' stands for any text, which goes where {N} is; {N:} is it as the name of
 * an image, with the tag that it has if nobody says one, and {N#} the id of the
 * container of that name. The first that fits counts.
 */
static const struct translation {
	const char *engine, *docker;
	enum error_kind kind; /* ERROR_NONE: as it is */
	bool has_hint;        /* docker gives the same */
} translations[] = {
	/* containers */
	{ "no such container '*'", "No such container: {1}", ERROR_NONE },
	{ "the name '*' is already in use by the container '*'", "Conflict. The container name \"/{1}\" is already in use by container \"{2#}\". "
	  "You have to remove (or rename) that container to be able to reuse that name.", ERROR_NONE },
	{ "the container '*' has that name already", "Renaming a container with the same name as its current name", ERROR_NONE },
	{ "invalid container name '*'", "Invalid container name ({1}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", ERROR_NONE },
	{ "'*' is the beginning of several containers' ids", "multiple IDs found with provided prefix: {1}", ERROR_INVALID },
	{ "cannot remove the container '*': it is *", "cannot remove container \"/{1}\": container is {2}: stop the container before removing or force remove",
	  ERROR_NONE },
	{ "cannot kill the container '*': it is not running", "container {1#} is not running", ERROR_NONE },
	{ "cannot pause the container '*': it is not running", "container {1#} is not running", ERROR_NONE },
	{ "cannot unpause the container '*': it is not running", "Container {1#} is not paused", ERROR_NONE },
	{ "cannot pause the container '*': container '*' is already paused", "Container {2#} is already paused", ERROR_NONE },
	{ "cannot unpause the container '*': container '*' is not paused", "Container {2#} is not paused", ERROR_NONE },
	{ "cannot resize the terminal of the container '*': it is not running", "Container {1} is not running", ERROR_NONE },
	{ "invalid filter '*=*'", "invalid filter '{1}'", ERROR_NONE },
	{ "cannot attach to the container '*': it is paused", "container {1} is paused, unpause the container before attach", ERROR_NONE },
	{ "cannot execute in the container '*': it is paused", "Container {1} is paused, unpause the container before exec", ERROR_NONE },
	{ "cannot execute in the container '*': it is about to be restarted", "Container {1} is restarting, wait until the container is running", ERROR_NONE },
	{ "cannot execute in the container '*': it is not running", "container {1#} is not running", ERROR_NONE },
	{ "container '*' is not running", "container {1#} is not running", ERROR_NONE },
	{ "container '*' has no log: its log driver is '*'", "configured logging driver does not support reading", ERROR_NONE },
	{ "there is no column PID in the output of ps", "Couldn't find PID field in ps output", ERROR_NONE },
	{ "invalid signal '*': expected *", "invalid signal: {1}", ERROR_NONE },
	{ "no command given, and '*' has none of its own", "no command specified", ERROR_NONE },
	{ "no such exec '*'", "No such exec instance: {1}", ERROR_NONE },
	/* their starts */
	{ "cannot start the container '*': it is paused", "cannot start a paused container, try unpause instead", ERROR_NONE },
	{ "cannot start the container '*': cannot execute \"*\": *",
	  "failed to create task for container: OCI runtime create failed: unable to start container process: exec: \"{2}\": {3}: unknown", ERROR_NONE },
	{ "cannot start the container '*': no such user '*' in *", "unable to find user {2}: no matching entries in passwd file", ERROR_NONE },
	{ "cannot start the container '*': no such group '*' in *", "unable to find group {2}: no matching entries in group file", ERROR_NONE },
	{ "cannot start the container '*': cannot bind '*' on '*': no such file or directory",
	  "invalid mount config for type \"bind\": bind source path does not exist: {2}", ERROR_INVALID },
	{ "cannot start the container '*': --device: cannot use the device '*': *",
	  "error gathering device information while adding custom device \"{2}\": {3}", ERROR_NONE },
	{ "cannot start the container '*': cannot publish port */*: the container '*' has it",
	  "driver failed programming external connectivity on endpoint {1}: Bind for port {2} failed: port is already allocated", ERROR_NONE },
	/* their configurations */
	{ "--cap-add: '*' is no capability", "invalid CapAdd: unknown capability: \"{1}\"", ERROR_INVALID },
	{ "--cap-drop: '*' is no capability", "invalid CapDrop: unknown capability: \"{1}\"", ERROR_INVALID },
	{ "--ipc: '*': expected *", "invalid IPC mode: {1}", ERROR_INVALID },
	{ "there is no signal '*' to stop the container with", "invalid signal: {1}", ERROR_INVALID },
	{ "there is no isolation '*': only *", "Invalid isolation: \"{1}\" - linux only supports {2}", ERROR_INVALID },
	{ "--network: no such network '*'", "network {1} not found", ERROR_INVALID },
	{ "--network: no such container '*'", "No such container: {1}", ERROR_INVALID },
	{ "log driver '*' has no option '*'", "unknown log opt '{2}' for {1} log driver", ERROR_INVALID },
	{ "unknown log driver '*'", "error looking up logging plugin {1}: plugin \"{1}\" not found", ERROR_INVALID },
	{ "HostConfig.Mounts[*].Type: '*' is none of *", "invalid mount config for type \"{2}\": mount type unknown", ERROR_INVALID },
	{ "invalid volume specification: '*': option '*': expected *", "invalid mode: {2}", ERROR_INVALID },
	{ "invalid volume specification: '*': '*' is no name of a volume: expected *", "create {2}: \"{2}\" includes invalid characters for a local volume "
	  "name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path", ERROR_INVALID },
	{ "the image '*' is here for *, not for *", "image with reference {1} was found but does not match the specified platform: wanted {3}, actual: {2}",
	  ERROR_NOT_FOUND },
	/* execs: what their streams tell */
	{ "cannot execute in the container '*': no such user '*' in *", "unable to find user {2}: no matching entries in passwd file", ERROR_NONE },
	{ "cannot execute in the container '*': no such group '*' in *", "unable to find group {2}: no matching entries in group file", ERROR_NONE },
	{ "cannot execute \"*\": *", "OCI runtime exec failed: exec failed: unable to start container process: exec: \"{1}\": {2}: unknown", ERROR_NONE },
	{ "cannot change to process.cwd '*': *",
	  "OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd (\"{1}\") set in config.json failed: {2}: unknown", ERROR_NONE },
	/* images */
	{ "no such image '*'", "No such image: {1:}", ERROR_NONE },
	{ "invalid reference '*': the repository must be lower case", "invalid reference format: repository name ({1}) must be lowercase", ERROR_NONE },
	{ "cannot remove the image '*': it has several names: *",
	  "conflict: unable to delete {1} (must be forced) - image is referenced in multiple repositories", ERROR_NONE },
	{ "cannot remove the image '*': the running container '*' (*) uses it",
	  "conflict: unable to delete {1} (cannot be forced) - image is being used by running container {3}", ERROR_NONE },
	{ "cannot remove the image '*': the container '*' (*) uses it",
	  "conflict: unable to delete {1} (must be forced) - image is being used by stopped container {3}", ERROR_NONE },
	{ "cannot commit the container '*': invalid change '* *': expected *", "{2} is not a valid change command", ERROR_NONE },
	{ "cannot pull '*': the registry '*' does not have the manifest '*'", "manifest for {1} not found: manifest unknown: manifest unknown",
	  ERROR_NOT_FOUND },
	{ "cannot inspect '*': the registry '*' does not have the manifest '*'", "manifest unknown: manifest unknown", ERROR_NOT_FOUND },
	/* builds */
	{ "*: no stage '*' to build", "target stage \"{2}\" could not be found", ERROR_NONE },
	{ "*:*: unknown instruction '*'", "dockerfile parse error on line {2}: unknown instruction: {3}", ERROR_NONE, true },
	{ "*:*: * before the first FROM", "no build stage in current context", ERROR_NONE },
	{ "*: no instructions in it", "the Dockerfile ({1}) cannot be empty", ERROR_NONE },
	{ "*:*: COPY: there is no '*'", "COPY failed: file not found in build context or excluded by .dockerignore: stat {3}: file does not exist", ERROR_NONE },
	{ "*:*: ADD: there is no '*'", "ADD failed: file not found in build context or excluded by .dockerignore: stat {3}: file does not exist", ERROR_NONE },
	/* networks and volumes */
	{ "no such network '*'", "network {1} not found", ERROR_NONE },
	{ "a network cannot be called '*': the word means something else", "operation is not permitted on predefined {1} network", ERROR_DENIED },
	{ "there is no network driver '*'", "plugin \"{1}\" not found", ERROR_NOT_FOUND },
	{ "the subnet: '*' is not an address", "invalid network config:\ninvalid subnet {1}: invalid CIDR block notation", ERROR_NONE },
	{ "'*' is no name of a volume: expected *", "create {1}: \"{1}\" includes invalid characters for a local volume name, only "
	  "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path", ERROR_INVALID },
	{ "a network named '*' exists already", "network with name {1} already exists", ERROR_NONE },
	{ "the network '*' is predefined and cannot be removed", "{1} is a pre-defined network and cannot be removed", ERROR_DENIED },
	{ "the network '*' is in use by the container '*'*", "error while removing network: network {1} has active endpoints ({2}{3})", ERROR_DENIED },
	{ "cannot connect the container '*': no such network 'host'",
	  "container cannot be disconnected from host network or connected to host network", ERROR_DENIED },
	{ "cannot connect the container '*': no such network 'none'",
	  "container cannot be connected to multiple networks with one of the networks in private (none) mode", ERROR_DENIED },
	{ "cannot connect the container '*': no such network '*'", "network {2} not found", ERROR_NONE },
	{ "cannot connect the container '*': the container '*' is in the network '*' already", "endpoint with name {2} already exists in network {3}",
	  ERROR_DENIED },
	{ "cannot disconnect the container '*': the container '*' is not in the network '*'", "container {2#} is not connected to network {3}", ERROR_DENIED },
	{ "the container '*' is not in the network '*'", "container {1#} is not connected to network {2}", ERROR_DENIED },
	{ "--network: *", "{1}", ERROR_NONE },
	{ "the container '*' is in the network '*' already", "endpoint with name {1} already exists in network {2}", ERROR_DENIED },
	{ "cannot remove the volume '*': the container '*' has it", "remove {1}: volume is in use - [{2#}]", ERROR_NONE },
	{ "cannot make the volume '*': there is no option '*' of a volume: expected *", "create {1}: invalid option: \"{2}\"", ERROR_NONE },
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

/* The id of the container that a capture names, or the name. */
static void add_id(const struct captures *captures, size_t index, const struct api_words_names *names, struct buf *out)
{
	_cleanup_free_ char *name = str_printf("%.*s", (int)captures->lengths[index], captures->texts[index]);
	const char *id = names ? names->id_of(names->context, name) : NULL;

	buf_add_text(out, id ? id : name);
}

static void fill(const char *text, const struct captures *captures, const struct api_words_names *names, struct buf *out)
{
	while (*text) {
		size_t index;
		char form;

		if (*text != '{') {
			buf_add_char(out, *text++);
			continue;
		}
		index = (size_t)(text[1] - '1');
		form = text[2];
		text += form == '}' ? 3 : 4;
		if (form == '#') {
			add_id(captures, index, names, out);
			continue;
		}
		buf_add(out, captures->texts[index], captures->lengths[index]);
		if (form == ':' && !has_tag(captures->texts[index], captures->lengths[index]))
			buf_add_text(out, ":latest");
	}
}

static bool is_for_command_line(const char *hint)
{
	return strstr(hint, "--") || strstr(hint, "bivy");
}

void api_words_translate(struct error *error, const struct api_words_names *names)
{
	struct captures captures = { .texts = { NULL } };

	if (is_for_command_line(error->hint))
		error->hint[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(translations); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		if (!match(error->message, translations[i].engine, &captures, 0))
			continue;
		fill(translations[i].docker, &captures, names, &text);
		snprintf(error->message, sizeof error->message, "%s", text.data);
		if (!translations[i].has_hint)
			error->hint[0] = '\0';
		if (translations[i].kind != ERROR_NONE)
			error->kind = translations[i].kind;
		return;
	}
}
