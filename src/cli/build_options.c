/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build_options.h"
#include "cli/value_env.h"
#include "cli/value_limit.h"
#include "cli/value_mount.h"
#include "cli/value_word.h"

#include <time.h>

#define AT(member) offsetof(struct build_options, member)
#define NOT_GIVEN INT64_MIN

const struct build_options build_option_defaults = { .memory_swap = NOT_GIVEN, .timestamp = NOT_GIVEN, .remove = true, .layers = true };

/* "--pull", "--pull=always": TARGET is .pull. */
static int parse_pull(const char *value, void *target, struct error *err)
{
	static const char *const words[] = { "always", "missing", "never", "newer", "true", "false", NULL };

	if (value && value_check_word(value, words, err) < 0)
		return -EINVAL;
	*(const char **)target = !value || str_equal(value, "true") ? "always" : str_equal(value, "false") ? "missing" : value;
	return 0;
}

/* "--sbom", "--sbom=true": TARGET is its text. */
static int parse_text(const char *value, void *target, struct error *err _unused_)
{
	*(const char **)target = value ? value : "true";
	return 0;
}

const struct option_entry build_entries[] = {
	{ "add-host", 0, OPTION_LIST, 0, AT(hosts), "NAME:IP", "a line more in /etc/hosts of steps" },
	{ "allow", 0, OPTION_LIST, 0, AT(allowed), "network.host|security.insecure", "what the Dockerfile may ask for" },
	{ "annotation", 0, OPTION_LIST, 0, AT(annotations), "[TYPE:]KEY=VALUE", "annotation of the image; TYPE: manifest, index, manifest-descriptor" },
	{ "attest", 0, OPTION_LIST, 0, AT(attestations), "type=TYPE[,mode=MODE]", "attestation: provenance or sbom" },
	{ "build-arg", 0, OPTION_LIST, 0, AT(arguments), "NAME[=VALUE]", "value of an ARG" },
	{ "build-arg-file", 0, OPTION_LIST, OPTION_FILE, AT(argument_files), "FILE", "file of lines NAME=VALUE" },
	{ "build-context", 0, OPTION_LIST, 0, AT(contexts), "NAME=SOURCE", "directory, URL, git repository, oci-layout://DIR or docker-image://IMAGE that the Dockerfile calls NAME" },
	{ "builder", 0, OPTION_STRING, OPTION_HIDDEN, AT(builder), "NAME", "accepted" },
	{ "cache-from", 0, OPTION_LIST, 0, AT(cache_from), "type=TYPE,…", "where steps that were done elsewhere may be found" },
	{ "cache-to", 0, OPTION_LIST, 0, AT(cache_to), "type=TYPE,…", "where the steps of this build are put for others" },
	{ "call", 0, OPTION_STRING, 0, AT(call), "build|check|outline|targets", "what to do with the Dockerfile; default: build" },
	{ "cap-add", 0, OPTION_LIST, 0, AT(cap_add), "CAPABILITY", "give steps a capability" },
	{ "cap-drop", 0, OPTION_LIST, 0, AT(cap_drop), "CAPABILITY", "take one from them" },
	{ "cgroup-parent", 0, OPTION_STRING, 0, AT(cgroup_parent), "PATH", "control group of steps' groups" },
	{ "check", 0, OPTION_FLAG, 0, AT(check), NULL, "only look for mistakes" },
	{ "compress", 0, OPTION_FLAG, OPTION_HIDDEN, AT(compress), NULL, "accepted: there is no daemon to send the context to" },
	{ "cpu-period", 0, OPTION_INT, 0, AT(cpu_period), "US", "length of the period that --cpu-quota is of", 0, INT64_MAX },
	{ "cpu-quota", 0, OPTION_INT, 0, AT(cpu_quota), "US", "time of CPUs in each period", -1, INT64_MAX },
	{ "cpu-shares", 'c', OPTION_INT, 0, AT(cpu_shares), "N", "weight among others, 1024 is usual", 0, INT64_MAX },
	{ "cpus", 0, OPTION_CALLBACK, 0, AT(nano_cpus), "N", "limit the time of CPUs of each step, such as 1.5", .parse = value_cpus_parse },
	{ "cpuset-cpus", 0, OPTION_STRING, 0, AT(cpuset_cpus), "LIST", "CPUs that may be used, such as 0-3,5" },
	{ "cpuset-mems", 0, OPTION_STRING, 0, AT(cpuset_mems), "LIST", "memory nodes that may be used" },
	{ "debug", 'D', OPTION_FLAG, 0, AT(debug), NULL, "a shell where a step has failed" },
	{ "device", 0, OPTION_LIST, 0, AT(devices), "HOST[:PATH][:rwm]", "give steps a device of the host" },
	{ "dns", 0, OPTION_LIST, 0, AT(dns), "ADDRESS", "name server of steps" },
	{ "dns-option", 0, OPTION_LIST, 0, AT(dns_options), "OPTION", "option of its use" },
	{ "dns-search", 0, OPTION_LIST, 0, AT(dns_search), "DOMAIN", "domain to look in" },
	{ "file", 'f', OPTION_STRING, OPTION_FILE, AT(file), "FILE", "the Dockerfile; -: the standard input; default: Dockerfile of the context" },
	{ "force-rm", 0, OPTION_FLAG, OPTION_HIDDEN, AT(force_remove), NULL, "accepted: steps' containers are always removed" },
	{ "format", 0, OPTION_STRING, 0, AT(format), "oci|docker", "media types of the image; default: oci" },
	{ "ignorefile", 0, OPTION_STRING, OPTION_FILE, AT(ignore_file), "FILE", "in place of .dockerignore" },
	{ "iidfile", 0, OPTION_STRING, OPTION_FILE, AT(id_file), "FILE", "write the image's id there" },
	{ "jobs", 0, OPTION_INT, 0, AT(jobs), "N", "steps at once; default: as many as there are processors", 0, 1024 },
	{ "label", 0, OPTION_LIST, 0, AT(labels), "KEY=VALUE", "label of the image" },
	{ "layers", 0, OPTION_FLAG, OPTION_HIDDEN, AT(layers), NULL, "accepted" },
	{ "load", 0, OPTION_FLAG, OPTION_HIDDEN, AT(load), NULL, "accepted: images are in the store anyway" },
	{ "memory", 'm', OPTION_CALLBACK, 0, AT(memory), "SIZE", "limit memory of each step", .parse = value_memory_parse },
	{ "memory-swap", 0, OPTION_CALLBACK, 0, AT(memory_swap), "SIZE", "limit memory and swap together; -1: no limit", .parse = value_memory_swap_parse },
	{ "metadata-file", 0, OPTION_STRING, OPTION_FILE, AT(metadata_file), "FILE", "write what came out there, as JSON" },
	{ "network", 0, OPTION_STRING, 0, AT(network), "default|none|host|NAME", "network of RUN steps" },
	{ "no-cache", 0, OPTION_FLAG, 0, AT(no_cache), NULL, "do all steps anew" },
	{ "no-cache-filter", 0, OPTION_LIST, 0, AT(no_cache_stages), "STAGE[,…]", "those of these stages" },
	{ "omit-history", 0, OPTION_FLAG, 0, AT(omit_history), NULL, "without the history of steps" },
	{ "output", 'o', OPTION_LIST, 0, AT(outputs), "DIR|type=TYPE,dest=PATH,…", "what comes out: image, oci, docker, local, tar" },
	{ "platform", 0, OPTION_LIST, 0, AT(platforms), "OS/ARCH[,…]", "what it is built for" },
	{ "progress", 0, OPTION_STRING, 0, AT(progress), "auto|plain|tty|rawjson|quiet", "how progress is shown" },
	{ "provenance", 0, OPTION_CALLBACK, OPTION_OPTIONAL, AT(provenance_text), "mode=MODE", "attestation of how it was built", .parse = parse_text },
	{ "pull", 0, OPTION_CALLBACK, OPTION_OPTIONAL, AT(pull), "WHEN", "when images are pulled: always (alone), missing, never, newer", .parse = parse_pull },
	{ "push", 0, OPTION_FLAG, 0, AT(push), NULL, "push the image to its registry" },
	{ "quiet", 'q', OPTION_FLAG, 0, AT(quiet), NULL, "print only the image's id" },
	{ "rewrite-timestamp", 0, OPTION_FLAG, 0, AT(rewrite_timestamp), NULL, "no time of a file is later than SOURCE_DATE_EPOCH" },
	{ "rm", 0, OPTION_FLAG, OPTION_HIDDEN, AT(remove), NULL, "accepted: steps' containers are always removed" },
	{ "sbom", 0, OPTION_CALLBACK, OPTION_OPTIONAL, AT(sbom_text), "BOOL", "attestation of which packages are in it", .parse = parse_text },
	{ "secret", 0, OPTION_LIST, 0, AT(secrets), "id=ID[,src=FILE|,env=NAME]", "secret for steps that ask for it" },
	{ "security-opt", 0, OPTION_LIST, 0, AT(security_options), "OPTION", "security of steps, as of run" },
	{ "shm-size", 0, OPTION_CALLBACK, 0, AT(shm_size), "SIZE", "size of /dev/shm", .parse = value_shm_size_parse },
	{ "squash", 0, OPTION_FLAG, 0, AT(squash), NULL, "all that it adds in one layer" },
	{ "ssh", 0, OPTION_LIST, 0, AT(ssh), "default|ID[=SOCKET]", "agent's socket for steps that ask for it" },
	{ "tag", 't', OPTION_LIST, 0, AT(tags), "NAME[:TAG]", "name of the image; may be repeated" },
	{ "target", 0, OPTION_STRING, 0, AT(target), "STAGE", "the stage to be built; default: the last" },
	{ "timestamp", 0, OPTION_INT, 0, AT(timestamp), "SECONDS", "when it was made, in place of now", 0, INT64_MAX },
	{ "ulimit", 0, OPTION_LIST, 0, AT(ulimits), "NAME=SOFT[:HARD]", "resource limit of steps" },
	{ "userns", 0, OPTION_STRING, 0, AT(user_namespace), "MODE", "user namespace of steps, as of run" },
	{ "volume", 'v', OPTION_LIST, 0, AT(volumes), "SOURCE:PATH[:OPTIONS]", "mount of the host for RUN steps" },
	{ 0 },
};

/* What has been decoded so far. */
struct decoder {
	struct arena *arena;
	const struct build_options *options;
	const char *directory;
	struct build_request *request;
	struct spec_host_config *host;
	struct error *err;
};

/* ---- lists --------------------------------------------------------------------------------- */

/* Calls ADD with each of LIST; a failure names the option. */
static int each(struct decoder *d, const char *option, char *const *list, int (*add)(struct decoder *d, const char *text))
{
	for (; list && *list; list++)
		if (add(d, *list) < 0)
			return error_wrap(d->err, "invalid value '%.300s' for --%s", *list, option);
	return 0;
}

/* "KEY=VALUE" of a line of such parts; a part alone has no value. */
static struct spec_pair split_part(struct arena *arena, const char *part)
{
	const char *equals = strchr(part, '=');

	return (struct spec_pair){ equals ? arena_strndup(arena, part, (size_t)(equals - part)) : arena_strdup(arena, part),
		equals ? (char *)equals + 1 : NULL };
}

static int refuse_key(struct decoder *d, const char *key, const char *const *keys)
{
	const char *nearest = options_nearest(key, keys, strv_length((char **)keys));

	error_set(d->err, ERROR_INVALID, 0, "there is no '%.100s'", key);
	if (nearest)
		error_hint(d->err, "did you mean '%s'?", nearest);
	return -EINVAL;
}

/* Commas part, too: "a,b". */
static char **split_words(struct decoder *d, char *const *list)
{
	struct value_strings words = { .items = NULL };

	for (; list && *list; list++) {
		struct value_strings parts = value_split(d->arena, *list, ',');

		for (size_t i = 0; i < parts.count; i++)
			value_strings_add(d->arena, &words, parts.items[i]);
	}
	return words.items;
}

/* ---- what it is made of ------------------------------------------------------------------------ */

static int add_context(struct decoder *d, const char *text)
{
	struct spec_pair pair = split_part(d->arena, text);

	if (str_is_empty(pair.key) || str_is_empty(pair.value))
		return error_set(d->err, ERROR_INVALID, 0, "expected NAME=SOURCE");
	d->request->contexts = value_list_grow(d->arena, d->request->contexts, d->request->context_count, sizeof *d->request->contexts);
	d->request->contexts[d->request->context_count++] = pair;
	return 0;
}

/* The options' own list, and what lines of files say, which the list goes before. */
static int decode_arguments(struct decoder *d)
{
	static char *no_environment[] = { NULL };
	struct value_strings lines = { .items = NULL };
	int r = 0;

	for (char **file = d->options->argument_files; r == 0 && file && *file; file++)
		r = value_env_add_file(d->arena, *file, no_environment, &lines, d->err);
	for (char **argument = d->options->arguments; r == 0 && argument && *argument; argument++)
		value_strings_add(d->arena, &lines, *argument);
	d->request->arguments = lines.items;
	return r;
}

static int add_label(struct decoder *d, const char *text)
{
	struct value_pairs pairs = { d->request->labels, d->request->label_count };
	int r = value_label_add(d->arena, text, &pairs, d->err);

	d->request->labels = pairs.items;
	d->request->label_count = pairs.count;
	return r;
}

static int add_annotation(struct decoder *d, const char *text)
{
	struct value_pairs pairs = { d->request->annotations, d->request->annotation_count };
	int r = value_pair_add(d->arena, text, &pairs, d->err);

	d->request->annotations = pairs.items;
	d->request->annotation_count = pairs.count;
	return r;
}

/* ---- secrets --------------------------------------------------------------------------------------- */

static int add_secret(struct decoder *d, const char *text)
{
	static const char *const keys[] = { "id", "src", "source", "env", "type", NULL };
	struct build_request *request = d->request;
	struct build_secret secret = { .id = NULL }, *list;
	struct value_strings parts;

	if (value_split_quoted(d->arena, text, &parts, d->err) < 0)
		return -EINVAL;
	for (size_t i = 0; i < parts.count; i++) {
		struct spec_pair pair = split_part(d->arena, parts.items[i]);

		if (str_equal(pair.key, "id"))
			secret.id = pair.value;
		else if (str_equal(pair.key, "src") || str_equal(pair.key, "source"))
			secret.path = pair.value ? value_clean_path(d->arena, d->directory, pair.value) : NULL;
		else if (str_equal(pair.key, "env"))
			secret.variable = pair.value;
		else if (!str_equal(pair.key, "type"))
			return refuse_key(d, pair.key, keys);
	}
	if (str_is_empty(secret.id))
		return error_set(d->err, ERROR_INVALID, 0, "expected id=ID");
	/* Docker's: neither means a variable of that name, or a file of that name. */
	if (!secret.path && !secret.variable && getenv(secret.id))
		secret.variable = secret.id;
	if (!secret.path && !secret.variable)
		secret.path = value_clean_path(d->arena, d->directory, secret.id);
	list = value_list_grow(d->arena, request->secrets, request->secret_count, sizeof *list);
	list[request->secret_count++] = secret;
	request->secrets = list;
	return 0;
}

static int add_ssh(struct decoder *d, const char *text)
{
	struct build_request *request = d->request;
	struct spec_pair pair = split_part(d->arena, text);
	struct build_secret *list = value_list_grow(d->arena, request->ssh, request->ssh_count, sizeof *list);

	if (str_is_empty(pair.key))
		return error_set(d->err, ERROR_INVALID, 0, "expected default, or ID=SOCKET");
	list[request->ssh_count++] = (struct build_secret){ .id = pair.key, .path = pair.value ? value_clean_path(d->arena, d->directory, pair.value) : NULL };
	request->ssh = list;
	return 0;
}

/* ---- outputs ------------------------------------------------------------------------------------------ */

static const struct {
	const char *word;
	enum build_output_kind kind;
	bool push;
} output_kinds[] = {
	{ "image", BUILD_OUTPUT_IMAGE, false }, { "registry", BUILD_OUTPUT_IMAGE, true }, { "oci", BUILD_OUTPUT_OCI, false },
	{ "docker", BUILD_OUTPUT_DOCKER, false }, { "local", BUILD_OUTPUT_LOCAL, false }, { "tar", BUILD_OUTPUT_TAR, false },
	{ "cacheonly", BUILD_OUTPUT_NONE, false },
};

static int set_output_kind(struct decoder *d, struct build_output *output, const char *word)
{
	const char *words[ARRAY_SIZE(output_kinds) + 1] = { NULL };

	for (size_t i = 0; i < ARRAY_SIZE(output_kinds); i++) {
		words[i] = output_kinds[i].word;
		if (str_equal(word, words[i])) {
			output->kind = output_kinds[i].kind;
			output->push |= output_kinds[i].push;
			return 0;
		}
	}
	return value_check_word(word ? word : "", words, d->err);
}

/* "annotation.KEY", "annotation-TYPE.KEY", "annotation-TYPE[PLATFORM].KEY"; kept as --annotation has it. */
static int add_output_annotation(struct decoder *d, struct build_output *output, const struct spec_pair *pair)
{
	const char *type = pair->key + strlen("annotation"), *bracket = strchr(type, ']'), *dot = strchr(bracket ? bracket : type, '.');
	size_t length = dot ? (size_t)(dot - type) : 0;
	const char *prefix = length == 0 ? "" : type[0] == '-' ? arena_printf(d->arena, "%.*s:", (int)length - 1, type + 1)
						: arena_printf(d->arena, "manifest%.*s:", (int)length, type);

	if (!dot)
		return error_set(d->err, ERROR_INVALID, 0, "expected annotation.KEY=VALUE");
	output->annotations = value_list_grow(d->arena, output->annotations, output->annotation_count, sizeof *output->annotations);
	output->annotations[output->annotation_count++] = (struct spec_pair){ arena_printf(d->arena, "%s%s", prefix, dot + 1), pair->value };
	return 0;
}

static int set_output(struct decoder *d, struct build_output *output, struct spec_pair *pair)
{
	static const char *const keys[] = { "type", "dest", "name", "push", "tar", "compression", "compression-level", "force-compression",
		"oci-mediatypes", "rewrite-timestamp", "unpack", "annotation.KEY", NULL };
	bool flag = false;
	int r = 0;

	if (str_equal(pair->key, "type"))
		return set_output_kind(d, output, pair->value);
	if (str_equal(pair->key, "dest"))
		output->destination = pair->value;
	else if (str_equal(pair->key, "name"))
		output->names = value_split(d->arena, pair->value ? pair->value : "", ',').items;
	else if (str_equal(pair->key, "push"))
		r = value_parse_bool(pair->value, &output->push, d->err);
	else if (str_equal(pair->key, "tar") && (r = value_parse_bool(pair->value, &flag, d->err)) == 0)
		output->is_directory = !flag;
	else if (str_equal(pair->key, "compression"))
		output->compression = pair->value;
	else if (str_equal(pair->key, "compression-level"))
		r = str_to_i64(pair->value ? pair->value : "", 10, &output->compression_level) < 0 ? error_set(d->err, ERROR_INVALID, 0, "expected a number") : 0;
	else if (str_equal(pair->key, "force-compression"))
		r = value_parse_bool(pair->value, &output->force_compression, d->err);
	else if (str_equal(pair->key, "oci-mediatypes") && (r = value_parse_bool(pair->value, &flag, d->err)) == 0)
		output->docker_types = !flag;
	else if (str_equal(pair->key, "rewrite-timestamp"))
		r = value_parse_bool(pair->value, &output->rewrites_times, d->err);
	else if (str_starts_with(pair->key, "annotation") && strchr(pair->key, '.') && pair->value)
		r = add_output_annotation(d, output, pair);
	else if (r == 0 && !str_equal(pair->key, "unpack"))
		r = refuse_key(d, pair->key, keys);
	return r;
}

static int check_output(struct decoder *d, const struct build_output *output)
{
	static const char *const compressions[] = { "gzip", "zstd", "uncompressed", NULL };
	bool needs_place = output->kind == BUILD_OUTPUT_LOCAL || output->kind == BUILD_OUTPUT_TAR || output->kind == BUILD_OUTPUT_OCI;

	if (needs_place && str_is_empty(output->destination))
		return error_set(d->err, ERROR_INVALID, 0, "dest= is missing");
	if (output->kind == BUILD_OUTPUT_LOCAL && str_equal(output->destination, "-"))
		return error_set(d->err, ERROR_INVALID, 0, "files cannot be written to the standard output: type=tar can");
	if (output->is_directory && str_equal(output->destination, "-"))
		return error_set(d->err, ERROR_INVALID, 0, "a directory cannot be written to the standard output");
	if (str_equal(output->destination, "-") && isatty(STDOUT_FILENO))
		return error_set(d->err, ERROR_INVALID, 0, "the archive would be written to the terminal: dest=FILE names a file");
	return output->compression ? value_check_word(output->compression, compressions, d->err) : 0;
}

static int add_output(struct decoder *d, const char *text)
{
	struct build_request *request = d->request;
	struct build_output output = { .kind = BUILD_OUTPUT_LOCAL };
	struct value_strings parts;
	int r = value_split_quoted(d->arena, text, &parts, d->err);

	if (r == 0 && parts.count == 1 && !strchr(parts.items[0], '=')) { /* "-o DIR", "-o -" */
		output.destination = parts.items[0];
		output.kind = str_equal(output.destination, "-") ? BUILD_OUTPUT_TAR : BUILD_OUTPUT_LOCAL;
		parts.count = 0;
	}
	for (size_t i = 0; r == 0 && i < parts.count; i++) {
		struct spec_pair pair = split_part(d->arena, parts.items[i]);

		r = set_output(d, &output, &pair);
	}
	if (r == 0)
		r = check_output(d, &output);
	if (r < 0)
		return r;
	/* `docker buildx` without dest loads the image. */
	if (output.kind == BUILD_OUTPUT_DOCKER && !output.destination)
		output.kind = BUILD_OUTPUT_IMAGE;
	request->outputs = value_list_grow(d->arena, request->outputs, request->output_count, sizeof *request->outputs);
	request->outputs[request->output_count++] = output;
	return 0;
}

/* What --push, --format and --rewrite-timestamp say of the image, which is made if nothing else is asked for. */
static int finish_outputs(struct decoder *d)
{
	static const char *const formats[] = { "oci", "docker", NULL };
	const struct build_options *options = d->options;
	struct build_request *request = d->request;

	if (options->format && value_check_word(options->format, formats, d->err) < 0)
		return error_wrap(d->err, "invalid value '%s' for --format", options->format);
	if (request->output_count == 0) {
		request->outputs = arena_alloc(d->arena, 1, sizeof *request->outputs);
		request->output_count = 1;
	}
	for (size_t i = 0; i < request->output_count; i++) {
		request->outputs[i].docker_types |= str_equal(options->format, "docker");
		request->outputs[i].rewrites_times |= options->rewrite_timestamp;
		request->outputs[i].push |= options->push && request->outputs[i].kind == BUILD_OUTPUT_IMAGE;
		if (request->outputs[i].push && !request->outputs[i].names && !request->tags) {
			error_set(d->err, ERROR_INVALID, 0, "an image without a name cannot be pushed");
			error_hint(d->err, "-t REGISTRY/NAME:TAG");
			return -EINVAL;
		}
	}
	return 0;
}

/* ---- caches and attestations ----------------------------------------------------------------------------- */

static const char *const mode_words[] = { "min", "max", NULL };

static int set_mode(struct decoder *d, struct build_cache_place *place, const char *word)
{
	place->is_maximal = str_equal(word, "max");
	return value_check_word(word ? word : "", mode_words, d->err);
}

static int decode_cache(struct decoder *d, const char *text, struct build_cache_place *ret)
{
	static const char *const types[] = { "registry", "local", "inline", NULL };
	static const char *const keys[] = { "type", "ref", "src", "dest", "mode", "mounts", NULL };
	struct value_strings parts;
	int r = value_split_quoted(d->arena, text, &parts, d->err);

	*ret = (struct build_cache_place){ .type = "registry" };
	for (size_t i = 0; r == 0 && i < parts.count; i++) {
		struct spec_pair pair = split_part(d->arena, parts.items[i]);

		if (!pair.value && parts.count == 1) /* the older form: an image */
			ret->reference = pair.key;
		else if (str_equal(pair.key, "type"))
			ret->type = pair.value;
		else if (str_equal(pair.key, "ref"))
			ret->reference = pair.value;
		else if (str_equal(pair.key, "src") || str_equal(pair.key, "dest"))
			ret->directory = pair.value ? value_clean_path(d->arena, d->directory, pair.value) : NULL;
		else if (str_equal(pair.key, "mode"))
			r = set_mode(d, ret, pair.value);
		else if (str_equal(pair.key, "mounts"))
			r = value_parse_bool(pair.value, &ret->with_mounts, d->err);
		else if (!str_equal(pair.key, "compression") && !str_equal(pair.key, "oci-mediatypes") && !str_equal(pair.key, "image-manifest") &&
			 !str_equal(pair.key, "ignore-error") && !str_equal(pair.key, "force-compression") && !str_equal(pair.key, "tag"))
			r = refuse_key(d, pair.key, keys);
	}
	if (r == 0)
		r = value_check_word(ret->type ? ret->type : "", types, d->err);
	if (r == 0 && str_equal(ret->type, "registry") && str_is_empty(ret->reference))
		r = error_set(d->err, ERROR_INVALID, 0, "ref= is missing");
	if (r == 0 && str_equal(ret->type, "local") && str_is_empty(ret->directory))
		r = error_set(d->err, ERROR_INVALID, 0, "src= or dest= is missing");
	return r;
}

static int add_cache_from(struct decoder *d, const char *text)
{
	struct build_request *request = d->request;

	request->cache_from = value_list_grow(d->arena, request->cache_from, request->cache_from_count, sizeof *request->cache_from);
	return decode_cache(d, text, &request->cache_from[request->cache_from_count++]);
}

static int add_cache_to(struct decoder *d, const char *text)
{
	struct build_request *request = d->request;

	request->cache_to = value_list_grow(d->arena, request->cache_to, request->cache_to_count, sizeof *request->cache_to);
	return decode_cache(d, text, &request->cache_to[request->cache_to_count++]);
}

static void keep_attestation(struct decoder *d, const char *type, const char *mode)
{
	struct build_request *request = d->request;

	request->attestations = value_list_grow(d->arena, request->attestations, request->attestation_count, sizeof *request->attestations);
	request->attestations[request->attestation_count++] = (struct build_attestation){ type, mode };
}

/* "type=sbom", "mode=max", "disabled=true"; in short the type is known, and "true" and "false" are enough. */
static int decode_attestation(struct decoder *d, const char *text, const char *type)
{
	static const char *const types[] = { "provenance", "sbom", NULL };
	static const char *const keys[] = { "type", "mode", "disabled", NULL };
	struct value_strings parts;
	const char *mode = NULL;
	bool is_wanted = true, is_disabled = false;
	int r = value_split_quoted(d->arena, text, &parts, d->err);

	for (size_t i = 0; r == 0 && i < parts.count; i++) {
		struct spec_pair pair = split_part(d->arena, parts.items[i]);

		if (type && !pair.value && parts.count == 1)
			r = value_parse_bool(pair.key, &is_wanted, d->err);
		else if (str_equal(pair.key, "type"))
			type = pair.value;
		else if (str_equal(pair.key, "mode"))
			r = value_check_word(mode = pair.value ? pair.value : "", mode_words, d->err);
		else if (str_equal(pair.key, "disabled"))
			r = value_parse_bool(pair.value, &is_disabled, d->err);
		else
			r = refuse_key(d, pair.key, keys);
	}
	if (r == 0)
		r = value_check_word(type ? type : "", types, d->err);
	if (r == 0 && is_wanted && !is_disabled)
		keep_attestation(d, type, mode);
	return r;
}

static int add_attestation(struct decoder *d, const char *text)
{
	return decode_attestation(d, text, NULL);
}

/* --sbom and --provenance, which say the same in short. */
static int decode_short_attestations(struct decoder *d)
{
	const char *const texts[][2] = { { "sbom", d->options->sbom_text }, { "provenance", d->options->provenance_text } };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i][1] && decode_attestation(d, texts[i][1], texts[i][0]) < 0)
			return error_wrap(d->err, "invalid value '%.300s' for --%s", texts[i][1], texts[i][0]);
	return 0;
}

/* ---- steps' containers ---------------------------------------------------------------------------------------- */

static int add_host(struct decoder *d, const char *text)
{
	struct value_strings list = { d->host->extra_hosts, d->host->extra_hosts ? strv_length(d->host->extra_hosts) : 0 };
	char *host = NULL;
	int r = value_host_parse(d->arena, text, &host, d->err);

	if (r == 0)
		value_strings_add(d->arena, &list, host);
	d->host->extra_hosts = list.items;
	return r;
}

static int add_ulimit(struct decoder *d, const char *text)
{
	d->host->ulimits = value_list_grow(d->arena, d->host->ulimits, d->host->ulimit_count, sizeof *d->host->ulimits);
	return value_ulimit_parse(d->arena, text, &d->host->ulimits[d->host->ulimit_count++], d->err);
}

static int add_device(struct decoder *d, const char *text)
{
	d->host->devices = value_list_grow(d->arena, d->host->devices, d->host->device_count, sizeof *d->host->devices);
	return value_device_parse(d->arena, text, &d->host->devices[d->host->device_count++], d->err);
}

static int add_volume(struct decoder *d, const char *text)
{
	d->host->mounts = value_list_grow(d->arena, d->host->mounts, d->host->mount_count, sizeof *d->host->mounts);
	return value_volume_parse(d->arena, text, d->directory, &d->host->mounts[d->host->mount_count++], d->err);
}

static int add_security_option(struct decoder *d, const char *text)
{
	struct value_strings list = { d->host->security_options, d->host->security_options ? strv_length(d->host->security_options) : 0 };
	char *option = NULL;
	int r = value_security_option_parse(d->arena, text, d->directory, &option, d->err);

	if (r == 0 && option)
		value_strings_add(d->arena, &list, option);
	d->host->security_options = list.items;
	return r;
}

static int allow(struct decoder *d, const char *text)
{
	static const char *const words[] = { "network.host", "security.insecure", NULL };

	d->request->allows_host_network |= str_equal(text, words[0]);
	d->request->allows_insecure |= str_equal(text, words[1]);
	return value_check_word(text, words, d->err);
}

static int decode_host(struct decoder *d)
{
	const struct build_options *options = d->options;
	struct spec_host_config *host = d->host;
	int r;

	*host = (struct spec_host_config){ .memory = options->memory, .cpu_shares = options->cpu_shares, .cpu_period = options->cpu_period,
		.cpu_quota = options->cpu_quota, .nano_cpus = options->nano_cpus, .cpuset_cpus = (char *)options->cpuset_cpus,
		.cpuset_mems = (char *)options->cpuset_mems, .cgroup_parent = (char *)options->cgroup_parent, .shm_size = options->shm_size,
		.cap_add = options->cap_add, .cap_drop = options->cap_drop, .dns = options->dns, .dns_search = options->dns_search,
		.dns_options = options->dns_options, .network_mode = str_equal(options->network, "default") ? NULL : (char *)options->network };
	if (options->memory_swap != NOT_GIVEN)
		host->memory_swap = options->memory_swap;
	r = each(d, "add-host", options->hosts, add_host);
	if (r == 0)
		r = each(d, "ulimit", options->ulimits, add_ulimit);
	if (r == 0)
		r = each(d, "device", options->devices, add_device);
	if (r == 0)
		r = each(d, "volume", options->volumes, add_volume);
	if (r == 0)
		r = each(d, "security-opt", options->security_options, add_security_option);
	if (r == 0)
		r = each(d, "allow", options->allowed, allow);
	return r;
}

/* ---- all -------------------------------------------------------------------------------------------------------- */

static int decode_progress(struct decoder *d, enum build_progress *ret)
{
	static const char *const words[] = { [BUILD_PROGRESS_AUTO] = "auto", [BUILD_PROGRESS_PLAIN] = "plain", [BUILD_PROGRESS_TTY] = "tty",
		[BUILD_PROGRESS_RAW] = "rawjson", [BUILD_PROGRESS_QUIET] = "quiet", NULL };
	const char *text = d->options->progress ? d->options->progress : getenv("BUILDKIT_PROGRESS");

	*ret = d->options->quiet ? BUILD_PROGRESS_QUIET : BUILD_PROGRESS_AUTO;
	if (str_is_empty(text) || d->options->quiet)
		return 0;
	for (size_t i = 0; words[i]; i++)
		if (str_equal(words[i], text)) {
			*ret = (enum build_progress)i;
			return 0;
		}
	if (value_check_word(text, words, d->err) == 0)
		return 0;
	return error_wrap(d->err, "invalid value '%s' for --progress", text);
}

/* --timestamp, or $SOURCE_DATE_EPOCH as a build argument or of the environment. */
static int decode_epoch(struct decoder *d)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");

	for (char **argument = d->request->arguments; argument && *argument; argument++)
		if (str_starts_with(*argument, "SOURCE_DATE_EPOCH="))
			text = *argument + strlen("SOURCE_DATE_EPOCH=");
	d->request->has_epoch = d->options->timestamp != NOT_GIVEN || !str_is_empty(text);
	d->request->epoch = d->options->timestamp;
	if (d->options->timestamp != NOT_GIVEN || str_is_empty(text))
		return 0;
	if (str_to_i64(text, 10, &d->request->epoch) < 0 || d->request->epoch < 0)
		return error_set(d->err, ERROR_INVALID, 0, "SOURCE_DATE_EPOCH is '%.50s': expected seconds since 1970", text);
	return 0;
}

static int decode_lists(struct decoder *d)
{
	const struct {
		const char *option;
		char *const *list;
		int (*add)(struct decoder *d, const char *text);
	} lists[] = {
		{ "build-context", d->options->contexts, add_context }, { "label", d->options->labels, add_label },
		{ "annotation", d->options->annotations, add_annotation }, { "secret", d->options->secrets, add_secret },
		{ "ssh", d->options->ssh, add_ssh }, { "output", d->options->outputs, add_output }, { "cache-from", d->options->cache_from, add_cache_from },
		{ "cache-to", d->options->cache_to, add_cache_to }, { "attest", d->options->attestations, add_attestation },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lists); i++)
		r = each(d, lists[i].option, lists[i].list, lists[i].add);
	return r;
}

int build_decode(struct arena *arena, const struct build_options *options, const char *context, const char *directory, struct build_request *ret,
	enum build_progress *ret_progress, struct error *err)
{
	struct decoder d = { arena, options, directory, ret, arena_alloc(arena, 1, sizeof *d.host), err };
	int r;

	*ret = (struct build_request){ .context = context, .file = options->file, .ignore_file = options->ignore_file, .tags = options->tags,
		.target = options->target, .no_cache = options->no_cache, .pull = options->pull, .push = options->push, .squash = options->squash,
		.omits_history = options->omit_history, .jobs = options->jobs, .host = d.host,
		.user_namespace = options->user_namespace };
	ret->platforms = split_words(&d, options->platforms);
	ret->no_cache_stages = split_words(&d, options->no_cache_stages);
	r = decode_arguments(&d);
	if (r == 0)
		r = decode_lists(&d);
	if (r == 0)
		r = decode_short_attestations(&d);
	if (r == 0)
		r = finish_outputs(&d);
	if (r == 0)
		r = decode_host(&d);
	if (r == 0)
		r = decode_epoch(&d);
	return r < 0 ? r : decode_progress(&d, ret_progress);
}
