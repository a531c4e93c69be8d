/* SPDX-License-Identifier: Apache-2.0 */
/* From what BuildKit's clients ask of the frontend dockerfile.v0, and of outputs and caches, to a request for a build. */
#include "api/grpc_build.h"
#include "engine/value_attestation.h"
#include "engine/value_cache.h"
#include "engine/value_output.h"
#include "spec/value_list.h"

#define FRONTEND "dockerfile.v0"
#define FRONTEND_IMAGE "gateway.v0" /* with "source": the image of another */

struct decoder {
	struct arena *arena;
	struct build_request *request;
	struct spec_host_config *host;
	const char *context, *context_name, *dockerfile_name; /* options about the main context */
	struct value_pairs contexts, labels;
	struct value_strings arguments, tags;
	struct error *err;
};

/* ---- options that are a word ------------------------------------------------------------------- */

static int set_file(struct decoder *d, const char *key _unused_, const char *value)
{
	d->request->file = value;
	return 0;
}

static int set_target(struct decoder *d, const char *key _unused_, const char *value)
{
	d->request->target = value;
	return 0;
}

static int set_platforms(struct decoder *d, const char *key _unused_, const char *value)
{
	d->request->platforms = value_split(d->arena, value, ',').items;
	return 0;
}

/* Nothing: all stages. */
static int set_no_cache(struct decoder *d, const char *key _unused_, const char *value)
{
	d->request->no_cache = !*value;
	d->request->no_cache_stages = *value ? value_split(d->arena, value, ',').items : NULL;
	return 0;
}

static int set_pull(struct decoder *d, const char *key _unused_, const char *value)
{
	d->request->pull = str_equal(value, "pull") ? "always" : "missing";
	return 0;
}

static int set_context(struct decoder *d, const char *key _unused_, const char *value)
{
	d->context = value;
	return 0;
}

static int set_context_name(struct decoder *d, const char *key _unused_, const char *value)
{
	d->context_name = value;
	return 0;
}

static int set_dockerfile_name(struct decoder *d, const char *key _unused_, const char *value)
{
	d->dockerfile_name = value;
	return 0;
}

static int set_network(struct decoder *d, const char *key _unused_, const char *value)
{
	d->host->network_mode = str_equal(value, "default") || str_equal(value, "sandbox") ? NULL : (char *)value;
	return 0;
}

static int set_cgroup_parent(struct decoder *d, const char *key _unused_, const char *value)
{
	d->host->cgroup_parent = (char *)value;
	return 0;
}

static int set_shm_size(struct decoder *d, const char *key _unused_, const char *value)
{
	return str_to_u64(value, 10, &d->host->shm_size) < 0 ? error_set(d->err, ERROR_INVALID, 0, "expected bytes") : 0;
}

/* "NAME=ADDRESS,…" */
static int set_hosts(struct decoder *d, const char *key _unused_, const char *value)
{
	struct value_strings hosts = value_split(d->arena, value, ',');

	for (size_t i = 0; i < hosts.count; i++) {
		char *equals = strchr(hosts.items[i], '=');

		if (!equals)
			return error_set(d->err, ERROR_INVALID, 0, "expected NAME=ADDRESS");
		*equals = ':';
	}
	d->host->extra_hosts = hosts.items;
	return 0;
}

/* "NAME=SOFT[:HARD],…" */
static int set_ulimits(struct decoder *d, const char *key _unused_, const char *value)
{
	struct value_strings limits = value_split(d->arena, value, ',');

	d->host->ulimits = arena_alloc(d->arena, limits.count + 1, sizeof *d->host->ulimits);
	for (size_t i = 0; i < limits.count; i++) {
		struct spec_container_ulimit *limit = &d->host->ulimits[d->host->ulimit_count++];
		struct spec_pair pair = value_split_pair(d->arena, limits.items[i]);
		char *colon = pair.value ? strchr(pair.value, ':') : NULL;

		if (colon)
			*colon++ = '\0';
		limit->name = pair.key;
		if (!pair.value || str_to_i64(pair.value, 10, &limit->soft) < 0 || str_to_i64(colon ? colon : pair.value, 10, &limit->hard) < 0)
			return error_set(d->err, ERROR_INVALID, 0, "expected NAME=SOFT[:HARD]");
	}
	return 0;
}

/* Other questions about the file, than for what it makes. */
static int refuse_question(struct decoder *d, const char *key _unused_, const char *value)
{
	return error_set(d->err, ERROR_UNSUPPORTED, 0, "unsupported request %s", value);
}

/* ---- options that have a name behind them --------------------------------------------------------- */

static int add_argument(struct decoder *d, const char *key, const char *value)
{
	struct build_request *request = d->request;

	value_strings_add(d->arena, &d->arguments, arena_printf(d->arena, "%s=%s", key, value));
	if (!str_equal(key, "SOURCE_DATE_EPOCH") || !*value)
		return 0;
	request->has_epoch = true;
	return str_to_i64(value, 10, &request->epoch) < 0 || request->epoch < 0 ? error_set(d->err, ERROR_INVALID, 0, "expected seconds since 1970") : 0;
}

static void add_pair(struct decoder *d, struct value_pairs *pairs, const char *key, const char *value)
{
	pairs->items = value_list_grow(d->arena, pairs->items, pairs->count, sizeof *pairs->items);
	pairs->items[pairs->count++] = (struct spec_pair){ .key = (char *)key, .value = (char *)value };
}

static int add_label(struct decoder *d, const char *key, const char *value)
{
	add_pair(d, &d->labels, key, value);
	return 0;
}

/* Never a directory of this host. */
static int add_context(struct decoder *d, const char *key, const char *value)
{
	static const char *const schemes[] = { "docker-image://", "http://", "https://", "git://", "git@", "target:" };
	const char *name = value;

	/* Of one platform alone. */
	if (strstr(key, "::"))
		return error_set(d->err, ERROR_UNSUPPORTED, 0, "contexts of one platform alone are not known");
	if (str_starts_with(value, "local:")) {
		name = arena_printf(d->arena, "%s%s", BUILD_SESSION_DIRECTORY, value + strlen("local:"));
	} else {
		bool is_known = false;

		for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
			is_known |= str_starts_with(value, schemes[i]);
		if (!is_known)
			return error_set(d->err, ERROR_UNSUPPORTED, 0, "no such source of a context is known: %.100s", value);
	}
	add_pair(d, &d->contexts, key, name);
	return 0;
}

static int add_attestation(struct decoder *d, const char *key, const char *value)
{
	struct build_request *request = d->request;
	struct build_attestation attestation;
	bool is_wanted;
	int r = value_attestation_parse(d->arena, *value ? value : "true", key, &attestation, &is_wanted, d->err);

	if (r < 0 || !is_wanted)
		return r;
	request->attestations = value_list_grow(d->arena, request->attestations, request->attestation_count, sizeof *request->attestations);
	request->attestations[request->attestation_count++] = attestation;
	return 0;
}

static const struct {
	const char *key; /* with a ':' at its end what is behind that is a name */
	int (*set)(struct decoder *d, const char *key, const char *value);
} options[] = {
	{ "add-hosts", set_hosts },
	{ "attest:", add_attestation },
	{ "build-arg:", add_argument },
	{ "cgroup-parent", set_cgroup_parent },
	{ "context", set_context },
	{ "context:", add_context },
	{ "contextkey", set_context_name },
	{ "dockerfilekey", set_dockerfile_name },
	{ "filename", set_file },
	{ "force-network-mode", set_network },
	{ "image-resolve-mode", set_pull },
	{ "label:", add_label },
	{ "no-cache", set_no_cache },
	{ "platform", set_platforms },
	{ "requestid", refuse_question },
	{ "shm-size", set_shm_size },
	{ "target", set_target },
	{ "ulimit", set_ulimits },
};

/* What is not known says nothing about what is built: names of projects, what a frontend must know. */
static int set_option(struct decoder *d, const struct spec_pair *pair)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		size_t length = strlen(options[i].key);
		bool has_name = options[i].key[length - 1] == ':';

		if (has_name ? !str_starts_with(pair->key, options[i].key) : !str_equal(pair->key, options[i].key))
			continue;
		if (options[i].set(d, pair->key + (has_name ? length : 0), pair->value) < 0)
			return error_wrap(d->err, "invalid value of %s", pair->key);
		return 0;
	}
	return 0;
}

static int check_frontend(const struct spec_buildkit_solve *asked, struct error *err)
{
	const char *source = spec_buildkit_value(asked->options, asked->option_count, "source");

	if (asked->has_definition)
		return error_set(err, ERROR_UNSUPPORTED, 0, "what is built is a Dockerfile: LLB of other frontends is not");
	if (str_equal(asked->frontend, FRONTEND) || (str_equal(asked->frontend, FRONTEND_IMAGE) && source && dockerfile_syntax_is_stock(source)))
		return 0;
	return error_set(err, ERROR_UNSUPPORTED, 0, "what is built is a Dockerfile: the frontend '%s' is not built in", source ? source : asked->frontend);
}

/* ---- contexts ------------------------------------------------------------------------------------------ */

static int decode_context(struct decoder *d, struct error *err)
{
	static const char *const schemes[] = { "http://", "https://", "git://", "github.com/", "git@" };
	struct build_request *request = d->request;
	bool is_elsewhere = false;

	for (size_t i = 0; d->context && i < ARRAY_SIZE(schemes); i++)
		is_elsewhere |= str_starts_with(d->context, schemes[i]);
	if (!request->file)
		request->file = "Dockerfile";
	if (request->file[0] == '/')
		return error_set(err, ERROR_INVALID, 0, "the Dockerfile is in none of the client's directories: '%.200s'", request->file);
	if (is_elsewhere && d->dockerfile_name)
		request->dockerfile_directory = d->dockerfile_name;
	if (is_elsewhere) {
		request->context = d->context;
		return 0;
	}
	request->context = arena_printf(d->arena, "%s%s", BUILD_SESSION_DIRECTORY, d->context_name ? d->context_name : "context");
	request->dockerfile_directory = d->dockerfile_name ? d->dockerfile_name : "dockerfile";
	return 0;
}

/* ---- outputs, caches --------------------------------------------------------------------------------------- */

static bool is_one_of(const char *const *keys, const char *key)
{
	for (; *keys; keys++)
		if (str_equal(*keys, key) || ((*keys)[strlen(*keys) - 1] == '*' && strncmp(*keys, key, strlen(*keys) - 1) == 0))
			return true;
	return false;
}

/* "type=TYPE,KEY=VALUE,…" as options of `build` have it, of those that are KNOWN ("a*": any that begins so): others are ignored, as by BuildKit. */
static char *entry_text(struct arena *arena, const char *type, const struct spec_buildkit_entry *entry, const char *const *known)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	buf_printf(&out, "type=%s", type);
	for (size_t i = 0; i < entry->attribute_count; i++) {
		const struct spec_pair *pair = &entry->attributes[i];

		if (!is_one_of(known, pair->key))
			continue;
		buf_add_text(&out, ",\"");
		for (const char *c = arena_printf(arena, "%s=%s", pair->key, pair->value); *c; c++) {
			if (*c == '"')
				buf_add_char(&out, '"');
			buf_add_char(&out, *c);
		}
		buf_add_char(&out, '"');
	}
	return arena_strdup(arena, out.data);
}

/* What it is called there, and what it is here; DESTINATION: of what goes to the client. */
static const struct {
	const char *theirs, *ours, *destination;
} outputs[] = {
	{ "moby", "image", NULL }, { "image", "image", NULL }, { "docker", "docker", "-" }, { "oci", "oci", "-" }, { "tar", "tar", "-" }, { "local", "local", "." },
	{ "cacheonly", "cacheonly", NULL },
};

static int add_output(struct decoder *d, const struct spec_buildkit_entry *entry)
{
	static const char *const known[] = { "annotation*", "attestation-prefix", "compression", "compression-level", "force-compression", "name", "oci-mediatypes", "push",
		"registry.insecure", "rewrite-timestamp", NULL };
	struct build_output *output = &d->request->outputs[d->request->output_count++];

	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
		const char *text;

		if (!str_equal(outputs[i].theirs, entry->type))
			continue;
		text = entry_text(d->arena, outputs[i].ours, entry, known);
		if (outputs[i].destination)
			text = arena_printf(d->arena, "%s,dest=%s", text, outputs[i].destination);
		return value_output_parse(d->arena, text, output, d->err);
	}
	return error_set(d->err, ERROR_UNSUPPORTED, 0, "exporter '%s' could not be found", entry->type);
}

static int decode_outputs(struct decoder *d, const struct spec_buildkit_entries *entries)
{
	struct build_request *request = d->request;
	int r = 0;

	request->outputs = arena_alloc(d->arena, entries->count + 1, sizeof *request->outputs);
	for (size_t i = 0; r == 0 && i < entries->count; i++)
		r = add_output(d, &entries->list[i]);
	if (entries->count == 0)
		request->outputs[request->output_count++] = (struct build_output){ .kind = BUILD_OUTPUT_NONE };
	return r;
}

/* In registries, and in images: directories would be the client's. */
static int add_cache(struct decoder *d, const struct spec_buildkit_entry *entry, bool is_source, struct build_cache_place **list, size_t *count)
{
	static const char *const known[] = { "compression", "compression-level", "force-compression", "ignore-error", "mode", "mounts", "ref", "registry.insecure", NULL };
	bool is_known = str_equal(entry->type, "registry") || (!is_source && str_equal(entry->type, "inline"));

	if (!is_known)
		return error_set(d->err, ERROR_UNSUPPORTED, 0, "caches of type '%s' are not known here", entry->type);
	*list = value_list_grow(d->arena, *list, *count, sizeof **list);
	return value_cache_parse(d->arena, entry_text(d->arena, entry->type, entry, known), "/", is_source, &(*list)[(*count)++], d->err);
}

static int decode_caches(struct decoder *d, const struct spec_buildkit_entries *exports, const struct spec_buildkit_entries *imports)
{
	struct build_request *request = d->request;
	int r = 0;

	for (size_t i = 0; r == 0 && exports && i < exports->count; i++)
		r = add_cache(d, &exports->list[i], false, &request->cache_to, &request->cache_to_count);
	for (size_t i = 0; r == 0 && i < imports->count; i++)
		r = add_cache(d, &imports->list[i], true, &request->cache_from, &request->cache_from_count);
	return r;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static void decode_entitlements(const struct spec_buildkit_solve *solve, struct build_request *request)
{
	for (size_t i = 0; i < solve->entitlement_count; i++) {
		request->allows_host_network |= str_equal(solve->entitlements[i], "network.host");
		request->allows_insecure |= str_equal(solve->entitlements[i], "security.insecure");
	}
}

int api_grpc_build_decode(struct arena *arena, const struct spec_buildkit_solve *solve, const struct spec_buildkit_solve *bridge,
	struct build_request *ret, struct error *err)
{
	const struct spec_buildkit_solve *asked = bridge ? bridge : solve;
	struct spec_host_config *host = arena_alloc(arena, 1, sizeof *host);
	struct decoder d = { .arena = arena, .request = ret, .host = host, .err = err };
	int r = check_frontend(asked, err);

	*ret = (struct build_request){ .pull = "missing", .host = host, .session = str_is_empty(solve->session) ? NULL : solve->session };
	if (r == 0 && !ret->session)
		r = error_set(err, ERROR_INVALID, 0, "a build needs a session of its client");
	for (size_t i = 0; r == 0 && i < asked->option_count; i++)
		r = set_option(&d, &asked->options[i]);
	if (r == 0)
		r = decode_context(&d, err);
	if (r == 0)
		r = decode_outputs(&d, &solve->outputs);
	if (r == 0)
		r = decode_caches(&d, &solve->cache_exports, &solve->cache_imports);
	if (r == 0 && bridge)
		r = decode_caches(&d, NULL, &bridge->cache_imports);
	decode_entitlements(solve, ret);
	ret->arguments = d.arguments.items;
	ret->labels = d.labels.items;
	ret->label_count = d.labels.count;
	ret->contexts = d.contexts.items;
	ret->context_count = d.contexts.count;
	return r;
}
