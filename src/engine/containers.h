/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user does with containers: one call per intent. Requests name
 * containers as a user does (container.h). Each returns 0 or a negative errno
 * with *err filled; what it makes is undone then. The caller has no other
 * threads.
 */
#ifndef BIVY_ENGINE_CONTAINERS_H
#define BIVY_ENGINE_CONTAINERS_H

#include "base/json.h"
#include "engine/container.h"
#include "spec/network_plan.h"
#include "spec/transfer_event.h"

/* ---- create ------------------------------------------------------------------ */

struct container_image;
struct seat;
struct transfer_registry;

struct container_create_request {
	const struct directories *directories;
	const struct spec_container *asked; /* .config.image or .host.rootfs_path */
	const struct container_image *given; /* in place of either, found and kept from being removed by the caller (container_image.h); or NULL */
	const char *pull;     /* "missing" (NULL), "always", "never", "newer" */
	const char *platform; /* or NULL */
	const struct transfer_registry *registry; /* how it is asked; NULL: as usual */
	bool replace;         /* a container of that name is removed first */
	bool quiet_pull;
	bool ports_may_wait;  /* in no network that publishes its ports it is no error: it may be connected to one later */
	const int *logins_fd; /* for the pull (registry_logins.h), or NULL */
	struct seat *seat;    /* gets one that is taken (pool.h), for the start, if that follows at once; or NULL */
	void (*tell_transfer)(void *context, const struct spec_transfer_event *event); /* or NULL */
	void (*warn)(void *context, const char *text); /* what was done differently, and why; or NULL */
	void *context;
};

/* *RET_ID gets the id of 64 digits, in the arena. Errors exit with 125. */
int container_create(struct arena *arena, const struct container_create_request *request, const char **ret_id, struct error *err) _must_check_;

/* ---- start and attach ----------------------------------------------------------- */

/*
 * A connection by which somebody elsewhere has the streams, in place of our
 * standard ones. Without a terminal what comes out is in frames: the number of
 * the stream (1, 2), three zeros, the length as 32 bits, the highest first, and
 * so many bytes.
 */
struct container_wire {
	int in, out;            /* of it, filled by .open; borrowed; .in -EBADF: nothing comes in */
	const char *said;       /* bytes that have come in already, filled by .open */
	size_t said_length;
	bool unframed;          /* without a terminal, too: both streams as they come */
	bool framed;            /* with a terminal, too: all of it is stream 1 */
	uint32_t width, height; /* of its terminal, if they are known; else 0 */
	const char *backlog;    /* a directory: what it has not taken yet waits there, in a file without a name (backlog.h); NULL: the process waits */
	bool was_first;         /* it has attached before the process began, which waits for it as for the reader of a pipe when there is no room for more */

	/* Called once, when the streams are there or are sure to come: from now on nothing fails but in words on the wire. */
	int (*open)(void *context, struct container_wire *wire, struct error *err);
	/* Called once the process runs, with its number among those of exec and its id on this host; or NULL. */
	void (*started)(void *notes, int64_t session, int64_t pid);
	/* Called when it has ended, before the other end is told; or NULL. */
	void (*ended)(void *notes, int64_t exit_code);
	/* Puts why a process could not be executed in the words of who reads it; or NULL. */
	void (*word)(struct error *failure);
	void *context, *notes;
};

/* Whose streams are connected; all false: none. */
struct container_attachment {
	bool in, out, err;      /* our standard streams */
	struct container_wire *wire; /* or that one's; NULL */
	const char *detach_keys; /* "ctrl-p,ctrl-q" (NULL), "" for none */
	bool no_signal_proxy;   /* signals are not passed on */
	bool no_stdin_raw;
	bool kills;             /* SIGHUP, SIGINT, SIGQUIT and SIGTERM are passed on as SIGKILL: whoever it runs for wants its end, not its answer */
};

struct container_start_request {
	const struct directories *directories;
	const char *container;
	const struct container_attachment *attachment; /* NULL: start and return */
	bool restarted;        /* by policy after a reboot, not by a person */
	bool cleans;           /* run --rm in the foreground: remove it when it has ended */
	bool removes_image;    /* --rmi, with .cleans */
	struct seat *seat;     /* of container_create(), whose descriptors are used up; or NULL */
	bool takes_seat;       /* without: of what is prepared it may take what a container that has its id can use (pool.h) */
	/* Called once it runs, before waiting for it; or NULL. */
	void (*started)(void *context, const char *id);
	/* With .cleans: called when it has ended, before anything of it is removed; or NULL. */
	int (*ended)(void *context, struct container_record *record, int64_t exit_code, struct error *err);
	/* Called with what does not keep it from running; or NULL. */
	void (*warn)(void *context, const char *text);
	void *context;
};

struct container_start_report {
	int64_t exit_code; /* of an attached one that ended */
	bool detached;     /* by the keys: it goes on */
	bool was_running;  /* it had been already: nothing was done but to attach */
};

int container_start(const struct container_start_request *request, struct container_start_report *ret, struct error *err) _must_check_;

/* With a wire, a container that does not run is waited for: it is attached to before its first process is there. */
struct container_attach_request {
	const struct directories *directories;
	const char *container;
	struct container_attachment attachment;
};
int container_attach(const struct container_attach_request *request, struct container_start_report *ret, struct error *err) _must_check_;

struct container_exec_request {
	const struct directories *directories;
	const char *container;
	struct container_attachment attachment;
	char **args, **env; /* NULL-terminated; env may be NULL */
	const char *user, *working_directory; /* or NULL; user as in an image: names too */
	const char *id; /* what events call it; NULL: its number */
	bool terminal, privileged, detach;
	int64_t preserve_fds;
};
int container_exec(const struct container_exec_request *request, struct container_start_report *ret, struct error *err) _must_check_;

/* The size of the terminal of its first process: columns and rows. */
int container_resize(const struct directories *directories, const char *container, uint32_t width, uint32_t height, struct error *err) _must_check_;

/* ---- the life of one that exists --------------------------------------------------- */

#define CONTAINER_TIMEOUT_CONFIGURED (-2) /* the container's own */
#define CONTAINER_TIMEOUT_NONE (-1)

int container_stop(const struct directories *directories, const char *container, const char *signal, int64_t timeout_s, struct error *err) _must_check_;
int container_restart(const struct directories *directories, const char *container, const char *signal, int64_t timeout_s, struct error *err) _must_check_;
int container_kill(const struct directories *directories, const char *container, const char *signal, struct error *err) _must_check_;
int container_pause(const struct directories *directories, const char *container, struct error *err) _must_check_;
int container_unpause(const struct directories *directories, const char *container, struct error *err) _must_check_;
int container_rename(const struct directories *directories, const char *container, const char *name, struct error *err) _must_check_;

enum container_remove_flag {
	CONTAINER_REMOVE_FORCE = 1 << 0,   /* kill it if it runs; no error if there is none */
	CONTAINER_REMOVE_VOLUMES = 1 << 1, /* its anonymous volumes, too */
	CONTAINER_REMOVE_IMAGE = 1 << 2,
	CONTAINER_REMOVE_AUTO = 1 << 3,    /* only if it is to be removed at its end: the exit command of a supervisor */
	CONTAINER_REMOVE_ENDED = 1 << 4,   /* it has ended, and its supervisor waits for us to do this (CLIENT_CLEANS) */
	CONTAINER_REMOVE_ONE_OF_MANY = 1 << 5, /* the caller knows that none depends on it, and sweeps at the end */
};
int container_remove(const struct directories *directories, const char *container, unsigned flags, struct error *err) _must_check_;

enum container_wait_condition { CONTAINER_NOT_RUNNING, CONTAINER_NEXT_EXIT, CONTAINER_REMOVED, CONTAINER_HEALTHY, CONTAINER_RUNNING_NOW };
struct container_wait_request {
	const struct directories *directories;
	const char *container;
	enum container_wait_condition condition;
	int (*begun)(void *context, struct error *err); /* or NULL: called once nothing that happens is missed any more; a failure ends it */
	void *context;
};
/*
 * Until the condition is true; *RET_CODE: the exit code. The process of a container that is
 * started afterwards may end at once: its end is seen, and its code, even if it is removed then.
 */
int container_wait(const struct container_wait_request *request, int64_t *ret_code, struct error *err) _must_check_;

/* Only what is not 0, false or NULL in CHANGES' limits and restart policy; all or none. */
struct container_update_request {
	const struct directories *directories;
	const char *container;
	const struct spec_host_config *changes;
	bool has_memory_swap; /* 0 is given */
};
int container_update(const struct container_update_request *request, struct error *err) _must_check_;

/* ---- lists and documents --------------------------------------------------------------- */

struct container_entry {
	const struct container_record *record; /* for container_write_…() */
	const struct spec_container *container;
	const struct spec_container_state *state;
	int64_t created_s, started_s, finished_s; /* 0: never */
	bool has_size;
	uint64_t size_rw, size_root; /* bytes: written by it; all of it */
	const struct spec_published_port *ports; /* while it runs */
	size_t port_count;
};

struct container_list_request {
	const struct directories *directories;
	struct container_cache *cache; /* as for container_record_survey(); or NULL */
	bool all;
	int64_t last; /* the N youngest, of all; 0: no limit */
	char **filters; /* "NAME=VALUE": id name label label! status exited health ancestor before since network volume publish expose is-task until pod */
	bool size;

	/* What is to be in the list for a container, in *RET; ENTRY and all that it points to are gone afterwards. In no order. */
	int (*show)(void *context, const struct container_entry *entry, const char **ret, struct error *err);
	void *context;
};

/* What .show made of them, the youngest first; the list lives in the arena. */
int container_list(struct arena *arena, const struct container_list_request *request, const char ***ret, size_t *ret_count, struct error *err) _must_check_;

/* The document of docker's `inspect`, one line of JSON, added to *OUT. */
int container_inspect(const struct directories *directories, const char *container, bool size, struct buf *out, struct error *err) _must_check_;

/* "Mounts" of that alone, into an open object; "Networks": container_network.h. */
void container_write_mounts(struct json_writer *w, const struct container_record *record);

struct container_prune_report {
	char **ids; /* of those removed, in the arena */
	uint64_t freed_bytes;
};
int container_prune(struct arena *arena, const struct directories *directories, char *const *filters, struct container_prune_report *ret, struct error *err)
	_must_check_;

/* After a boot: what should run is started, in the order of --requires; returns how many could not be, each told through WARN. */
int container_start_all(const struct directories *directories, void (*warn)(void *context, const char *text), void *context, int64_t *ret_failed,
	struct error *err) _must_check_;

/*
 * What killed commands left is completed or removed; FOUND is called for each
 * (with REPAIR it is gone then). Every command that changes something does it
 * quietly for what it meets; `system check` for all.
 */
int container_check(const struct directories *directories, bool repair, void (*found)(void *context, const char *text), void *context, struct error *err)
	_must_check_;

#endif
