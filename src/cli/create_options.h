/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of `run` and `create`: their table, and what they come to as a
 * request for a container. What is wrong in itself is refused here; what cannot
 * be had on this host, or with this image, by who makes the container.
 */
#ifndef BIVY_CLI_CREATE_OPTIONS_H
#define BIVY_CLI_CREATE_OPTIONS_H

#include "cli/resource_options.h"
#include "cli/timing.h"
#include "cli/value_health.h"

/* What the options fill; begins as create_defaults. */
struct create_request {
	/* What needs no more than to be stored; limits in .resources.host, with all the rest of the host's side. */
	struct resource_request resources;
	struct spec_container_config config;
	const char *name, *pull, *platform;
	bool replace, quiet, rootfs, no_health_check, disable_content_trust;
	/* What is decoded. */
	char **attach, **env, **env_files, **labels, **label_files, **annotations, **volumes, **mounts, **tmpfs, **publish, **expose;
	char **devices, **ulimits, **sysctls, **log_options, **storage_options, **security_options, **hosts, **networks, **cgroup_conf;
	const char *entrypoint, *volume_driver;
	uint32_t umask; /* UINT32_MAX: not given */
	struct option_choice init;
	int64_t stop_timeout_s, oom_score;
	struct value_health health, startup_health;
	/* About the first network. */
	const char *address, *address6, *mac_address;
	char **links, **network_aliases, **link_local_addresses;
	const char *windows_text; /* what is known and not to be had */
	/* Of run alone. */
	bool detach, signal_proxy, remove_image;
	struct timing_option timing;
	const char *explain; /* "steps", "shell", or NULL */
	const char *detach_keys;
};

extern const struct create_request create_defaults;
/* Of `run`, and of `create`, which has less. */
extern const struct option_entry run_entries[];
#define create_entries (run_entries + RUN_ALONE)
/* So many at the beginning are of run alone. */
#define RUN_ALONE 6

/* Where the command is given: what relative paths are relative to, and where variables without a value have theirs. */
struct create_place {
	const char *directory;
	char *const *environment; /* NULL-terminated */
};

/*
 * Makes *RET, in the arena or of the request's own texts, from REQUEST and the
 * OPERANDS, an image, or with .rootfs a directory, and perhaps a command.
 * *RET_WARNING, NULL for none, is what was passed over.
 */
int create_decode(struct arena *arena, const struct create_request *request, char **operands, const struct create_place *place,
	struct spec_container *ret, const char **ret_warning, struct error *err) _must_check_;

#endif
