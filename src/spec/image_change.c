/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/image_change.h"

#include "base/json.h"
#include "base/moment.h"

#include <ctype.h>
#include <strings.h>

#define BLANKS " \t\r\n"
/* A range that somebody wrote by mistake would fill the configuration. */
#define PORTS_LIMIT 1000
#define LIST_LIMIT 10000

struct change {
	struct arena *arena;
	struct spec_execution *execution;
	struct error *err;
};

static int refuse(const struct change *change, const char *words)
{
	return error_set(change->err, ERROR_INVALID, 0, "%s", words);
}

/* ---- lists ------------------------------------------------------------------------ */

static size_t count_of(char *const *list)
{
	return list ? strv_length(list) : 0;
}

static char **append(const struct change *change, char **list, const char *text)
{
	return strv_append(change->arena, list, arena_strdup(change->arena, text));
}

static char **append_once(const struct change *change, char **list, const char *text)
{
	return list && strv_contains(list, text) ? list : append(change, list, text);
}

/* ---- words ---------------------------------------------------------------------------- */

/* What a backslash before C makes of it within the quotes QUOTE (0: none). */
static bool is_escaped(char c, char quote)
{
	return quote == '\0' || (quote == '"' && (c == '"' || c == '\\' || c == '$'));
}

/*
 * The next word at *TEXT, up to a blank outside of quotes, without the quotes.
 * STOP is a character that ends it too, or 0; it is not taken.
 */
static int take_word(const struct change *change, const char **text, char stop, struct buf *ret)
{
	const char *at = *text;
	char quote = '\0';

	buf_add_text(ret, "");
	for (; *at && (quote || (!strchr(BLANKS, *at) && *at != stop)); at++) {
		if (quote ? *at == quote : *at == '"' || *at == '\'') {
			quote = quote ? '\0' : *at;
		} else if (*at == '\\' && quote != '\'' && at[1] && is_escaped(at[1], quote)) {
			buf_add_char(ret, *++at);
		} else if (*at == '$' && quote != '\'' && (isalpha((unsigned char)at[1]) || at[1] == '_' || at[1] == '{')) {
			return refuse(change, "variables are not replaced here; '\\$' stands for the character");
		} else {
			buf_add_char(ret, *at);
		}
	}
	if (quote)
		return refuse(change, "a quotation mark without its other");
	*text = at + strspn(at, BLANKS);
	return 0;
}

/* ["a", "b"], NULL-terminated; false if TEXT is none, which means that it is in the other form. */
static bool parse_array(const struct change *change, const char *text, char ***ret)
{
	struct json *root = NULL;
	size_t count = 0;
	char **list;

	if (*text != '[' || json_parse(change->arena, text, strlen(text), &root, NULL) < 0)
		return false;
	list = arena_alloc(change->arena, (size_t)root->length + 1, sizeof *list);
	for (const struct json *element = root->first; element; element = element->next) {
		if (element->type != JSON_STRING)
			return false;
		list[count++] = (char *)element->text;
	}
	*ret = list;
	return true;
}

static char **make_list(const struct change *change, const char *first, const char *second, const char *third)
{
	return append(change, append(change, second ? append(change, NULL, first) : NULL, second ? second : first), third);
}

/* ---- one instruction each ----------------------------------------------------------------- */

/* In the other form it is for a shell; that of the image, if it names one. */
static char **parse_command(const struct change *change, const char *text)
{
	char **list = NULL;

	if (parse_array(change, text, &list))
		return list;
	if (!change->execution->shell)
		return make_list(change, "/bin/sh", "-c", text);
	for (char **word = change->execution->shell; *word; word++)
		list = append(change, list, *word);
	return append(change, list, text);
}

static int apply_cmd(const struct change *change, const char *text)
{
	change->execution->command = parse_command(change, text);
	return 0;
}

static int apply_entrypoint(const struct change *change, const char *text)
{
	change->execution->entrypoint = parse_command(change, text);
	return 0;
}

static int apply_pair(const struct change *change, const char *key, const char *value, bool is_label)
{
	struct spec_execution *execution = change->execution;
	struct spec_pair *longer;
	size_t length = strlen(key);

	if (!length)
		return refuse(change, "a name is empty");
	if (!is_label) {
		char *entry = arena_printf(change->arena, "%s=%s", key, value);

		for (char **old = execution->env; old && *old; old++) {
			if (strncmp(*old, key, length) == 0 && (*old)[length] == '=') {
				*old = entry;
				return 0;
			}
		}
		execution->env = append(change, execution->env, entry);
		return 0;
	}
	for (size_t i = 0; i < execution->label_count; i++) {
		if (str_equal(execution->labels[i].key, key)) {
			execution->labels[i].value = arena_strdup(change->arena, value);
			return 0;
		}
	}
	longer = arena_alloc(change->arena, execution->label_count + 1, sizeof *longer);
	if (execution->label_count)
		memcpy(longer, execution->labels, execution->label_count * sizeof *longer);
	longer[execution->label_count++] = (struct spec_pair){ arena_strdup(change->arena, key), arena_strdup(change->arena, value) };
	execution->labels = longer;
	return 0;
}

/* NAME=VALUE…, or in the old way NAME and the rest of the line. */
static int apply_pairs(const struct change *change, const char *text, bool is_label)
{
	bool is_first = true;

	while (*text) {
		_cleanup_buf_ struct buf key = BUF_INIT, value = BUF_INIT;
		int r = take_word(change, &text, '=', &key);

		if (r < 0)
			return r;
		if (*text != '=') {
			if (!is_first || !*text)
				return refuse(change, "expected NAME=VALUE");
			return apply_pair(change, key.data, text, is_label);
		}
		text++;
		/* NAME= VALUE is an empty one, and then something else. */
		r = take_word(change, &text, '\0', &value);
		if (r == 0)
			r = apply_pair(change, key.data, value.data, is_label);
		if (r < 0)
			return r;
		is_first = false;
	}
	return 0;
}

static int apply_env(const struct change *change, const char *text)
{
	return apply_pairs(change, text, false);
}

static int apply_label(const struct change *change, const char *text)
{
	return apply_pairs(change, text, true);
}

static bool parse_port(const char *text, uint64_t *ret)
{
	return isdigit((unsigned char)*text) && str_to_u64(text, 10, ret) == 0 && *ret >= 1 && *ret <= UINT16_MAX;
}

/* "80", "80/udp", "8000-8010/tcp". */
static int expose(const struct change *change, char *word)
{
	char *protocol = strchr(word, '/'), *to;
	uint64_t first, last;

	if (protocol)
		*protocol++ = '\0';
	else
		protocol = (char *)"tcp";
	if (!str_equal(protocol, "tcp") && !str_equal(protocol, "udp") && !str_equal(protocol, "sctp"))
		return refuse(change, "expected the protocol tcp, udp or sctp");
	to = strchr(word, '-');
	if (to)
		*to++ = '\0';
	if (!parse_port(word, &first) || !parse_port(to ? to : word, &last) || last < first)
		return refuse(change, "expected a port such as 80, 53/udp or 8000-8010/tcp");
	if (last - first >= PORTS_LIMIT)
		return refuse(change, "more than 1000 ports");
	for (uint64_t port = first; port <= last; port++)
		change->execution->exposed_ports = append_once(change, change->execution->exposed_ports,
			arena_printf(change->arena, "%u/%s", (unsigned)port, protocol));
	return 0;
}

static int apply_expose(const struct change *change, const char *text)
{
	int r = 0;

	while (r == 0 && *text) {
		_cleanup_buf_ struct buf word = BUF_INIT;

		if (count_of(change->execution->exposed_ports) > LIST_LIMIT)
			return refuse(change, "more than 10000 ports");
		r = take_word(change, &text, '\0', &word);
		if (r == 0)
			r = expose(change, word.data);
	}
	return r;
}

static int add_volume(const struct change *change, const char *path)
{
	if (*path != '/')
		return refuse(change, "expected an absolute path");
	change->execution->volumes = append_once(change, change->execution->volumes, path);
	return 0;
}

static int apply_volume(const struct change *change, const char *text)
{
	char **list = NULL;
	int r = 0;

	if (parse_array(change, text, &list)) {
		for (; r == 0 && *list; list++)
			r = add_volume(change, *list);
		return r;
	}
	while (r == 0 && *text) {
		_cleanup_buf_ struct buf word = BUF_INIT;

		r = take_word(change, &text, '\0', &word);
		if (r == 0)
			r = add_volume(change, word.data);
	}
	return r;
}

/* The only word of TEXT. */
static int take_only_word(const struct change *change, const char *text, char **ret)
{
	_cleanup_buf_ struct buf word = BUF_INIT;
	int r = take_word(change, &text, '\0', &word);

	if (r < 0)
		return r;
	if (*text)
		return refuse(change, "expected one word");
	*ret = arena_strndup(change->arena, word.data, word.length);
	return 0;
}

static int apply_user(const struct change *change, const char *text)
{
	return take_only_word(change, text, &change->execution->user);
}

/* A relative one continues the one before; "." and ".." are resolved as they are written. */
static int apply_workdir(const struct change *change, const char *text)
{
	_cleanup_buf_ struct buf path = BUF_INIT, word = BUF_INIT, whole = BUF_INIT;
	const char *before = change->execution->working_directory;
	int r = take_word(change, &text, '\0', &word);

	if (r < 0)
		return r;
	if (*text)
		return refuse(change, "expected one word");
	buf_printf(&whole, "%s/%s", *word.data != '/' && before ? before : "", word.data);
	buf_add_text(&path, "");
	for (const char *at = whole.data; *at;) {
		size_t length = strcspn(at, "/");

		if (length == 2 && memcmp(at, "..", 2) == 0) {
			while (path.length && path.data[--path.length] != '/')
				continue;
		} else if (length && !(length == 1 && *at == '.')) {
			buf_add_char(&path, '/');
			buf_add(&path, at, length);
		}
		at += length + (at[length] == '/');
	}
	change->execution->working_directory = path.length ? arena_strndup(change->arena, path.data, path.length) : arena_strdup(change->arena, "/");
	return 0;
}

/* What a signal means is for whoever sends it; here it only has to be able to be one. */
static int apply_stopsignal(const struct change *change, const char *text)
{
	uint64_t number;
	char *word = NULL;
	int r = take_only_word(change, text, &word);

	if (r < 0)
		return r;
	if (!*word || strlen(word) > 20 || word[strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-")] ||
	    (isdigit((unsigned char)*word) && (str_to_u64(word, 10, &number) < 0 || number < 1 || number > 64)))
		return refuse(change, "expected a signal such as SIGTERM or 15");
	change->execution->stop_signal = word;
	return 0;
}

static int apply_onbuild(const struct change *change, const char *text)
{
	static const char *const never[] = { "ONBUILD", "FROM", "MAINTAINER" };
	size_t length = strcspn(text, BLANKS);

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (length == strlen(never[i]) && strncasecmp(text, never[i], length) == 0)
			return refuse(change, "that instruction cannot be triggered");
	if (count_of(change->execution->on_build) > LIST_LIMIT)
		return refuse(change, "more than 10000 of them");
	change->execution->on_build = append(change, change->execution->on_build, text);
	return 0;
}

/* ---- HEALTHCHECK ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t offset; /* of an int64_t in struct spec_health_check */
} health_durations[] = {
	{ "interval", offsetof(struct spec_health_check, interval_ns) },
	{ "timeout", offsetof(struct spec_health_check, timeout_ns) },
	{ "start-period", offsetof(struct spec_health_check, start_period_ns) },
	{ "start-interval", offsetof(struct spec_health_check, start_interval_ns) },
};

/* OPTION without its dashes: "interval=30s". */
static int apply_health_option(const struct change *change, struct spec_health_check *check, const char *option)
{
	const char *value = strchr(option, '=');
	uint64_t retries;

	if (!value)
		return refuse(change, "expected --OPTION=VALUE");
	value++;
	for (size_t i = 0; i < ARRAY_SIZE(health_durations); i++) {
		int64_t *target = (int64_t *)(void *)((char *)check + health_durations[i].offset);

		if (strlen(health_durations[i].name) + 1 != (size_t)(value - option) || !str_starts_with(option, health_durations[i].name))
			continue;
		/* Shorter ones than docker takes would mean its default. */
		if (duration_parse(value, target) < 0 || *target < 1000000)
			return refuse(change, "expected a length of time such as 1m30s, a millisecond at least");
		return 0;
	}
	if (!str_starts_with(option, "retries="))
		return refuse(change, "expected --interval, --timeout, --start-period, --start-interval or --retries");
	if (str_to_u64(value, 10, &retries) < 0 || retries < 1 || retries > INT32_MAX)
		return refuse(change, "expected a number of retries");
	check->retries = (int64_t)retries;
	return 0;
}

static int apply_health_command(const struct change *change, struct spec_health_check *check, const char *text)
{
	char **list = NULL;

	if (!*text)
		return refuse(change, "a command is missing behind CMD");
	if (!parse_array(change, text, &list)) {
		check->test = make_list(change, "CMD-SHELL", NULL, text);
		return 0;
	}
	check->test = append(change, NULL, "CMD");
	for (; *list; list++)
		check->test = append(change, check->test, *list);
	return 0;
}

static int apply_healthcheck(const struct change *change, const char *text)
{
	struct spec_health_check *check = arena_alloc(change->arena, 1, sizeof *check);
	size_t length;
	int r = 0;

	while (r == 0 && str_starts_with(text, "--")) {
		_cleanup_buf_ struct buf word = BUF_INIT;

		r = take_word(change, &text, '\0', &word);
		if (r == 0)
			r = apply_health_option(change, check, word.data + 2);
	}
	if (r < 0)
		return r;
	length = strcspn(text, BLANKS);
	if (length == 4 && strncasecmp(text, "NONE", length) == 0 && !text[length])
		check->test = append(change, NULL, "NONE");
	else if (length == 3 && strncasecmp(text, "CMD", length) == 0)
		r = apply_health_command(change, check, text + length + strspn(text + length, BLANKS));
	else
		r = refuse(change, "expected NONE, or CMD and a command");
	if (r == 0)
		change->execution->health_check = check;
	return r;
}

/* ---------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*apply)(const struct change *change, const char *text);
} instructions[] = {
	{ "CMD", apply_cmd },
	{ "ENTRYPOINT", apply_entrypoint },
	{ "ENV", apply_env },
	{ "EXPOSE", apply_expose },
	{ "HEALTHCHECK", apply_healthcheck },
	{ "LABEL", apply_label },
	{ "ONBUILD", apply_onbuild },
	{ "STOPSIGNAL", apply_stopsignal },
	{ "USER", apply_user },
	{ "VOLUME", apply_volume },
	{ "WORKDIR", apply_workdir },
};

static int apply(const struct change *change, const char *instruction)
{
	_cleanup_free_ char *copy = str_dup(instruction);
	const char *word = copy + strspn(copy, BLANKS), *text;
	size_t length = strcspn(word, BLANKS "=");

	str_trim_end(copy);
	text = word + length + (word[length] == '=');
	text += strspn(text, BLANKS);
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		if (strlen(instructions[i].name) != length || strncasecmp(word, instructions[i].name, length) != 0)
			continue;
		return *text ? instructions[i].apply(change, text) : refuse(change, "nothing follows the instruction");
	}
	return refuse(change, "expected CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR");
}

int spec_image_change_apply(struct arena *arena, const char *instruction, struct spec_execution *execution, struct error *err)
{
	const struct change change = { arena, execution, err };
	int r = strlen(instruction) > SPEC_IMAGE_CHANGE_LIMIT ? refuse(&change, "it is longer than 64 KiB") : apply(&change, instruction);

	return r < 0 ? error_wrap(err, "invalid change '%.100s'", instruction) : 0;
}
