/* SPDX-License-Identifier: Apache-2.0 */
/* From what a person types to what the engine is asked for. */
#include "cli/build_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct options_command command = { .name = "build", .operands = "CONTEXT", .entries = build_entries, .minimum_operands = 1,
	.maximum_operands = 1 };

struct line {
	struct arena *arena;
	struct build_options options;
	struct build_request request;
	enum build_progress progress;
	struct error err;
};

static int set_up(void **state)
{
	static struct line line;

	unsetenv("BUILDKIT_PROGRESS");
	unsetenv("SOURCE_DATE_EPOCH");
	unsetenv("TOKEN");
	line = (struct line){ .arena = NULL };
	*state = &line;
	return 0;
}

static int tear_down(void **state)
{
	struct line *line = *state;

	options_done(&command, &line->options);
	if (line->arena)
		arena_free(line->arena);
	return 0;
}

/* WORDS are parted by blanks; the context is ".", the directory "/here". */
static int decode(struct line *line, const char *words)
{
	struct options_result result;
	char *args[64], *text, *save = NULL;
	size_t count = 0;
	int r;

	options_done(&command, &line->options);
	if (line->arena)
		arena_free(line->arena);
	*line = (struct line){ .arena = arena_new(), .options = build_option_defaults };
	text = arena_printf(line->arena, "%s .", words);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		args[count++] = word;
	args[count] = NULL;
	r = options_parse(&command, args, &line->options, &result, &line->err);
	return r < 0 ? r : build_decode(line->arena, &line->options, result.operands[0], "/here", &line->request, &line->progress, &line->err);
}

static const struct build_request *decodes(struct line *line, const char *words)
{
	if (decode(line, words) < 0)
		fail_msg("'%s': %s", words, line->err.message);
	return &line->request;
}

static void test_nothing_said(void **state)
{
	struct line *line = *state;
	const struct build_request *request = decodes(line, "");

	assert_string_equal(request->context, ".");
	assert_null(request->file);
	assert_null(request->target);
	assert_null(request->tags);
	assert_null(request->platforms);
	assert_null(request->no_cache_stages);
	assert_null(request->pull);
	assert_int_equal(request->output_count, 1);
	assert_int_equal(request->outputs[0].kind, BUILD_OUTPUT_IMAGE);
	assert_false(request->outputs[0].push || request->outputs[0].docker_types || request->outputs[0].rewrites_times);
	assert_int_equal(request->attestation_count, 0);
	assert_false(request->has_epoch || request->no_cache || request->allows_host_network || request->allows_insecure);
	assert_null(request->host->network_mode);
	assert_int_equal(line->progress, BUILD_PROGRESS_AUTO);
}

static void test_texts(void **state)
{
	const struct build_request *request = decodes(*state, "-f other -t a:1 -t b --target second --ignorefile no --platform linux/amd64,linux/arm64 "
		"--platform linux/riscv64 --no-cache-filter one,two --jobs 3 --squash --omit-history --no-cache --push --userns host");

	assert_string_equal(request->file, "other");
	assert_string_equal(request->tags[0], "a:1");
	assert_string_equal(request->tags[1], "b");
	assert_null(request->tags[2]);
	assert_string_equal(request->target, "second");
	assert_string_equal(request->ignore_file, "no");
	assert_int_equal(strv_length(request->platforms), 3);
	assert_string_equal(request->platforms[1], "linux/arm64");
	assert_string_equal(request->platforms[2], "linux/riscv64");
	assert_int_equal(strv_length(request->no_cache_stages), 2);
	assert_string_equal(request->no_cache_stages[1], "two");
	assert_int_equal(request->jobs, 3);
	assert_true(request->squash && request->omits_history && request->no_cache && request->push);
	assert_true(request->outputs[0].push);
	assert_string_equal(request->user_namespace, "host");
}

static void test_pull(void **state)
{
	assert_string_equal(decodes(*state, "--pull")->pull, "always");
	assert_string_equal(decodes(*state, "--pull=true")->pull, "always");
	assert_string_equal(decodes(*state, "--pull=false")->pull, "missing");
	assert_string_equal(decodes(*state, "--pull=newer")->pull, "newer");
	assert_string_equal(decodes(*state, "--pull=never")->pull, "never");
}

static void test_pairs(void **state)
{
	const struct build_request *request = decodes(*state, "--build-arg A=1 --build-arg B --build-context x=../y --build-context z=docker-image://a=b "
		"--label k=v --label bare --annotation index:o=p");

	assert_int_equal(strv_length(request->arguments), 2);
	assert_string_equal(request->arguments[0], "A=1");
	assert_string_equal(request->arguments[1], "B");
	assert_int_equal(request->context_count, 2);
	assert_string_equal(request->contexts[0].key, "x");
	assert_string_equal(request->contexts[0].value, "../y");
	assert_string_equal(request->contexts[1].value, "docker-image://a=b");
	assert_int_equal(request->label_count, 2);
	assert_string_equal(request->labels[0].key, "k");
	assert_string_equal(request->labels[0].value, "v");
	assert_string_equal(request->labels[1].value, "");
	assert_int_equal(request->annotation_count, 1);
	assert_string_equal(request->annotations[0].key, "index:o");
	assert_string_equal(request->annotations[0].value, "p");
}

static void test_secrets(void **state)
{
	const struct build_request *request = decodes(*state, "--secret id=a,src=f --secret id=b,source=/g,type=file --secret id=c,env=V --secret id=plain");

	assert_int_equal(request->secret_count, 4);
	assert_string_equal(request->secrets[0].id, "a");
	assert_string_equal(request->secrets[0].path, "/here/f");
	assert_null(request->secrets[0].variable);
	assert_string_equal(request->secrets[1].path, "/g");
	assert_string_equal(request->secrets[2].variable, "V");
	assert_null(request->secrets[2].path);
	assert_string_equal(request->secrets[3].path, "/here/plain");
	setenv("TOKEN", "x", 1);
	request = decodes(*state, "--secret id=TOKEN");
	assert_string_equal(request->secrets[0].variable, "TOKEN");
	assert_null(request->secrets[0].path);
}

static void test_agents(void **state)
{
	const struct build_request *request = decodes(*state, "--ssh default --ssh other=sock,/keys/b");

	assert_int_equal(request->ssh_count, 2);
	assert_string_equal(request->ssh[0].id, "default");
	assert_null(request->ssh[0].path);
	assert_string_equal(request->ssh[1].id, "other");
	assert_string_equal(request->ssh[1].path, "/here/sock");
	assert_string_equal(request->ssh[1].more[0], "/keys/b");
	assert_null(request->ssh[1].more[1]);
}

static void test_kinds_of_output(void **state)
{
	static const struct {
		const char *words;
		enum build_output_kind kind;
		const char *destination;
		bool push;
	} right[] = {
		{ "-o out", BUILD_OUTPUT_LOCAL, "out", false },
		{ "-o -", BUILD_OUTPUT_TAR, "-", false },
		{ "-o type=local,dest=d", BUILD_OUTPUT_LOCAL, "d", false },
		{ "-o type=tar,dest=-", BUILD_OUTPUT_TAR, "-", false },
		{ "-o type=oci,dest=a.tar", BUILD_OUTPUT_OCI, "a.tar", false },
		{ "-o type=docker,dest=a.tar", BUILD_OUTPUT_DOCKER, "a.tar", false },
		{ "-o type=docker", BUILD_OUTPUT_IMAGE, NULL, false },
		{ "-t a -o type=image,push=true", BUILD_OUTPUT_IMAGE, NULL, true },
		{ "-o type=image,push=false", BUILD_OUTPUT_IMAGE, NULL, false },
		{ "-t a -o type=registry", BUILD_OUTPUT_IMAGE, NULL, true },
		{ "-o type=cacheonly", BUILD_OUTPUT_NONE, NULL, false },
		{ "--push -o type=tar,dest=x", BUILD_OUTPUT_TAR, "x", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		const struct build_request *request = decodes(*state, right[i].words);

		assert_int_equal(request->output_count, 1);
		assert_int_equal(request->outputs[0].kind, right[i].kind);
		assert_true(str_equal(request->outputs[0].destination, right[i].destination));
		assert_int_equal(request->outputs[0].push, right[i].push);
	}
}

static void test_outputs(void **state)
{
	const struct build_request *request = decodes(*state, "-o type=oci,tar=false,dest=d,compression=zstd,compression-level=5,force-compression=true,"
		"oci-mediatypes=false,rewrite-timestamp=true,annotation.k=v -o \"type=image\",\"name=a:1,b:2\" --format docker");

	assert_int_equal(request->output_count, 2);
	assert_true(request->outputs[0].is_directory && request->outputs[0].force_compression && request->outputs[0].docker_types &&
		request->outputs[0].rewrites_times);
	assert_string_equal(request->outputs[0].compression, "zstd");
	assert_int_equal(request->outputs[0].compression_level, 5);
	assert_int_equal(request->outputs[0].annotation_count, 1);
	assert_string_equal(request->outputs[0].annotations[0].key, "k");
	assert_string_equal(request->outputs[0].annotations[0].value, "v");
	assert_int_equal(strv_length(request->outputs[1].names), 2);
	assert_string_equal(request->outputs[1].names[1], "b:2");
	assert_true(request->outputs[1].docker_types);
	assert_false(request->outputs[1].rewrites_times);
	assert_true(decodes(*state, "--rewrite-timestamp")->outputs[0].rewrites_times);
}

static void test_caches(void **state)
{
	const struct build_request *request = decodes(*state, "--cache-from reg/i:t --cache-from type=local,src=c --cache-to type=registry,ref=r,mode=max,mounts=true "
		"--cache-to type=inline --cache-to type=local,dest=/d,mode=min");

	assert_int_equal(request->cache_from_count, 2);
	assert_string_equal(request->cache_from[0].type, "registry");
	assert_string_equal(request->cache_from[0].reference, "reg/i:t");
	assert_string_equal(request->cache_from[1].directory, "/here/c");
	assert_int_equal(request->cache_to_count, 3);
	assert_true(request->cache_to[0].is_maximal && request->cache_to[0].with_mounts);
	assert_string_equal(request->cache_to[0].reference, "r");
	assert_string_equal(request->cache_to[1].type, "inline");
	assert_string_equal(request->cache_to[2].directory, "/d");
	assert_false(request->cache_to[2].is_maximal || request->cache_to[2].with_mounts);
	assert_false(request->cache_to[2].ignores_errors || request->cache_to[2].is_insecure || request->cache_to[2].compression);
	request = decodes(*state, "--cache-from type=local,src=c,tag=t,digest=sha256:0 --cache-to type=registry,ref=r,registry.insecure=true,ignore-error=true,"
		"image-manifest=false,oci-mediatypes=true,compression=zstd,compression-level=3,force-compression=true");
	assert_string_equal(request->cache_from[0].tag, "t");
	assert_string_equal(request->cache_from[0].digest, "sha256:0");
	assert_true(request->cache_to[0].is_insecure && request->cache_to[0].ignores_errors && request->cache_to[0].force_compression);
	assert_string_equal(request->cache_to[0].compression, "zstd");
	assert_int_equal(request->cache_to[0].compression_level, 3);
}

static void test_attestations(void **state)
{
	const struct build_request *request = decodes(*state, "--attest type=provenance,mode=max --attest type=sbom,disabled=true --sbom");

	assert_int_equal(request->attestation_count, 2);
	assert_string_equal(request->attestations[0].type, "provenance");
	assert_string_equal(request->attestations[0].mode, "max");
	assert_string_equal(request->attestations[1].type, "sbom");
	assert_null(request->attestations[1].mode);
	request = decodes(*state, "--provenance=mode=min --sbom=false");
	assert_int_equal(request->attestation_count, 1);
	assert_string_equal(request->attestations[0].mode, "min");
	assert_null(request->attestations[0].version);
	request = decodes(*state, "--provenance=version=v1,builder-id=https://ci/7,reproducible=true");
	assert_string_equal(request->attestations[0].version, "v1");
	assert_string_equal(request->attestations[0].builder_id, "https://ci/7");
	assert_true(request->attestations[0].is_reproducible);
	assert_int_equal(decodes(*state, "--provenance=false --sbom=0")->attestation_count, 0);
}

static void test_steps(void **state)
{
	const struct build_request *request = decodes(*state, "-m 64m --memory-swap -1 --cpus 1.5 -c 512 --cpu-period 1000 --cpu-quota 500 --cpuset-cpus 0 "
		"--shm-size 1m --ulimit nofile=5:6 --add-host h:10.0.0.1 --network none --cap-add NET_ADMIN --cap-drop CHOWN --dns 10.0.0.2 "
		"--allow network.host --allow security.insecure -v /a:/b:ro --cgroup-parent /x");
	const struct spec_host_config *host = request->host;

	assert_int_equal(host->memory, 64 << 20);
	assert_int_equal(host->memory_swap, -1);
	assert_int_equal(host->nano_cpus, 1500000000);
	assert_int_equal(host->cpu_shares, 512);
	assert_int_equal(host->cpu_period, 1000);
	assert_int_equal(host->cpu_quota, 500);
	assert_string_equal(host->cpuset_cpus, "0");
	assert_int_equal(host->shm_size, 1 << 20);
	assert_int_equal(host->ulimit_count, 1);
	assert_int_equal(host->ulimits[0].hard, 6);
	assert_string_equal(host->extra_hosts[0], "h:10.0.0.1");
	assert_string_equal(host->network_mode, "none");
	assert_string_equal(host->cap_add[0], "NET_ADMIN");
	assert_string_equal(host->cap_drop[0], "CHOWN");
	assert_string_equal(host->dns[0], "10.0.0.2");
	assert_int_equal(host->mount_count, 1);
	assert_string_equal(host->cgroup_parent, "/x");
	assert_true(request->allows_host_network && request->allows_insecure);
	assert_null(decodes(*state, "--network default")->host->network_mode);
	assert_int_equal(decodes(*state, "")->host->memory_swap, 0);
}

static void test_progress(void **state)
{
	static const struct {
		const char *words, *environment;
		enum build_progress progress;
	} right[] = {
		{ "--progress plain", NULL, BUILD_PROGRESS_PLAIN }, { "--progress tty", NULL, BUILD_PROGRESS_TTY }, { "--progress rawjson", NULL, BUILD_PROGRESS_RAW },
		{ "--progress quiet", NULL, BUILD_PROGRESS_QUIET }, { "--progress auto", "plain", BUILD_PROGRESS_AUTO }, { "", "plain", BUILD_PROGRESS_PLAIN },
		{ "-q", "plain", BUILD_PROGRESS_QUIET }, { "-q --progress plain", NULL, BUILD_PROGRESS_QUIET }, { "", "", BUILD_PROGRESS_AUTO },
	};
	struct line *line = *state;

	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		if (right[i].environment)
			setenv("BUILDKIT_PROGRESS", right[i].environment, 1);
		else
			unsetenv("BUILDKIT_PROGRESS");
		decodes(line, right[i].words);
		assert_int_equal(line->progress, right[i].progress);
	}
}

/* An option goes before a build argument, and that before the environment. */
static void test_epoch(void **state)
{
	const struct build_request *request;

	setenv("SOURCE_DATE_EPOCH", "5", 1);
	request = decodes(*state, "");
	assert_true(request->has_epoch && request->epoch == 5);
	request = decodes(*state, "--build-arg SOURCE_DATE_EPOCH=6");
	assert_true(request->has_epoch && request->epoch == 6);
	request = decodes(*state, "--build-arg SOURCE_DATE_EPOCH=6 --timestamp 0");
	assert_true(request->has_epoch && request->epoch == 0);
	assert_false(decodes(*state, "--build-arg SOURCE_DATE_EPOCH=")->has_epoch);
}

static void test_registries(void **state)
{
	struct line *line = *state;

	assert_int_equal(decode(line, ""), 0);
	assert_false(line->request.registry->skips_verification);
	assert_null(line->request.registry->authfile);
	assert_int_equal(decode(line, "--tls-verify=false --authfile a.json --creds me:secret -t r/i -o type=registry,registry.insecure=true"), 0);
	assert_true(line->request.registry->skips_verification);
	assert_string_equal(line->request.registry->authfile, "a.json");
	assert_string_equal(line->request.registry->creds, "me:secret");
	assert_true(line->request.outputs[0].skips_verification);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *words, *message, *hint;
	} wrong[] = {
		{ "--no-cach", "unknown option '--no-cach' of 'build'", "did you mean --no-cache?" },
		{ "--progress plian", "invalid value 'plian' for --progress: expected one of auto, plain, tty, rawjson, quiet", "did you mean 'plain'?" },
		{ "--format oic", "invalid value 'oic' for --format: expected one of oci, docker", "did you mean 'oci'?" },
		{ "--pull=alway", "invalid value 'alway' for --pull: expected one of always, missing, never, newer, true, false", "did you mean 'always'?" },
		{ "--allow network.hots", "invalid value 'network.hots' for --allow: expected one of network.host, security.insecure",
			"did you mean 'network.host'?" },
		{ "-o type=loca,dest=x", "invalid value 'type=loca,dest=x' for --output: expected one of image, registry, oci, docker, local, tar, cacheonly",
			"did you mean 'local'?" },
		{ "-o type=oci", "invalid value 'type=oci' for --output: dest= is missing", "" },
		{ "-o type=local,dest=-", "invalid value 'type=local,dest=-' for --output: files cannot be written to the standard output: type=tar can", "" },
		{ "-o type=oci,dst=x", "invalid value 'type=oci,dst=x' for --output: there is no 'dst'", "did you mean 'dest'?" },
		{ "-o type=image,push=maybe", "invalid value 'type=image,push=maybe' for --output: expected true or false, not 'maybe'", "" },
		{ "-o type=image,compression=gzpi", "invalid value 'type=image,compression=gzpi' for --output: expected one of gzip, zstd, uncompressed",
			"did you mean 'gzip'?" },
		{ "-o type=image,compression-level=x", "invalid value 'type=image,compression-level=x' for --output: expected a number", "" },
		{ "-o \"type=tar", "invalid value '\"type=tar' for --output: the quotes have no end", "" },
		{ "--secret src=x", "invalid value 'src=x' for --secret: expected id=ID", "" },
		{ "--secret id=a,scr=x", "invalid value 'id=a,scr=x' for --secret: there is no 'scr'", "did you mean 'src'?" },
		{ "--ssh =x", "invalid value '=x' for --ssh: expected default, ID=SOCKET or ID=KEY[,KEY…]", "" },
		{ "--build-context x", "invalid value 'x' for --build-context: expected NAME=SOURCE", "" },
		{ "--build-context x=", "invalid value 'x=' for --build-context: expected NAME=SOURCE", "" },
		{ "--label =x", "invalid value '=x' for --label: expected NAME=VALUE, or NAME alone", "" },
		{ "--cache-to type=locl", "invalid value 'type=locl' for --cache-to: expected one of registry, local, inline", "did you mean 'local'?" },
		{ "--cache-to type=local", "invalid value 'type=local' for --cache-to: src= or dest= is missing", "" },
		{ "--cache-from type=registry", "invalid value 'type=registry' for --cache-from: ref= is missing", "" },
		{ "--cache-from type=inline,ref=r", "invalid value 'type=inline,ref=r' for --cache-from: it is the image that has such a cache in it",
			"type=registry,ref=IMAGE reads it" },
		{ "--cache-to type=local,dest=d,oci-mediatypes=false", "invalid value 'type=local,dest=d,oci-mediatypes=false' for --cache-to: docker's media types "
			"have none for a cache", "" },
		{ "--cache-to type=local,dest=d,compression=xz", "invalid value 'type=local,dest=d,compression=xz' for --cache-to: expected one of gzip, zstd, "
			"uncompressed", "" },
		{ "--cache-to type=inline,mode=maxi", "invalid value 'type=inline,mode=maxi' for --cache-to: expected one of min, max", "did you mean 'max'?" },
		{ "--cache-to type=inline,mods=max", "invalid value 'type=inline,mods=max' for --cache-to: there is no 'mods'", "did you mean 'mode'?" },
		{ "--attest type=sbmo", "invalid value 'type=sbmo' for --attest: expected one of provenance, sbom", "did you mean 'sbom'?" },
		{ "--attest type=sbom,mdoe=max", "invalid value 'type=sbom,mdoe=max' for --attest: there is no 'mdoe'", "did you mean 'mode'?" },
		{ "--provenance=mode=mx", "invalid value 'mode=mx' for --provenance: expected one of min, max", "did you mean 'max'?" },
		{ "--sbom=yes", "invalid value 'yes' for --sbom: expected true or false, not 'yes'", "" },
		{ "--ulimit nofile", "invalid value 'nofile' for --ulimit: expected NAME=SOFT[:HARD]", "" },
		{ "--jobs 1025", "invalid value '1025' for --jobs: expected a number from 0 to 1024", "" },
		{ "--build-arg SOURCE_DATE_EPOCH=now", "SOURCE_DATE_EPOCH is 'now': expected seconds since 1970", "" },
	};
	struct line *line = *state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (decode(line, wrong[i].words) == 0)
			fail_msg("'%s' was taken", wrong[i].words);
		assert_string_equal(line->err.message, wrong[i].message);
		assert_string_equal(line->err.hint, wrong[i].hint);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_said), TEST(test_texts), TEST(test_pull), TEST(test_pairs), TEST(test_secrets), TEST(test_agents), TEST(test_kinds_of_output),
		TEST(test_outputs), TEST(test_caches), TEST(test_attestations), TEST(test_steps), TEST(test_progress), TEST(test_epoch), TEST(test_registries), TEST(test_refusals),
	};

	return cmocka_run_group_tests_name("cli/build_decode", tests, NULL, NULL);
}
