/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `bivy`: each decodes, makes one call of the engine, and prints the report. */
#ifndef BIVY_CLI_COMMAND_H
#define BIVY_CLI_COMMAND_H

#include "base/commands.h"
#include "engine/directories.h"

#define CLI_NAME "bivy"

/* What a wrong command line exits with, as Docker's; lower numbers are a container's. */
#define CLI_EXIT_ERROR 125
/* What a command exits with whose engine call fails. */
#define CLI_EXIT_FAILURE 1

/* What the options before the command fill. */
struct cli_globals {
	struct commands_globals common;
	const char *root, *run_root; /* or NULL */
};

/* The directories that the options before the command name; an ordinary user is in his home from then on (engine/home.h). */
int cli_directories(const struct command_call *call, struct arena *arena, struct directories *ret, struct error *err) _must_check_;
/* The same without that: for what is about the host itself. */
int cli_directories_outside(const struct command_call *call, struct arena *arena, struct directories *ret, struct error *err) _must_check_;

/* Asks on the terminal, after the lines WARNING; ERROR_CONFLICT if the answer is not yes. WHAT is what would have happened. */
int cli_confirm(const char *warning, const char *what, struct error *err) _must_check_;

/* "sha256:0123456789ab…" or its first 12 digits, in the arena. */
const char *cli_short_id(struct arena *arena, const char *digest, bool whole);

extern const struct command cli_doctor, cli_help, cli_info;
extern const struct command cli_image, cli_system;
extern const struct command cli_history, cli_image_inspect, cli_image_prune, cli_images, cli_inspect, cli_rmi, cli_tag;
extern const struct command cli_image_copy, cli_image_referrers, cli_image_tags, cli_login, cli_logout, cli_pull, cli_push;
extern const struct command cli_export, cli_image_bootstrap, cli_image_unpack, cli_import, cli_load, cli_save;
extern const struct command cli_kill, cli_pause, cli_rename, cli_restart, cli_stop, cli_unpause;
extern const struct command cli_container_inspect, cli_container_prune, cli_events, cli_system_start;
extern const struct command cli_container, cli_container_cleanup, cli_ps, cli_rm, cli_wait;
extern const struct command cli_logs, cli_metrics, cli_ns;
extern const struct command cli_commit, cli_cp, cli_diff, cli_port, cli_stats, cli_top;
extern const struct command cli_commit, cli_cp, cli_diff, cli_port, cli_stats, cli_top, cli_update;
extern const struct command cli_network_connect, cli_network_disconnect;
extern const struct command cli_serve, cli_system_check, cli_system_df, cli_system_dial_stdio, cli_system_enter, cli_system_pool, cli_system_prune;
extern const struct command cli_volume, cli_volume_clone, cli_volume_create, cli_volume_export, cli_volume_import, cli_volume_inspect;
extern const struct command cli_volume_ls, cli_volume_prune, cli_volume_rm, cli_volume_snapshot;
extern const struct command cli_cgroup, cli_cgroup_create, cli_cgroup_exec, cli_cgroup_get, cli_cgroup_ls, cli_cgroup_rm, cli_cgroup_set, cli_cgroup_watch;
extern const struct command cli_enter, cli_jail, cli_mounts, cli_seccomp, cli_seccomp_trace, cli_unshare;
extern const struct command cli_build, cli_builder, cli_builder_du, cli_builder_prune, cli_buildx;
extern const struct command cli_attach, cli_audit, cli_create, cli_exec, cli_run, cli_start;

extern const struct command cli_network, cli_network_create, cli_network_inspect, cli_network_ls, cli_network_prune, cli_network_rm;

/* All of them. */
extern const struct commands cli_commands;

/* For requests that take a function for warnings: a line on the standard error. CONTEXT is not looked at. */
void cli_warn(void *context, const char *text);

/* What the engine has to leave out of a list, and why, is told likewise from here on. */
void cli_tell_left_out(void);

#endif
