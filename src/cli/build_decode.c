/* SPDX-License-Identifier: Apache-2.0 */
/* From what the options of `build` say to a request for a build. */
#include "cli/build_options.h"
#include "engine/value_attestation.h"
#include "engine/value_cache.h"
#include "cli/value_env.h"
#include "cli/value_limit.h"
#include "spec/value_mount.h"
#include "engine/value_output.h"
#include "cli/value_secret.h"
#include "cli/value_word.h"

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
	struct spec_pair pair = value_split_pair(d->arena, text);

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

/* ---- values that are parsed elsewhere ------------------------------------------------------------ */

static int add_secret(struct decoder *d, const char *text)
{
	struct build_request *request = d->request;

	request->secrets = value_list_grow(d->arena, request->secrets, request->secret_count, sizeof *request->secrets);
	return value_secret_parse(d->arena, text, d->directory, &request->secrets[request->secret_count++], d->err);
}

static int add_ssh(struct decoder *d, const char *text)
{
	struct build_request *request = d->request;

	request->ssh = value_list_grow(d->arena, request->ssh, request->ssh_count, sizeof *request->ssh);
	return value_ssh_parse(d->arena, text, d->directory, &request->ssh[request->ssh_count++], d->err);
}

static int add_output(struct decoder *d, const char *text)
{
	struct build_request *request = d->request;

	request->outputs = value_list_grow(d->arena, request->outputs, request->output_count, sizeof *request->outputs);
	return value_output_parse(d->arena, text, &request->outputs[request->output_count++], d->err);
}

static int add_cache_from(struct decoder *d, const char *text)
{
	struct build_request *request = d->request;

	request->cache_from = value_list_grow(d->arena, request->cache_from, request->cache_from_count, sizeof *request->cache_from);
	return value_cache_parse(d->arena, text, d->directory, true, &request->cache_from[request->cache_from_count++], d->err);
}

static int add_cache_to(struct decoder *d, const char *text)
{
	struct build_request *request = d->request;

	request->cache_to = value_list_grow(d->arena, request->cache_to, request->cache_to_count, sizeof *request->cache_to);
	return value_cache_parse(d->arena, text, d->directory, false, &request->cache_to[request->cache_to_count++], d->err);
}

/* TYPE: what the option says, or NULL. */
static int decode_attestation(struct decoder *d, const char *text, const char *type)
{
	struct build_request *request = d->request;
	struct build_attestation attestation;
	bool is_wanted;
	int r = value_attestation_parse(d->arena, text, type, &attestation, &is_wanted, d->err);

	if (r < 0 || !is_wanted)
		return r;
	request->attestations = value_list_grow(d->arena, request->attestations, request->attestation_count, sizeof *request->attestations);
	request->attestations[request->attestation_count++] = attestation;
	return 0;
}

static int add_attestation(struct decoder *d, const char *text)
{
	return decode_attestation(d, text, NULL);
}

/* ---- what the short ones say ------------------------------------------------------------------------ */

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
	if (options->memory_swap != BUILD_NOT_GIVEN)
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
	d->request->has_epoch = d->options->timestamp != BUILD_NOT_GIVEN || !str_is_empty(text);
	d->request->epoch = d->options->timestamp;
	if (d->options->timestamp != BUILD_NOT_GIVEN || str_is_empty(text))
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

static const struct transfer_registry *decode_registry(const struct decoder *d)
{
	const struct registry_request *asked = &d->options->registry;
	struct transfer_registry *registry = arena_alloc(d->arena, 1, sizeof *registry);

	*registry = (struct transfer_registry){ .skips_verification = !asked->verifies, .authfile = asked->authfile, .creds = asked->creds };
	return registry;
}

int build_decode(struct arena *arena, const struct build_options *options, const char *context, const char *directory, struct build_request *ret,
	enum build_progress *ret_progress, struct error *err)
{
	struct decoder d = { arena, options, directory, ret, arena_alloc(arena, 1, sizeof *d.host), err };
	int r;

	*ret = (struct build_request){ .context = context, .file = options->file, .ignore_file = options->ignore_file, .tags = options->tags,
		.target = options->target, .no_cache = options->no_cache, .pull = options->pull, .push = options->push, .squash = options->squash,
		.omits_history = options->omit_history, .jobs = options->jobs, .host = d.host,
		.user_namespace = options->user_namespace, .registry = decode_registry(&d) };
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
