/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's control groups: one group in every hierarchy of the host, made,
 * entered, written, frozen, emptied and removed together. Nothing here knows
 * what a limit means; see runtime/resources.h.
 *
 * Each group is held by a descriptor of its directory; paths are for messages.
 * Paths never contain ".." (cgroup_path_clean).
 */
#ifndef BIVY_HOST_CGROUP_H
#define BIVY_HOST_CGROUP_H

#include "base/error.h"
#include "base/str.h"
#include "host/cgroup_world.h"

#include <stdint.h>
#include <sys/types.h>

struct cgroup_group {
	char *mount;          /* of the hierarchy */
	char *path;           /* beneath the mount: "/bivy/web" */
	char *name;           /* of a named v1 hierarchy, else NULL */
	bool is_v2;
	bool made;            /* ours: cgroup_set_remove() removes it */
	unsigned controllers; /* CGROUP_BIT()s */
	unsigned levels_made; /* how many directories at the end of PATH cgroup_set_create() made */
	int fd;               /* of the directory, or -EBADF: it is gone, or the set is only drawn */
	int entry_fd;         /* see cgroup_set_prepare_entry(), else -EBADF */
};

struct cgroup_set {
	struct cgroup_group *groups;
	size_t count;
};
#define CGROUP_SET_INIT ((struct cgroup_set){ 0 })

void cgroup_set_done(struct cgroup_set *set);
#define _cleanup_cgroup_set_ _cleanup_(cgroup_set_done)

/* ---- where ------------------------------------------------------------------ */

/*
 * The group's path beneath the hierarchy's mount for an OCI cgroupsPath: an
 * absolute one counts from the hierarchy's .top_path; a relative one from our own group
 * (v2: from its parent, because a group with processes cannot hand controllers
 * down to children); none (NULL or "") is the relative path ID. ".." is resolved
 * as if PATH's start were the root. free() it.
 */
char *cgroup_path_resolve(const struct cgroup_hierarchy *hierarchy, const char *cgroups_path, const char *id);

/* "/a/b" from any text: no "." or "..", no doubled or trailing slash; free(). */
char *cgroup_path_clean(const char *path);

/* ---- life -------------------------------------------------------------------- */

enum cgroup_flag {
	CGROUP_TOLERATE = 1 << 0, /* a hierarchy that may not be written is left out (rootless) */
	CGROUP_PREPARED = 1 << 1, /* groups that are there were made for this by cgroup_set_create() and never used: they are opened, no more */
};

/*
 * The groups that cgroup_set_create() would make, none of them opened: for
 * plans that are only printed.
 */
void cgroup_set_draw(const struct cgroup_world *world, const char *cgroups_path, const char *id, struct cgroup_set *ret);

/*
 * Makes the groups in all hierarchies, 0.1 ms each. cpuset groups of v1 get
 * their parent's processors and nodes; in v2 the controllers are handed down
 * along the path as far as the kernel lets us. An empty group that exists
 * already is taken over; one that has processes or is frozen is refused
 * (-EBUSY, ERROR_CONFLICT). On failure everything made is removed again.
 */
int cgroup_set_create(const struct cgroup_world *world, const char *cgroups_path, const char *id, unsigned flags, struct cgroup_set *ret, struct error *err) _must_check_;

/* A group as a record keeps it. */
struct cgroup_place {
	const char *mount, *path;
	bool made;
};

/*
 * Opens groups that exist, on this host. One that is gone stays in the set with
 * fd -EBADF; one of a hierarchy that is not mounted any more is left out.
 */
int cgroup_set_open(const struct cgroup_place *places, size_t count, struct cgroup_set *ret, struct error *err) _must_check_;

/* The same, in WORLD. */
int cgroup_set_open_in(const struct cgroup_world *world, const struct cgroup_place *places, size_t count, struct cgroup_set *ret, struct error *err) _must_check_;

/*
 * Removes the groups that are ours, with all groups below them. Processes that
 * are still dying are waited for, at most TIMEOUT_MS; then -EBUSY. A group that
 * is gone already is no failure. *ret_failed (may be NULL) is the group that
 * stayed. All are tried.
 */
int cgroup_set_remove(struct cgroup_set *set, unsigned timeout_ms, const struct cgroup_group **ret_failed) _must_check_;

/* Undo of cgroup_set_create(): the groups and the parents that it made; never fails loudly. */
void cgroup_set_undo(struct cgroup_set *set);

/* ---- entering ------------------------------------------------------------------ */

/*
 * Moving another process through a v1 cgroup.procs waits for an RCU grace
 * period, about 13 ms; a single-threaded process that writes "0" to `tasks`
 * moves itself without. So the parent opens the files and the child enters.
 * With CLONE_INTO_CGROUP the child is born in the v2 group already.
 */
enum cgroup_entry_flag {
	CGROUP_ENTRY_WITHOUT_V2 = 1 << 0, /* v2 is done by CLONE_INTO_CGROUP */
};
int cgroup_set_prepare_entry(struct cgroup_set *set, unsigned flags, const struct cgroup_group **ret_failed) _must_check_;

/*
 * Moves the calling process, which has a single thread, into all groups that
 * were prepared. For a child after clone: allocates nothing, takes no lock. The
 * descriptors stay open. *ret_failed is the index of the group that refused.
 */
int cgroup_set_enter(const struct cgroup_set *set, size_t *ret_failed) _must_check_;

/* Closes the descriptors of cgroup_set_prepare_entry(). */
void cgroup_set_close_entry(struct cgroup_set *set);

/* Descriptor of the v2 group's directory for struct sys_clone_args.cgroup, or -1; borrowed. */
int cgroup_set_v2_fd(const struct cgroup_set *set);

/*
 * exec --cgroup: narrows the set to existing groups below. ARGUMENT is "PATH" (v2, or all
 * hierarchies where it exists) or "CONTROLLER[,CONTROLLER]:PATH"; PATH is relative to the container's group and
 * cannot leave it. On success the chosen groups' fd and path are those of the
 * sub-group.
 */
int cgroup_set_descend(struct cgroup_set *set, const char *argument, struct error *err) _must_check_;

/*
 * The v2 group that process PID is in, if that is below the set's, in its
 * place: where a process can still enter when the container has handed
 * controllers down to groups of its own and so keeps its first group empty
 * (CLONE_INTO_CGROUP: EBUSY). -ENOENT: PID is elsewhere, or there is no v2.
 */
int cgroup_set_follow(struct cgroup_set *set, pid_t pid) _must_check_;

/* ---- files ------------------------------------------------------------------------ */

/* The group whose hierarchy carries CONTROLLER, or NULL. */
const struct cgroup_group *cgroup_set_find(const struct cgroup_set *set, enum cgroup_controller controller);
const struct cgroup_group *cgroup_set_v2(const struct cgroup_set *set);

/* One write(2). -ENOENT: no such file in this kernel, or the controller is not enabled here. */
int cgroup_write(const struct cgroup_group *group, const char *file, const char *value) _must_check_;

/* The text of a file without trailing white space; at most LIMIT bytes; free(). */
int cgroup_read(const struct cgroup_group *group, const char *file, size_t limit, char **ret) _must_check_;

/* A file that holds one number; "max" and "-1" are UINT64_MAX. */
int cgroup_read_u64(const struct cgroup_group *group, const char *file, uint64_t *ret) _must_check_;

/* "/sys/fs/cgroup/memory/a/b/FILE" (FILE may be NULL), for messages; free(). */
char *cgroup_file_path(const struct cgroup_group *group, const char *file);

/* ---- processes ---------------------------------------------------------------------- */

/* The processes in the set and in all groups below, sorted, each once; free(). -ENOENT: all groups are gone. */
int cgroup_set_pids(const struct cgroup_set *set, pid_t **ret, size_t *ret_count) _must_check_;

/*
 * Sends a signal to every process. SIGKILL goes through cgroup.kill where there is a cgroup2
 * (5.14) and thaws; otherwise processes are frozen, signalled and thawed, so that none escapes by forking.
 */
int cgroup_set_signal_all(const struct cgroup_set *set, int signal_number) _must_check_;

/*
 * All processes stop, or go on. Returns when the kernel says that they have;
 * -EBUSY if it does not within two seconds (and then thaws again). -EOPNOTSUPP: no freezer here.
 */
int cgroup_set_freeze(const struct cgroup_set *set) _must_check_;
int cgroup_set_thaw(const struct cgroup_set *set) _must_check_;
/* 1, 0, or -errno; 0 where there is no freezer. */
int cgroup_set_is_frozen(const struct cgroup_set *set) _must_check_;

#endif
