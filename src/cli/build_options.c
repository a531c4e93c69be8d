/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/build_options.h"
#include "cli/value_limit.h"
#include "cli/value_word.h"

#define AT(member) offsetof(struct build_options, member)

const struct build_options build_option_defaults = { .memory_swap = BUILD_NOT_GIVEN, .timestamp = BUILD_NOT_GIVEN, .remove = true, .layers = true,
	.registry.verifies = true };

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
	{ "annotation", 0, OPTION_LIST, 0, AT(annotations), "[TYPE:]KEY=VALUE", "annotation of the image; TYPE: manifest, index, manifest-descriptor, index-descriptor" },
	{ "attest", 0, OPTION_LIST, 0, AT(attestations), "type=TYPE[,mode=MODE]", "attestation: provenance or sbom" },
	{ "build-arg", 0, OPTION_LIST, 0, AT(arguments), "NAME[=VALUE]", "value of an ARG" },
	{ "build-arg-file", 0, OPTION_LIST, OPTION_FILE, AT(argument_files), "FILE", "file of lines NAME=VALUE" },
	{ "build-context", 0, OPTION_LIST, 0, AT(contexts), "NAME=SOURCE", "directory, URL, git repository, oci-layout://DIR or docker-image://IMAGE that the Dockerfile calls NAME" },
	{ "builder", 0, OPTION_STRING, OPTION_HIDDEN, AT(builder), "NAME", "accepted" },
	{ "cache-from", 0, OPTION_LIST, 0, AT(cache_from), "IMAGE|type=registry,ref=NAME|type=local,src=DIR", "where steps that were done elsewhere may be found" },
	{ "cache-to", 0, OPTION_LIST, 0, AT(cache_to), "type=registry,ref=NAME|type=local,dest=DIR|type=inline[,mode=max,mounts=true,…]", "where the steps of this build are put for others" },
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
	{ "ssh", 0, OPTION_LIST, 0, AT(ssh), "default|ID[=SOCKET|=KEY,…]", "agent for steps that ask for it: a socket, or files of keys without passphrase, which an agent of the build's own gets" },
	{ "tag", 't', OPTION_LIST, 0, AT(tags), "NAME[:TAG]", "name of the image; may be repeated" },
	{ "target", 0, OPTION_STRING, 0, AT(target), "STAGE", "the stage to be built; default: the last" },
	TIMING_ENTRY(AT(timing)),
	{ "timestamp", 0, OPTION_INT, 0, AT(timestamp), "SECONDS", "when it was made, in place of now", 0, INT64_MAX },
	{ "ulimit", 0, OPTION_LIST, 0, AT(ulimits), "NAME=SOFT[:HARD]", "resource limit of steps" },
	{ "userns", 0, OPTION_STRING, 0, AT(user_namespace), "MODE", "user namespace of steps, as of run" },
	{ "volume", 'v', OPTION_LIST, 0, AT(volumes), "SOURCE:PATH[:OPTIONS]", "mount of the host for RUN steps" },
	REGISTRY_ENTRIES(struct build_options, registry),
	{ 0 },
};
