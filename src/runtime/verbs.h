/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of the runtime: one request in, one effect or report out. The
 * program's commands and the public library are thin front ends of these. Each
 * returns 0 or a negative errno with *err filled. All are to be called from a
 * single-threaded process in the caller's own namespaces.
 */
#ifndef BIVY_RUNTIME_VERBS_H
#define BIVY_RUNTIME_VERBS_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"

#include <stdbool.h>
#include <sys/types.h>

/* Where the records are. */
struct runtime {
	const char *root;  /* absolute directory, made on demand, mode 0711 */
	bool rootless;     /* tolerate cgroups that cannot be made, as `--rootless=true` */
};

enum create_flag {
	CREATE_NO_PIVOT = 1 << 0,
	CREATE_NO_NEW_KEYRING = 1 << 1,
	CREATE_DETACH = 1 << 2,       /* run: return once it runs */
	CREATE_KEEP = 1 << 3,         /* run: do not delete it when it ends */
	CREATE_NO_SUBREAPER = 1 << 4, /* run: do not adopt its orphans */
	CREATE_SUPERVISED = 1 << 5,   /* run_start(): the terminal is not relayed to our own standard streams; the first process is killed if we die */
	CREATE_HAS_GROUPS = 1 << 6,   /* its control groups are there: made for it, never used (CGROUP_PREPARED) */
};

/* A detached mount in place of what the bind mount on .destination, as config.json has it, names as its source. */
struct create_mount {
	const char *destination;
	int fd; /* used up, but stays open */
};

/*
 * Namespaces that nobody is or was in, where config.json asks for new ones of both kinds: these take their place. Its mappings are those
 * of the user namespace, which owns the other one; what .prepare_network would do has been done there.
 */
struct create_namespaces {
	int user_fd, network_fd; /* not used up */
};

struct create_request {
	const char *id;             /* [A-Za-z0-9_+.-]{1,1024}, not "." or ".." */
	const char *bundle;         /* directory that holds config.json; NULL: "." */
	const char *console_socket; /* path of a unix socket that takes the terminal's master, or NULL */
	const char *pid_file;       /* written with the init's pid, or NULL */
	const char *pidfd_socket;   /* path of a unix socket that takes init's pidfd, or NULL */
	unsigned flags;             /* enum create_flag */
	int preserve_fds;           /* pass on descriptors 3 .. 3+N-1 */
	bool has_root;              /* .root_fd is a detached mount, to be the root in place of root.path; it is used up, but stays open */
	int root_fd;
	const struct create_mount *mounts;
	size_t mount_count;
	const struct create_namespaces *namespaces; /* or NULL */
	uint32_t console_width, console_height; /* in place of process.consoleSize; 0: as that says */
	/*
	 * Sets up the container's network namespace before hooks, sysctls and program see it, or NULL. In our process; what it made is its
	 * owner's to remove, also when the creation fails later.
	 */
	int (*prepare_network)(void *context, int netns_fd, struct error *err);
	void *network_context;
};

int runtime_create(const struct runtime *runtime, const struct create_request *request, struct error *err) _must_check_;

/* Creates and starts; unless detached waits, forwards signals and terminal, deletes, and tells the exit status (128+n for a signal). */
int runtime_run(const struct runtime *runtime, const struct create_request *request, int *ret_status, struct error *err) _must_check_;

/* The plan of `create` in words, one step per line; touches nothing. */
int runtime_explain(const struct runtime *runtime, const struct create_request *request, struct buf *out, struct error *err) _must_check_;

int runtime_start(const struct runtime *runtime, const char *id, struct error *err) _must_check_;

struct exec_request {
	const char *id;
	const struct spec_process *process; /* from exec -p, or NULL: then from the container's, changed by the members below */
	char **args;                  /* NULL-terminated; with process NULL */
	char **env;                   /* "K=V" to add or replace, or NULL */
	const char *cwd;              /* or NULL */
	const char *user;             /* "UID[:GID]", or NULL */
	const uint32_t *additional_gids;
	size_t additional_gid_count;
	bool drops_gids;              /* no additional groups but these, not the container's own either */
	char **capabilities;          /* names to add to all sets but inheritable/ambient as runc does, or NULL */
	bool no_new_privileges;       /* set it (never clears) */
	const char *apparmor_profile; /* or NULL */
	const char *selinux_label;    /* or NULL */
	char **cgroups;               /* "PATH" or "CONTROLLERS:PATH" relative to the container's group, or NULL */
	bool terminal;
	bool detach;
	bool ignore_paused;
	const char *console_socket, *pid_file, *pidfd_socket;
	int preserve_fds;
	uint32_t console_width, console_height; /* of the terminal; 0: unknown */
};

/* Runs a process in the container; unless detached waits and tells its status. */
int runtime_exec(const struct runtime *runtime, const struct exec_request *request, int *ret_status, struct error *err) _must_check_;

struct exec_report {
	pid_t pid;    /* a child of ours */
	int pidfd;    /* CLOEXEC; close it */
	int terminal; /* its master, or -EBADF; close it */
};

/*
 * The same, but returns once the program is executed, for who waits for it
 * himself; .detach and the sockets of the request are not used.
 */
int runtime_exec_start(const struct runtime *runtime, const struct exec_request *request, struct exec_report *ret, struct error *err) _must_check_;

enum kill_flag {
	KILL_ALL = 1 << 0, /* every process of the container's group */
};
int runtime_kill(const struct runtime *runtime, const char *id, int signal_number, unsigned flags, struct error *err) _must_check_;

enum delete_flag {
	DELETE_FORCE = 1 << 0, /* kill it first; no error if it does not exist */
};
int runtime_delete(const struct runtime *runtime, const char *id, unsigned flags, struct error *err) _must_check_;

/* Removes what killed creators and deleters left of records; creating does that, too. What cannot be removed is left to the next. */
void runtime_sweep(const struct runtime *runtime);

int runtime_pause(const struct runtime *runtime, const char *id, struct error *err) _must_check_;
int runtime_resume(const struct runtime *runtime, const char *id, struct error *err) _must_check_;

/* What `list` and `state` tell of one container; free with container_report_done(). */
struct container_report {
	char *id;
	char *status;  /* "creating" "created" "running" "paused" "stopped" */
	char *bundle;
	char *rootfs;
	char *created; /* RFC 3339 */
	char *owner;   /* user name of the creator, or its number */
	pid_t pid;     /* 0 when stopped */
	struct spec_pair *annotations; /* freed with the report */
	size_t annotation_count;
};
void container_report_done(struct container_report *report);

int runtime_state(const struct runtime *runtime, const char *id, struct container_report *ret, struct error *err) _must_check_;

/* All containers, sorted by id; damaged records are logged and left out. Free each, then the array. */
int runtime_list(const struct runtime *runtime, struct container_report **ret, size_t *ret_count, struct error *err) _must_check_;

/* The ids of all processes of the container, in the caller's pid namespace; free(). */
int runtime_ps(const struct runtime *runtime, const char *id, pid_t **ret, size_t *ret_count, struct error *err) _must_check_;

/*
 * Mounts MOUNT in the container, which runs; SOURCE_FD, unless it is -EBADF, is a detached mount in place of its source.
 * ERROR_CONFLICT if there is a mount on the destination already.
 */
int runtime_mount(const struct runtime *runtime, const char *id, const struct spec_mount *mount, int source_fd, struct error *err) _must_check_;

/* Takes away what is mounted on DESTINATION in the container, which runs; who uses it keeps it. ERROR_NOT_FOUND if nothing is. */
int runtime_unmount(const struct runtime *runtime, const char *id, const char *destination, struct error *err) _must_check_;

struct update_request {
	const struct spec_resources *resources;
	const char *l3_cache_schema, *mem_bw_schema; /* intelRdt, or NULL */
};
/* Changes limits of a live container: all or none; the record's config follows. */
int runtime_update(const struct runtime *runtime, const char *id, const struct update_request *request, struct error *err) _must_check_;

/* One `{"type":"stats","id":…,"data":…}` line, as runc's events. */
int runtime_stats(const struct runtime *runtime, const char *id, struct buf *out, struct error *err) _must_check_;

/*
 * Streams lines through EMIT: stats each INTERVAL_MS and "oom" events as they
 * come, until the container ends (0) or EMIT returns non-zero (that value).
 */
int runtime_events(const struct runtime *runtime, const char *id, unsigned interval_ms, int (*emit)(void *context, const char *line), void *context, struct error *err) _must_check_;

#endif
