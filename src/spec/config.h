/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OCI runtime configuration (runtime-spec 1.3, config.json, the Linux part)
 * as plain structs. Strings and arrays live in the arena that decoded them.
 *
 * Conventions: a string that was not given is NULL; a pointer member that was
 * not given is NULL; `has_x` tells whether a number was given where 0 means
 * something; an array comes as pointer and count (`mounts`, `mount_count`).
 * Names keep the spec's words in C spelling. String enumerations are decoded
 * to enums or kernel constants where one exists, and the decoder has refused
 * values that the spec does not know.
 */
#ifndef BIVY_SPEC_CONFIG_H
#define BIVY_SPEC_CONFIG_H

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- process ---------------------------------------------------------- */

struct spec_user {
	uint32_t uid, gid;
	bool has_umask;
	uint32_t umask;
	uint32_t *additional_gids;
	size_t additional_gid_count;
	char *username; /* Windows' member; kept, not used */
};

/* Bit N is capability N of capabilities(7). Unknown names are left out with a warning, as the spec demands. */
struct spec_capabilities {
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

struct spec_rlimit {
	int resource;      /* RLIMIT_* */
	const char *name;  /* as given: "RLIMIT_NOFILE" */
	uint64_t soft, hard; /* UINT64_MAX is RLIM_INFINITY */
};

/* Of sched(7) and <linux/sched.h>; the C libraries declare different parts of them. */
enum spec_scheduler_policy {
	SPEC_SCHED_OTHER,
	SPEC_SCHED_FIFO,
	SPEC_SCHED_RR,
	SPEC_SCHED_BATCH,
	SPEC_SCHED_ISO,
	SPEC_SCHED_IDLE,
	SPEC_SCHED_DEADLINE,
};

struct spec_scheduler {
	uint32_t policy;   /* enum spec_scheduler_policy, the kernel's numbers */
	int32_t nice;
	int32_t priority;
	uint64_t flags;    /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period; /* ns */
};

struct spec_io_priority {
	int class;    /* IOPRIO_CLASS_RT 1, BE 2, IDLE 3 */
	int priority; /* 0..7 */
};

struct spec_process {
	bool terminal;
	uint32_t console_height, console_width; /* 0: not given */
	struct spec_user user;
	char **args;  /* NULL-terminated; NULL if not given */
	char **env;   /* NULL-terminated; never NULL */
	char *cwd;
	struct spec_capabilities *capabilities; /* NULL: not given: all sets empty */
	struct spec_rlimit *rlimits;
	size_t rlimit_count;
	bool no_new_privileges;
	char *apparmor_profile;
	char *selinux_label;
	bool has_oom_score_adj;
	int32_t oom_score_adj;
	struct spec_scheduler *scheduler;
	struct spec_io_priority *io_priority;
	char *cpu_affinity_initial; /* execCPUAffinity.initial, a cpu list, checked */
	char *cpu_affinity_final;
};

/* ---- mounts ------------------------------------------------------------ */

struct spec_id_mapping {
	uint32_t container_id, host_id, size;
};

/*
 * Options are already sorted: flags as mount(2) MS_* to set and to clear, the
 * recursive attributes of mount_setattr(2), propagation, and what is left over
 * for the file system, joined by commas.
 */
struct spec_mount {
	char *destination;
	char *type;   /* NULL if not given */
	char *source; /* NULL if not given */
	char **options; /* as given, NULL-terminated, for messages and printing */
	unsigned long set_flags;   /* MS_RDONLY, MS_NOSUID, ..., MS_BIND, MS_REC, MS_REMOUNT */
	unsigned long clear_flags; /* "rw", "suid", ...: flags to clear on a bind mount */
	unsigned long *propagation; /* MS_PRIVATE|MS_REC ..., in order given */
	size_t propagation_count;
	uint64_t recursive_set, recursive_clear; /* MOUNT_ATTR_*: "rro", "rnosuid", ... */
	char *data;   /* file system options, or NULL */
	bool tmpcopyup;
	bool idmap, idmap_recursive; /* "idmap", "ridmap", or uidMappings given */
	struct spec_id_mapping *uid_mappings, *gid_mappings;
	size_t uid_mapping_count, gid_mapping_count;
};

/* ---- hooks ------------------------------------------------------------- */

struct spec_hook {
	char *path;  /* absolute */
	char **args; /* NULL-terminated, or NULL */
	char **env;  /* NULL-terminated, or NULL */
	bool has_timeout;
	uint64_t timeout_s; /* > 0 */
};

enum spec_hook_kind {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_KIND_COUNT,
};

struct spec_hooks {
	struct spec_hook *hooks[HOOK_KIND_COUNT];
	size_t count[HOOK_KIND_COUNT];
};

/* ---- linux: namespaces, devices ---------------------------------------- */

struct spec_namespace {
	int flag;   /* CLONE_NEW* */
	const char *name; /* the spec's: "pid" "network" "mount" "ipc" "uts" "user" "cgroup" "time" */
	char *path; /* NULL: a new one */
};

struct spec_time_offset {
	bool given;
	int64_t secs;
	uint32_t nanosecs;
};

struct spec_device {
	char *path;
	char type;  /* 'c' (also for 'u'), 'b' or 'p' */
	int64_t major, minor;
	bool has_mode;
	uint32_t mode; /* default 0666 */
	bool has_uid, has_gid;
	uint32_t uid, gid;
};

struct spec_net_device {
	char *name;     /* on the host */
	char *new_name; /* inside, or NULL */
};

/* ---- linux: resources --------------------------------------------------- */

#define SPEC_WILDCARD (-1) /* of a device number */

struct spec_device_rule {
	bool allow;
	char type;   /* 'a' 'b' 'c' */
	int64_t major, minor; /* or SPEC_WILDCARD */
	uint8_t access; /* bits: 1 r, 2 w, 4 m; 0 is the same as all */
};

struct spec_memory {
	bool has_limit, has_reservation, has_swap, has_kernel, has_kernel_tcp, has_swappiness;
	int64_t limit, reservation, swap, kernel, kernel_tcp; /* bytes; -1 unlimited */
	uint64_t swappiness;
	bool has_disable_oom_killer, disable_oom_killer;
	bool has_use_hierarchy, use_hierarchy;
	bool has_check_before_update, check_before_update;
};

struct spec_cpu {
	bool has_shares, has_quota, has_burst, has_period, has_realtime_runtime, has_realtime_period, has_idle;
	uint64_t shares;
	int64_t quota;  /* us; negative: none */
	uint64_t burst, period; /* us */
	int64_t realtime_runtime;
	uint64_t realtime_period;
	int64_t idle;
	char *cpus, *mems;
};

struct spec_weight_device {
	int64_t major, minor;
	bool has_weight, has_leaf_weight;
	uint16_t weight, leaf_weight;
};

struct spec_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

enum spec_throttle_kind {
	THROTTLE_READ_BPS,
	THROTTLE_WRITE_BPS,
	THROTTLE_READ_IOPS,
	THROTTLE_WRITE_IOPS,
	THROTTLE_KIND_COUNT,
};

struct spec_block_io {
	bool has_weight, has_leaf_weight;
	uint16_t weight, leaf_weight;
	struct spec_weight_device *weight_devices;
	size_t weight_device_count;
	struct spec_throttle_device *throttle[THROTTLE_KIND_COUNT];
	size_t throttle_count[THROTTLE_KIND_COUNT];
};

struct spec_hugepage_limit {
	char *page_size; /* "2MB", checked to be ^[1-9][0-9]*[KMG]B$ */
	uint64_t limit;
};

struct spec_interface_priority {
	char *name;
	uint32_t priority;
};

struct spec_rdma {
	char *device;
	bool has_handles, has_objects;
	uint32_t handles, objects;
};

struct spec_pair {
	char *key;
	char *value;
};

struct spec_resources {
	struct spec_device_rule *devices;
	size_t device_count;
	struct spec_memory *memory;
	struct spec_cpu *cpu;
	bool has_pids_limit;
	int64_t pids_limit; /* <= 0 other than absent: unlimited (-1) */
	struct spec_block_io *block_io;
	struct spec_hugepage_limit *hugepage_limits;
	size_t hugepage_limit_count;
	bool has_class_id;
	uint32_t class_id;
	struct spec_interface_priority *priorities;
	size_t priority_count;
	struct spec_rdma *rdma;
	size_t rdma_count;
	struct spec_pair *unified; /* file name -> content */
	size_t unified_count;
};

/* ---- linux: seccomp ------------------------------------------------------ */

struct spec_seccomp_arg {
	uint32_t index; /* 0..5 */
	uint64_t value, value_two;
	uint32_t op;    /* enum spec_seccomp_op */
};

enum spec_seccomp_op {
	SECCOMP_OP_NE,
	SECCOMP_OP_LT,
	SECCOMP_OP_LE,
	SECCOMP_OP_EQ,
	SECCOMP_OP_GE,
	SECCOMP_OP_GT,
	SECCOMP_OP_MASKED_EQ,
};

enum spec_seccomp_action {
	SECCOMP_ACT_KILL_THREAD, /* also "SCMP_ACT_KILL" */
	SECCOMP_ACT_KILL_PROCESS,
	SECCOMP_ACT_TRAP,
	SECCOMP_ACT_ERRNO,
	SECCOMP_ACT_TRACE,
	SECCOMP_ACT_ALLOW,
	SECCOMP_ACT_LOG,
	SECCOMP_ACT_NOTIFY,
};

struct spec_seccomp_rule {
	char **names; /* NULL-terminated, at least one */
	enum spec_seccomp_action action;
	bool has_errno;
	uint32_t errno_ret;
	struct spec_seccomp_arg *args;
	size_t arg_count;
};

struct spec_seccomp {
	enum spec_seccomp_action default_action;
	bool has_default_errno;
	uint32_t default_errno;
	uint32_t *architectures; /* AUDIT_ARCH_* | X32 marked by SPEC_ARCH_X32 */
	size_t architecture_count;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	char *listener_path, *listener_metadata;
	struct spec_seccomp_rule *rules;
	size_t rule_count;
};

/* x32 shares AUDIT_ARCH_X86_64; this value stands for "SCMP_ARCH_X32" in the list above. */
#define SPEC_ARCH_X32 0x4000003eu

/* ---- the whole ------------------------------------------------------------ */

struct spec_intel_rdt {
	char *clos_id, *l3_cache_schema, *mem_bw_schema;
	char **schemata; /* NULL-terminated or NULL */
	bool enable_monitoring;
};

/* Of <linux/mempolicy.h>. */
enum spec_memory_mode {
	SPEC_MPOL_DEFAULT,
	SPEC_MPOL_PREFERRED,
	SPEC_MPOL_BIND,
	SPEC_MPOL_INTERLEAVE,
	SPEC_MPOL_LOCAL,
	SPEC_MPOL_PREFERRED_MANY,
	SPEC_MPOL_WEIGHTED_INTERLEAVE,
};

enum spec_memory_flag {
	SPEC_MPOL_F_NUMA_BALANCING = 1 << 13,
	SPEC_MPOL_F_RELATIVE_NODES = 1 << 14,
	SPEC_MPOL_F_STATIC_NODES = 1 << 15,
};

struct spec_memory_policy {
	int mode;       /* enum spec_memory_mode, the kernel's numbers */
	char *nodes;    /* a node list, checked, or NULL */
	uint32_t flags; /* MPOL_F_*_NODES bits */
};

/*
 * `linux.landlock`, ours alone: what Landlock holds the container's processes
 * to. A list that is NULL restricts nothing, an empty one allows nothing.
 */
struct spec_landlock {
	char **writable; /* absolute paths, of files and of directories with all beneath them, as they are without links; those that are not there are passed over */
	bool has_bind_ports, has_connect_ports; /* of TCP */
	uint16_t *bind_ports, *connect_ports;
	size_t bind_port_count, connect_port_count;
};

struct spec_linux {
	struct spec_namespace *namespaces;
	size_t namespace_count;
	struct spec_id_mapping *uid_mappings, *gid_mappings;
	size_t uid_mapping_count, gid_mapping_count;
	struct spec_time_offset monotonic, boottime;
	struct spec_device *devices;
	size_t device_count;
	struct spec_net_device *net_devices;
	size_t net_device_count;
	char *cgroups_path;
	unsigned long rootfs_propagation; /* one MS_* flag, perhaps with MS_REC; 0: not given */
	char **masked_paths, **readonly_paths; /* NULL-terminated, never NULL */
	char *mount_label;
	struct spec_resources *resources; /* never NULL after decoding */
	struct spec_seccomp *seccomp;
	struct spec_pair *sysctl;
	size_t sysctl_count;
	struct spec_intel_rdt *intel_rdt;
	bool has_personality;
	uint32_t personality; /* PER_LINUX or PER_LINUX32 (personality(2)), flags included */
	struct spec_memory_policy *memory_policy;
	struct spec_landlock *landlock; /* or NULL */
};

struct spec_config {
	char *oci_version;
	char *root_path; /* NULL: root not given */
	bool root_readonly;
	struct spec_mount *mounts;
	size_t mount_count;
	struct spec_process *process; /* NULL: not given */
	char *hostname, *domainname;
	struct spec_hooks hooks;
	struct spec_pair *annotations;
	size_t annotation_count;
	struct spec_linux linux_; /* `linux` is a predefined macro of GNU C */
};

/* Largest config.json that is read. */
#define SPEC_CONFIG_LIMIT (8u << 20)

/*
 * Decodes a config.json. Wrong types, unknown values of an enumeration and
 * numbers out of range are refused, the message starting with the member's
 * path ("process.user.uid: expected integer, found string"); unknown members
 * are ignored as the spec demands. Cross-checks that need no kernel are made
 * too (duplicate namespaces, a new user namespace without mappings, absolute
 * paths, ociVersion 1.x, unified keys that are plain file names ...). Mappings
 * without a user namespace are dropped: then there are none. An empty string
 * for an optional member counts as not given, as for other runtimes.
 */
int spec_config_decode(struct arena *arena, const char *text, size_t length, struct spec_config **ret, struct error *err) _must_check_;

/* Decodes a `process` document on its own (exec -p). */
int spec_process_decode(struct arena *arena, const char *text, size_t length, struct spec_process **ret, struct error *err) _must_check_;

/* Decodes a `linux.resources` document on its own (update -r). */
int spec_resources_decode(struct arena *arena, const char *text, size_t length, struct spec_resources **ret, struct error *err) _must_check_;

/* The namespace entry with this CLONE_NEW* flag, or NULL. */
const struct spec_namespace *spec_namespace_find(const struct spec_config *config, int flag);

/*
 * Sorts one OCI mount option list (NULL-terminated, kept in ->options) into the
 * flag members of *MOUNT. What is no option of the runtime's is the file
 * system's to judge and goes into ->data. The names: mount_options.h.
 */
void spec_mount_set_options(struct arena *arena, struct spec_mount *mount, char **options);

#endif
