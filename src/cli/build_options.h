/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `build`: their table (build_options.c), and what they come to as a request for a build (build_decode.c). */
#ifndef BIVY_CLI_BUILD_OPTIONS_H
#define BIVY_CLI_BUILD_OPTIONS_H

#include "base/options.h"
#include "cli/timing.h"
#include "cli/transfer.h"
#include "engine/build.h"

#define BUILD_NOT_GIVEN INT64_MIN

enum build_progress { BUILD_PROGRESS_AUTO, BUILD_PROGRESS_PLAIN, BUILD_PROGRESS_TTY, BUILD_PROGRESS_RAW, BUILD_PROGRESS_QUIET };

/* What the options fill. */
struct build_options {
	const char *file, *target, *ignore_file, *id_file, *metadata_file, *progress, *call, *pull, *network, *user_namespace, *format;
	char **tags, **arguments, **argument_files, **contexts, **platforms, **outputs, **labels, **annotations, **secrets, **ssh;
	char **cache_from, **cache_to, **attestations, **no_cache_stages, **allowed, **hosts, **ulimits, **volumes, **devices, **cap_add, **cap_drop;
	char **security_options, **dns, **dns_search, **dns_options;
	const char *sbom_text, *provenance_text, *cgroup_parent, *cpuset_cpus, *cpuset_mems, *builder;
	int64_t memory, memory_swap, cpu_shares, cpu_period, cpu_quota, nano_cpus, jobs, timestamp;
	uint64_t shm_size;
	bool no_cache, quiet, push, load, check, squash, omit_history, debug, remove, force_remove, layers, compress, rewrite_timestamp;
	struct registry_request registry;
	struct timing_option timing;
};

extern const struct build_options build_option_defaults;
extern const struct option_entry build_entries[];

/*
 * build_decode.c: makes *RET, in the arena or of the options' own texts. DIRECTORY: what
 * relative paths are relative to. *RET_PROGRESS: as asked for.
 */
int build_decode(struct arena *arena, const struct build_options *options, const char *context, const char *directory, struct build_request *ret,
	enum build_progress *ret_progress, struct error *err) _must_check_;

#endif
