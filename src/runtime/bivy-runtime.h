/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bivy-runtime.h: containers from OCI bundles, as a library.
 *
 * Each function is what the command of the same name of bivy-runtime(8) does:
 * one request in, one effect or report out; the records that it reads and
 * writes are the same, so that the library and the program may be mixed.
 * examples/run.c is a program to begin with.
 *
 * Rules for all of it:
 * - The process must be single-threaded in create, run and exec, which clone
 *   children that go on in the caller's memory, and in the namespaces in which
 *   the paths it gives are meant.
 * - A container's processes can reach the executable of the process that
 *   enters it, through /proc (CVE-2019-5736). Call bivy_runtime_seal() first
 *   thing in main(), unless that file cannot be written by the container's
 *   root anyway.
 * - Functions return 0, or a negative errno value and fill *err, which may be
 *   NULL. Results (ret_…) are untouched on failure.
 * - Request structs are filled with designated initializers: a member that is
 *   left out (0, NULL) asks for nothing. Strings and arrays stay the caller's.
 * - Nothing is printed.
 */
#ifndef BIVY_RUNTIME_PUBLIC_H
#define BIVY_RUNTIME_PUBLIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BIVY_RUNTIME_EXPORT __attribute__((visibility("default")))
#define BIVY_RUNTIME_CHECK BIVY_RUNTIME_EXPORT __attribute__((warn_unused_result))

/* ---- errors ------------------------------------------------------------------ */

enum bivy_runtime_error_kind {
	BIVY_RUNTIME_OK = 0,
	BIVY_RUNTIME_NOT_FOUND,   /* the container named does not exist */
	BIVY_RUNTIME_CONFLICT,    /* it exists already, or is in the wrong state */
	BIVY_RUNTIME_INVALID,     /* the request or the bundle is wrong */
	BIVY_RUNTIME_DENIED,      /* no permission */
	BIVY_RUNTIME_UNSUPPORTED, /* this kernel or this build cannot do it */
	BIVY_RUNTIME_BUSY,        /* somebody else is at it */
	BIVY_RUNTIME_UNAVAILABLE, /* a resource is missing for now */
	BIVY_RUNTIME_INTERNAL,    /* anything else */
};

struct bivy_runtime_error {
	enum bivy_runtime_error_kind kind;
	int code;           /* the errno behind it, or 0 */
	int exit_status;    /* 126 or 127 when a command cannot be executed or found, else 0 */
	char message[1024]; /* one line, lower case, no full stop */
	char hint[256];     /* what may help, or empty */
};

/* ---- the state directory ------------------------------------------------------- */

/* A state directory: where the records of containers are. */
struct bivy_runtime;

enum bivy_runtime_open_flag {
	BIVY_RUNTIME_ROOTLESS = 1 << 0, /* go on where cgroups cannot be made, as for an ordinary user; always so in a user namespace */
};

/*
 * The state directory ROOT, an absolute path that is made when the first
 * container is; NULL stands for /run/bivy-runtime. FLAGS: enum
 * bivy_runtime_open_flag. Release with bivy_runtime_close().
 */
BIVY_RUNTIME_CHECK int bivy_runtime_open(const char *root, unsigned flags, struct bivy_runtime **ret, struct bivy_runtime_error *err);

/* Releases the memory, NULL included; containers are not touched. */
BIVY_RUNTIME_EXPORT void bivy_runtime_close(struct bivy_runtime *runtime);

/*
 * Executes the calling program once more, with ARGV as given to main(), through
 * a read-only mount of its file or from a sealed copy in memory; returns 0 when
 * that has been done. To be called before the program has done anything. What
 * is executed lies in no directory: a program whose run path to its libraries
 * is relative to $ORIGIN does not start from there.
 */
BIVY_RUNTIME_CHECK int bivy_runtime_seal(char **argv, struct bivy_runtime_error *err);

/* ---- life --------------------------------------------------------------------- */

enum bivy_runtime_create_flag {
	BIVY_RUNTIME_NO_PIVOT = 1 << 0,       /* move the root in place of pivot_root(2) */
	BIVY_RUNTIME_NO_NEW_KEYRING = 1 << 1, /* keep the caller's session keyring */
	BIVY_RUNTIME_DETACH = 1 << 2,         /* run: return once it runs */
	BIVY_RUNTIME_KEEP = 1 << 3,           /* run: do not delete it when it ends */
	BIVY_RUNTIME_NO_SUBREAPER = 1 << 4,   /* run: do not become the parent of its orphans */
};

struct bivy_runtime_create_request {
	const char *id;             /* letters, digits, '_', '+', '-', '.'; at most 1024 */
	const char *bundle;         /* directory that holds config.json; NULL: the working directory */
	const char *console_socket; /* unix socket that is sent the terminal's master descriptor */
	const char *pid_file;       /* is written the process id of the container's init */
	const char *pidfd_socket;   /* unix socket that is sent a pidfd of the container's init */
	unsigned flags;             /* enum bivy_runtime_create_flag */
	int preserve_fds;           /* pass on this many descriptors from 3 */
};

/*
 * Makes the container up to the moment before its command is executed. The
 * caller's standard streams become the container's. When it fails, nothing of
 * the container is left.
 */
BIVY_RUNTIME_CHECK int bivy_runtime_create(const struct bivy_runtime *runtime, const struct bivy_runtime_create_request *request, struct bivy_runtime_error *err);

/* Executes the command of a created container. BIVY_RUNTIME_CONFLICT in any other state. */
BIVY_RUNTIME_CHECK int bivy_runtime_start(const struct bivy_runtime *runtime, const char *id, struct bivy_runtime_error *err);

/*
 * Creates, starts, and unless detached waits and deletes; meanwhile signals to
 * the caller are passed on to the container. *RET_STATUS: the exit status of
 * its command, or 128+N if signal N ended it; 0 when detached.
 */
BIVY_RUNTIME_CHECK int bivy_runtime_run(const struct bivy_runtime *runtime, const struct bivy_runtime_create_request *request, int *ret_status, struct bivy_runtime_error *err);

/*
 * What create would do, in words, one step per line; nothing is done. free()
 * *RET.
 */
BIVY_RUNTIME_CHECK int bivy_runtime_explain(const struct bivy_runtime *runtime, const struct bivy_runtime_create_request *request, char **ret, struct bivy_runtime_error *err);

/* Sends a signal to the container's init, or to ALL its processes. BIVY_RUNTIME_CONFLICT when it has ended. */
BIVY_RUNTIME_CHECK int bivy_runtime_kill(const struct bivy_runtime *runtime, const char *id, int signal_number, bool all, struct bivy_runtime_error *err);

/*
 * Removes the cgroups and the record of a container that has ended. FORCE
 * kills it first, and does not mind if it does not exist.
 */
BIVY_RUNTIME_CHECK int bivy_runtime_delete(const struct bivy_runtime *runtime, const char *id, bool force, struct bivy_runtime_error *err);

/* Stops all processes of a container where they are, and lets them go on. */
BIVY_RUNTIME_CHECK int bivy_runtime_pause(const struct bivy_runtime *runtime, const char *id, struct bivy_runtime_error *err);
BIVY_RUNTIME_CHECK int bivy_runtime_resume(const struct bivy_runtime *runtime, const char *id, struct bivy_runtime_error *err);

/* ---- more processes -------------------------------------------------------------- */

struct bivy_runtime_exec_request {
	const char *id;
	char **args;                /* NULL-terminated: the command and its arguments */
	char **env;                 /* NULL-terminated "NAME=VALUE" to add or replace, or NULL */
	const char *cwd;            /* or NULL: as configured */
	const char *user;           /* "UID[:GID]" in the container, or NULL: as configured */
	const uint32_t *additional_gids;
	size_t additional_gid_count;
	char **capabilities;        /* NULL-terminated names ("CAP_KILL") to add, or NULL */
	char **cgroups;             /* NULL-terminated "[CONTROLLER,…:]PATH" below the container's, or NULL */
	const char *apparmor_profile, *selinux_label;
	const char *console_socket, *pid_file, *pidfd_socket; /* as for create */
	bool no_new_privileges;     /* set it, whatever is configured */
	bool terminal;              /* give it a terminal */
	bool detach;                /* return once it runs */
	bool ignore_paused;         /* wait for a paused container in place of an error */
	int preserve_fds;
};

/*
 * Executes a command in a running container, with what the configuration gives
 * its own command, changed by the request; waits unless detached. *RET_STATUS
 * as for run.
 */
BIVY_RUNTIME_CHECK int bivy_runtime_exec(const struct bivy_runtime *runtime, const struct bivy_runtime_exec_request *request, int *ret_status, struct bivy_runtime_error *err);

/* ---- what is known ------------------------------------------------------------------ */

struct bivy_runtime_annotation {
	char *key, *value;
};

struct bivy_runtime_state {
	char *id;
	char *status;  /* "creating", "created", "running", "paused" or "stopped" */
	char *bundle;  /* absolute path */
	char *rootfs;  /* absolute path */
	char *created; /* RFC 3339, UTC */
	char *owner;   /* name of the user that created it, or the number */
	pid_t pid;     /* of init, in the caller's pid namespace; 0 when stopped */
	struct bivy_runtime_annotation *annotations;
	size_t annotation_count;
};

/* The state of one container. Release with bivy_runtime_state_done(). */
BIVY_RUNTIME_CHECK int bivy_runtime_get_state(const struct bivy_runtime *runtime, const char *id, struct bivy_runtime_state *ret, struct bivy_runtime_error *err);

/* Frees the members. */
BIVY_RUNTIME_EXPORT void bivy_runtime_state_done(struct bivy_runtime_state *state);

/* The states of all containers, sorted by id. Release with bivy_runtime_list_free(). */
BIVY_RUNTIME_CHECK int bivy_runtime_list(const struct bivy_runtime *runtime, struct bivy_runtime_state **ret, size_t *ret_count, struct bivy_runtime_error *err);

/* Frees the members of COUNT states and the array; NULL is allowed. */
BIVY_RUNTIME_EXPORT void bivy_runtime_list_free(struct bivy_runtime_state *states, size_t count);

/* The ids of all processes of a container, in the caller's pid namespace. free() *RET. */
BIVY_RUNTIME_CHECK int bivy_runtime_ps(const struct bivy_runtime *runtime, const char *id, pid_t **ret, size_t *ret_count, struct bivy_runtime_error *err);

/*
 * Usage of a container: one line of JSON, {"type":"stats","id":…,"data":…}.
 * free() *RET.
 */
BIVY_RUNTIME_CHECK int bivy_runtime_stats(const struct bivy_runtime *runtime, const char *id, char **ret, struct bivy_runtime_error *err);

/*
 * Calls EMIT with such a line every INTERVAL_MS (above 0) and with an "oom"
 * line whenever the kernel kills a process for want of memory, until the
 * container ends (0), or EMIT returns a negative value, which is returned.
 */
BIVY_RUNTIME_CHECK int bivy_runtime_events(const struct bivy_runtime *runtime, const char *id, unsigned interval_ms, int (*emit)(void *context, const char *line), void *context, struct bivy_runtime_error *err);

/* ---- limits ---------------------------------------------------------------------- */

/*
 * Changes the limits of a container to those in the JSON text RESOURCES, which
 * looks like linux.resources of config.json; those that are not given stay. If
 * one cannot be set, those that were are put back.
 */
BIVY_RUNTIME_CHECK int bivy_runtime_update(const struct bivy_runtime *runtime, const char *id, const char *resources, struct bivy_runtime_error *err);

#ifdef __cplusplus
}
#endif

#endif
