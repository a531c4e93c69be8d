/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/profile.h"
#include "spec/decode.h"

#include <limits.h>

#define FORMAT 1

static const char *const source_words[] = {
	[SPEC_PROFILE_ASSUMED] = "assumed",
	[SPEC_PROFILE_CALLS_TELL] = "calls",
	[SPEC_PROFILE_KERNEL] = "kernel",
};

/* ---- sorted lists of texts ------------------------------------------------------------- */

/* Where TEXT is in LIST, or belongs. */
static size_t find_text(char *const *list, size_t count, const char *text, bool *ret_found)
{
	size_t low = 0, high = count;

	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(list[middle], text);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Lists grow by doubling: one is full when its length is a power of two. */
static void insert_text(struct arena *arena, char ***list, size_t *count, size_t at, const char *text)
{
	if ((*count & (*count - 1)) == 0) {
		char **grown = arena_alloc(arena, 2 * *count + 2, sizeof *grown);

		if (*count)
			memcpy(grown, *list, *count * sizeof *grown);
		*list = grown;
	}
	memmove(*list + at + 1, *list + at, (*count - at) * sizeof **list);
	(*list)[at] = arena_strdup(arena, text);
	(*list)[++*count] = NULL;
}

static void remove_text(char **list, size_t *count, size_t at)
{
	memmove(list + at, list + at + 1, (*count - at) * sizeof *list);
	(*count)--;
}

/* ---- adding -------------------------------------------------------------------------------- */

struct spec_profile *spec_profile_new(struct arena *arena)
{
	struct spec_profile *profile = arena_alloc(arena, 1, sizeof *profile);

	profile->arena = arena;
	profile->has_calls = profile->has_capabilities = profile->has_writes = true;
	profile->binds.is_given = profile->connects.is_given = true;
	return profile;
}

static bool is_call_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return length > 0 && length < 64 && !name[length];
}

bool spec_profile_add_call(struct spec_profile *profile, const char *name)
{
	bool found;
	size_t at = find_text(profile->calls, profile->call_count, name, &found);

	if (found || !is_call_name(name) || profile->call_count >= SPEC_PROFILE_CALLS)
		return false;
	insert_text(profile->arena, &profile->calls, &profile->call_count, at, name);
	return true;
}

bool spec_profile_add_capability(struct spec_profile *profile, unsigned number, enum spec_profile_source source)
{
	if (number >= SPEC_PROFILE_CAPABILITIES || !spec_name_of(SPEC_CAPABILITIES, number))
		return false;
	if ((profile->capabilities >> number & 1) && profile->sources[number] >= source)
		return false;
	profile->capabilities |= UINT64_C(1) << number;
	profile->sources[number] = (uint8_t)source;
	return true;
}

bool spec_profile_is_beneath(const char *path, const char *top)
{
	size_t length = strlen(top);

	return str_equal(top, "/") || (strncmp(path, top, length) == 0 && (!path[length] || path[length] == '/'));
}

/* "/", or parts that are names, each with one slash before it. */
static bool is_plain_path(const char *path)
{
	const char *part = path;

	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return false;
	if (!path[1])
		return true;
	while (*part == '/') {
		size_t length = strcspn(++part, "/");

		if (length == 0 || (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += length;
	}
	return true;
}

static bool is_covered(const struct spec_profile *profile, const char *path)
{
	for (size_t i = 0; i < profile->write_count; i++)
		if (spec_profile_is_beneath(path, profile->writes[i]))
			return true;
	return false;
}

/* To what is above it. */
static void go_up(char *path)
{
	char *slash = strrchr(path, '/');

	slash[slash == path] = '\0';
}

bool spec_profile_add_write(struct spec_profile *profile, const char *path)
{
	char top[PATH_MAX];
	bool found;

	if (!is_plain_path(path) || is_covered(profile, path))
		return false;
	memcpy(top, path, strlen(path) + 1);
	for (;;) {
		for (size_t i = profile->write_count; i-- > 0;)
			if (spec_profile_is_beneath(profile->writes[i], top))
				remove_text(profile->writes, &profile->write_count, i);
		if (profile->write_count < SPEC_PROFILE_WRITES)
			break;
		go_up(top);
	}
	insert_text(profile->arena, &profile->writes, &profile->write_count, find_text(profile->writes, profile->write_count, top, &found), top);
	return true;
}

static int compare_ports(struct spec_profile_port a, struct spec_profile_port b)
{
	return a.udp != b.udp ? (a.udp ? 1 : -1) : a.port < b.port ? -1 : a.port > b.port;
}

static bool has_port(const struct spec_profile_ports *ports, struct spec_profile_port port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->list[i].udp == port.udp && (ports->list[i].port == port.port || ports->list[i].port == SPEC_PROFILE_ANY_PORT))
			return true;
	return false;
}

static void drop_ports(struct spec_profile_ports *ports, bool udp)
{
	size_t kept = 0;

	for (size_t i = 0; i < ports->count; i++)
		if (ports->list[i].udp != udp)
			ports->list[kept++] = ports->list[i];
	ports->count = kept;
}

bool spec_profile_add_port(struct spec_profile *profile, struct spec_profile_ports *ports, struct spec_profile_port port)
{
	size_t at;

	if (port.port < SPEC_PROFILE_ANY_PORT || port.port > UINT16_MAX || has_port(ports, port))
		return false;
	if (!ports->list)
		ports->list = arena_alloc(profile->arena, SPEC_PROFILE_PORTS + 2, sizeof *ports->list);
	if (ports->count >= SPEC_PROFILE_PORTS)
		port.port = SPEC_PROFILE_ANY_PORT;
	if (port.port == SPEC_PROFILE_ANY_PORT)
		drop_ports(ports, port.udp);
	at = ports->count++;
	for (; at > 0 && compare_ports(ports->list[at - 1], port) > 0; at--)
		ports->list[at] = ports->list[at - 1];
	ports->list[at] = port;
	return true;
}

static void merge_ports(struct spec_profile *into, struct spec_profile_ports *ports, const struct spec_profile_ports *from)
{
	ports->is_given &= from->is_given;
	for (size_t i = 0; i < from->count; i++)
		spec_profile_add_port(into, ports, from->list[i]);
	if (!ports->is_given)
		ports->count = 0;
}

void spec_profile_merge(struct spec_profile *into, const struct spec_profile *from)
{
	for (size_t i = 0; i < from->call_count; i++)
		spec_profile_add_call(into, from->calls[i]);
	for (unsigned i = 0; i < SPEC_PROFILE_CAPABILITIES; i++)
		if (from->capabilities >> i & 1)
			spec_profile_add_capability(into, i, from->sources[i]);
	for (size_t i = 0; i < from->write_count; i++)
		spec_profile_add_write(into, from->writes[i]);
	merge_ports(into, &into->binds, &from->binds);
	merge_ports(into, &into->connects, &from->connects);
	into->runs += from->runs;
	if (!(into->has_calls &= from->has_calls))
		into->call_count = 0;
	if (!(into->has_capabilities &= from->has_capabilities))
		into->capabilities = 0;
	if (!(into->has_writes &= from->has_writes))
		into->write_count = 0;
}

bool spec_profile_has_call(const struct spec_profile *profile, const char *name)
{
	bool found;

	find_text(profile->calls, profile->call_count, name, &found);
	return found;
}

/* ---- the document ------------------------------------------------------------------------------ */

enum profile_field { PROFILE_RUNS, PROFILE_CALLS, PROFILE_CAPABILITIES, PROFILE_WRITES, PROFILE_BINDS, PROFILE_CONNECTS };

struct document {
	uint64_t format;
	struct spec_profile *profile;
};

static const struct field fields[] = {
	FIELD_MUST(U64, struct document, format, "format"),
	FIELD_BY(PROFILE_RUNS, "runs", 0),
	FIELD_BY(PROFILE_CALLS, "systemCalls", 0),
	FIELD_BY(PROFILE_CAPABILITIES, "capabilities", 0),
	FIELD_BY(PROFILE_WRITES, "writes", 0),
	FIELD_BY(PROFILE_BINDS, "binds", 0),
	FIELD_BY(PROFILE_CONNECTS, "connects", 0),
};

static int check_array(const struct decoder *d, const struct json *value, size_t limit)
{
	int r = decode_expect(d, value, JSON_ARRAY);

	return r == 0 && value->length > limit ? decode_fail(d, value, "more than %zu entries", limit) : r;
}

static int decode_calls(const struct decoder *d, const struct json *value, struct spec_profile *profile)
{
	int r = check_array(d, value, SPEC_PROFILE_CALLS);

	for (const struct json *element = r < 0 ? NULL : value->first; element; element = element->next) {
		char *name = NULL;

		r = decode_string(d, element, SPEC_STRING_LIMIT, &name);
		if (r < 0)
			return r;
		if (!is_call_name(name))
			return decode_fail(d, element, "'%.60s' is no name of a system call", name);
		spec_profile_add_call(profile, name);
	}
	profile->has_calls = true;
	return r;
}

static int decode_source(const struct decoder *d, const struct json *value, enum spec_profile_source *ret)
{
	char *word = NULL;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &word);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(source_words); i++)
		if (str_equal(word, source_words[i])) {
			*ret = (enum spec_profile_source)i;
			return 0;
		}
	return decode_fail(d, value, "'%.60s' is none of \"kernel\", \"calls\", \"assumed\"", word);
}

static int decode_capabilities(const struct decoder *d, const struct json *value, struct spec_profile *profile)
{
	int r = decode_expect(d, value, JSON_OBJECT);

	for (const struct json *member = r < 0 ? NULL : value->first; member; member = member->next) {
		enum spec_profile_source source = SPEC_PROFILE_ASSUMED;
		uint32_t number = 0;

		if (!spec_name_value(SPEC_CAPABILITIES, member->key, strlen(member->key), &number))
			return decode_fail(d, member, "there is no such capability");
		r = decode_source(d, member, &source);
		if (r < 0)
			return r;
		spec_profile_add_capability(profile, number, source);
	}
	profile->has_capabilities = true;
	return r;
}

static int decode_writes(const struct decoder *d, const struct json *value, struct spec_profile *profile)
{
	int r = check_array(d, value, SPEC_PROFILE_WRITES);

	for (const struct json *element = r < 0 ? NULL : value->first; element; element = element->next) {
		char *path = NULL;

		r = decode_absolute_path(d, element, &path);
		if (r < 0)
			return r;
		if (!is_plain_path(path))
			return decode_fail(d, element, "expected a path without '.', '..', '//' and a slash at its end");
		spec_profile_add_write(profile, path);
	}
	profile->has_writes = true;
	return r;
}

static int decode_port(const struct decoder *d, const struct json *value, struct spec_profile_port *ret)
{
	char *text = NULL;
	uint64_t number = 0;
	int r = decode_string(d, value, SPEC_STRING_LIMIT, &text);

	if (r < 0)
		return r;
	if (!str_starts_with(text, "tcp:") && !str_starts_with(text, "udp:"))
		return decode_fail(d, value, "expected tcp:PORT or udp:PORT, not '%.60s'", text);
	*ret = (struct spec_profile_port){ .udp = text[0] == 'u', .port = SPEC_PROFILE_ANY_PORT };
	if (str_equal(text + 4, "*"))
		return 0;
	if (str_to_u64(text + 4, 10, &number) < 0 || number > UINT16_MAX)
		return decode_fail(d, value, "'%.60s' is no port", text + 4);
	ret->port = (int32_t)number;
	return 0;
}

static int decode_ports(const struct decoder *d, const struct json *value, struct spec_profile *profile, struct spec_profile_ports *ports)
{
	int r = check_array(d, value, 2 * SPEC_PROFILE_PORTS);

	for (const struct json *element = r < 0 ? NULL : value->first; element; element = element->next) {
		struct spec_profile_port port;

		r = decode_port(d, element, &port);
		if (r < 0)
			return r;
		spec_profile_add_port(profile, ports, port);
	}
	ports->is_given = true;
	return r;
}

static int decode_profile_field(const struct decoder *d, const struct json *value, void *object, unsigned id)
{
	struct spec_profile *profile = ((struct document *)object)->profile;

	switch ((enum profile_field)id) {
	case PROFILE_RUNS:
		return decode_uint(d, value, UINT32_MAX, &profile->runs);
	case PROFILE_CALLS:
		return decode_calls(d, value, profile);
	case PROFILE_CAPABILITIES:
		return decode_capabilities(d, value, profile);
	case PROFILE_WRITES:
		return decode_writes(d, value, profile);
	case PROFILE_BINDS:
		return decode_ports(d, value, profile, &profile->binds);
	case PROFILE_CONNECTS:
		return decode_ports(d, value, profile, &profile->connects);
	}
	return -EINVAL;
}

int decode_profile(const struct decoder *d, const struct json *value, struct spec_profile **ret)
{
	struct document document = { .profile = arena_alloc(d->arena, 1, sizeof *document.profile) };
	int r;

	document.profile->arena = d->arena;
	r = decode_fields(d, value, fields, ARRAY_SIZE(fields), &document, decode_profile_field);
	if (r == 0 && document.format != FORMAT)
		r = decode_fail_member(d, value, "format", "expected %d", FORMAT);
	if (r == 0)
		*ret = document.profile;
	return r;
}

int spec_profile_decode(struct arena *arena, const char *name, const char *text, size_t length, struct spec_profile **ret, struct error *err)
{
	struct decoder d = { .arena = arena, .name = name, .prefix = "", .err = err };
	int r = length > SPEC_PROFILE_LIMIT ? error_set(err, ERROR_INVALID, EFBIG, "%s: more than %u bytes", name, SPEC_PROFILE_LIMIT) : 0;

	if (r == 0)
		r = decode_open(&d, text, length);
	return r == 0 ? decode_profile(&d, d.root, ret) : r;
}

static void write_list(struct json_writer *w, const char *key, char *const *list, size_t count)
{
	json_write_open(w, key, '[');
	for (size_t i = 0; i < count; i++)
		json_write_string(w, NULL, list[i]);
	json_write_close(w, ']');
}

/* By name, not by number: who compares two of them looks for names. */
static void write_capabilities(struct json_writer *w, const struct spec_profile *profile)
{
	const char *last = "";

	json_write_open(w, "capabilities", '{');
	for (;;) {
		const char *next = NULL, *name;
		uint32_t number = 0, found = 0;

		for (size_t i = 0; (name = spec_name_at(SPEC_CAPABILITIES, i, &number)); i++)
			if (number < SPEC_PROFILE_CAPABILITIES && (profile->capabilities >> number & 1) && strcmp(name, last) > 0 && (!next || strcmp(name, next) < 0)) {
				next = name;
				found = number;
			}
		if (!next)
			break;
		json_write_string(w, next, source_words[profile->sources[found]]);
		last = next;
	}
	json_write_close(w, '}');
}

static void write_ports(struct json_writer *w, const char *key, const struct spec_profile_ports *ports)
{
	if (!ports->is_given)
		return;
	json_write_open(w, key, '[');
	for (size_t i = 0; i < ports->count; i++) {
		char text[16];

		if (ports->list[i].port == SPEC_PROFILE_ANY_PORT)
			snprintf(text, sizeof text, "%s:*", ports->list[i].udp ? "udp" : "tcp");
		else
			snprintf(text, sizeof text, "%s:%d", ports->list[i].udp ? "udp" : "tcp", ports->list[i].port);
		json_write_string(w, NULL, text);
	}
	json_write_close(w, ']');
}

void spec_profile_write(struct json_writer *w, const char *key, const struct spec_profile *profile)
{
	json_write_open(w, key, '{');
	json_write_uint(w, "format", FORMAT);
	json_write_uint(w, "runs", profile->runs);
	if (profile->has_calls)
		write_list(w, "systemCalls", profile->calls, profile->call_count);
	if (profile->has_capabilities)
		write_capabilities(w, profile);
	if (profile->has_writes)
		write_list(w, "writes", profile->writes, profile->write_count);
	write_ports(w, "binds", &profile->binds);
	write_ports(w, "connects", &profile->connects);
	json_write_close(w, '}');
}

void spec_profile_encode(const struct spec_profile *profile, struct buf *out)
{
	struct json_writer w = { .out = out, .indent = 2 };

	spec_profile_write(&w, NULL, profile);
	buf_add_char(out, '\n');
}
