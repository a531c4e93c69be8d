/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container as a user asked for it: what `create` is given, what its record
 * (container.json) keeps, and what all that shows or runs it begins with. The
 * document's members have the names of Docker's API (ContainerCreate, and
 * `inspect`), so that one table serves all; what docker has no word for has
 * Podman's, in the same style.
 *
 * Conventions as in spec/config.h: not given is NULL, or `has_x` is false.
 * Lists are NULL-terminated; an empty list that was given is not NULL. In a
 * request what is not given is the image's or the default; in a record all of
 * that has been filled in.
 */
#ifndef BIVY_SPEC_CONTAINER_H
#define BIVY_SPEC_CONTAINER_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"
#include "spec/profile.h"
#include "spec/image_config.h"

#define SPEC_CONTAINER_LIMIT (8u << 20) /* bytes of a document */
#define SPEC_CONTAINER_SHM_SIZE (64u << 20) /* of /dev/shm, in bytes, when nobody says otherwise */

enum spec_mount_kind {
	SPEC_MOUNT_BIND,
	SPEC_MOUNT_VOLUME, /* .source NULL: anonymous; after `create` it has a name */
	SPEC_MOUNT_TMPFS,
	SPEC_MOUNT_IMAGE,  /* the files of an image, read only */
};

/* One of --mount, -v, --tmpfs; `Mounts` of HostConfig. */
struct spec_container_mount {
	enum spec_mount_kind kind;
	char *source; /* absolute path, or name of the volume or image */
	char *target; /* absolute, clean */
	bool read_only;
	bool recursive_read_only; /* "readonly=recursive"/bind-recursive=readonly: mounts below it, too */
	bool non_recursive;       /* bind-recursive=disabled: without what is mounted below */
	bool no_copy;             /* volume: an empty one stays empty */
	bool no_idmap;            /* as the host has it: files of owners outside the container's range are nobody's */
	bool create_source;       /* -v: a missing source becomes a directory; --mount: an error */
	bool chown;               /* Podman's U: all files in it become those of the container's user */
	bool overlay;             /* Podman's O: what is written to it is dropped at the container's end */
	char *propagation;        /* "rprivate", "private", "rshared", "shared", "rslave", "slave", "runbindable", "unbindable"; NULL: rprivate */
	char *subpath;            /* within the volume or image, or NULL */
	struct spec_pair *volume_options, *volume_labels; /* of the volume, if it has to be made */
	size_t volume_option_count, volume_label_count;
	/* Of the image, in a record: what keeps it from being removed (struct spec_container). */
	char *image_id, *image_manifest, *image_top_layer;
	bool has_tmpfs_size, has_tmpfs_mode;
	uint64_t tmpfs_size; /* bytes */
	uint32_t tmpfs_mode;
	char **options; /* others of tmpfs ("noexec", "uid=5"), or NULL */
	bool anonymous; /* the volume was made for this container: `rm -v` and --rm remove it */
	bool is_short;  /* -v or --tmpfs, else --mount */
	char *short_options; /* of those: what was said after the paths, or NULL */
	bool implied;   /* by a volume of the image, -v of a path alone or --volumes-from */
};

/* One of -p; strings as given. A range of the host for one port: any of it; for as many: one to one. */
struct spec_container_port {
	char *host_ip;    /* or NULL: all */
	char *host_port;  /* "8080", "8000-8010", or NULL: any */
	char *port;       /* of the container, "80" or "8000-8010" */
	char *protocol;   /* "tcp", "udp", "sctp" */
};

/*
 * Membership in one network; `NetworkingConfig.EndpointsConfig` of docker's API, by name of the network. The first
 * one's network is also .network_mode of the host's half, which keeps it when that network is left.
 */
struct spec_container_endpoint {
	char *network;    /* name or id; in a record the name */
	char *network_id; /* in a record */
	char *ipv4, *ipv6, *mac; /* asked for, or NULL */
	char **link_local; /* addresses besides */
	char **aliases;    /* further names in it */
	char **links;      /* "CONTAINER:ALIAS": names that this one sees */
	char *interface;   /* name inside, or NULL: eth0, eth1, … */
	int64_t gateway_priority; /* the highest has the default route; of equals the first by name */
	struct spec_pair *options; /* driver options: "com.docker.network.endpoint.sysctls=…" */
	size_t option_count;
};

struct spec_container_device {
	char *host, *container; /* paths */
	char *permissions;      /* some of "rwm" */
};

struct spec_container_ulimit {
	char *name; /* "nofile" */
	int64_t soft, hard; /* -1: unlimited */
};

/* Of --device-read-bps and the like: a device by path. */
struct spec_container_rate {
	char *path;
	uint64_t rate;
};

enum spec_health_action { SPEC_HEALTH_NONE, SPEC_HEALTH_KILL, SPEC_HEALTH_RESTART, SPEC_HEALTH_STOP };

/* "Config": what goes on inside, mergeable with an image's. */
struct spec_container_config {
	char *hostname, *domainname;
	char *user;
	bool has_attach_stdin, has_attach_stdout, has_attach_stderr; /* whether they were said */
	bool attach_stdin, attach_stdout, attach_stderr;
	bool tty, open_stdin, stdin_once;
	char **env;        /* "K=V" */
	char **entrypoint; /* given and empty: none, also of the image's */
	char **command;
	char *image; /* as asked */
	char **exposed_ports, **volumes; /* sets */
	char *working_directory;
	struct spec_pair *labels;
	size_t label_count;
	char *stop_signal; /* name or number, NULL: SIGTERM */
	bool has_stop_timeout;
	int64_t stop_timeout_s; /* -1: no limit */
	struct spec_health_check *health_check;
	struct spec_health_check *startup_check; /* Podman's --health-startup-*: until it succeeds .health_check waits */
	int64_t startup_successes;               /* in a row that it takes; 0 is 1 */
	enum spec_health_action health_on_failure;
	bool no_health_check;
	char **shell;
	/* Podman's. */
	char *timezone; /* --tz: "local" or a name of zoneinfo */
	bool has_umask;
	uint32_t umask;
	char **unset_env;
	bool unset_env_all;
	int64_t timeout_s; /* --timeout: killed after that long; 0: never */
	char *systemd;     /* "false", "true" (if the command is one), "always"; NULL: true */
	char **secrets;    /* as given: "NAME[,type=mount|env][,target=…][,uid=][,gid=][,mode=]" */
};

/* "HostConfig": what the host gives it and how it is held. */
struct spec_host_config {
	struct spec_container_mount *mounts;
	size_t mount_count;
	char **volumes_from; /* "CONTAINER[:ro|rw]" */
	char *network_mode;  /* "none", "host", "container:ID", "ns:PATH", or a network's name; NULL: the default */
	struct spec_container_endpoint *endpoints; /* NULL with the modes none, host, container: and ns: */
	size_t endpoint_count;
	char *net_limit; /* --net-limit as given: "down=10mbit,up=5mbit,priority=3" */
	struct spec_container_port *ports;
	size_t port_count;
	bool publish_all;
	char *restart_policy; /* "no", "always", "unless-stopped", "on-failure"; NULL: no */
	int64_t restart_maximum; /* of on-failure; 0: no limit */
	bool auto_remove;
	bool privileged;
	bool read_only_root;
	bool read_only_tmpfs;    /* --read-only-tmpfs: with a read-only root, /tmp, /run and /var/tmp are writable in memory; default true in the engine */
	char **cap_add, **cap_drop; /* names with or without CAP_, "ALL" */
	char **security_options; /* as given: "seccomp=…", "no-new-privileges", "systempaths=unconfined", "mask=", "unmask=", "label=…", "apparmor=…" */
	char *user_namespace;    /* "auto[:size=N]", "host", "keep-id", "nomap", "container:ID", "ns:PATH"; NULL: auto */
	char **uid_map, **gid_map; /* "INSIDE:OUTSIDE[:SIZE]" */
	char *pid_mode, *ipc_mode, *uts_mode, *cgroup_namespace; /* "host", "private", "container:ID", "ns:PATH", …; NULL: private */
	char **group_add;
	char **dns, **dns_options, **dns_search, **extra_hosts; /* "NAME:IP" */
	struct spec_pair *sysctls;
	size_t sysctl_count;
	struct spec_pair *annotations;
	size_t annotation_count;
	struct spec_pair *storage_options;
	size_t storage_option_count;
	struct spec_container_ulimit *ulimits;
	size_t ulimit_count;
	struct spec_container_device *devices;
	size_t device_count;
	char **device_cgroup_rules; /* "c 42:* rmw" */
	char **device_requests;     /* --gpus, as given: refused */
	char *runtime;              /* --runtime: refused unless it is ours, or what others call theirs */
	char *volume_driver;        /* of volumes that have to be made: "local", or there may be none; NULL: not said */
	char *isolation;
	uint16_t console_height, console_width; /* of its terminal when it starts; 0: not known */
	uint64_t shm_size;          /* bytes; 0: 64 MiB */
	bool has_oom_score;
	int64_t oom_score;
	bool oom_kill_disable;
	bool has_init;
	bool init;
	char *log_driver; /* "local", "json-file", "journald", "none", "passthrough"; NULL: local */
	struct spec_pair *log_options;
	size_t log_option_count;
	char *cgroup_parent;
	char *cgroups; /* Podman's --cgroups: "enabled", "disabled", "no-conmon", "split" */
	struct spec_pair *cgroup_conf; /* --cgroup-conf: file -> value of cgroup2 */
	size_t cgroup_conf_count;
	char *id_file; /* --cidfile, where it was written */
	/* Limits. 0 or has_ false: none asked for. */
	int64_t memory, memory_reservation, memory_swap; /* bytes; swap: memory and swap together, -1 unlimited */
	bool has_memory_swappiness;
	int64_t memory_swappiness;
	int64_t nano_cpus; /* 1e9 is one CPU */
	int64_t cpu_shares, cpu_period, cpu_quota; /* us */
	int64_t cpu_realtime_period, cpu_realtime_runtime; /* us */
	char *cpuset_cpus, *cpuset_mems;
	bool has_pids_limit;
	int64_t pids_limit; /* -1 unlimited */
	int64_t blkio_weight; /* 10..1000 */
	struct spec_container_rate *blkio_weight_devices;
	size_t blkio_weight_device_count;
	struct spec_container_rate *blkio_rates[THROTTLE_KIND_COUNT];
	size_t blkio_rate_count[THROTTLE_KIND_COUNT];
	/* Podman's. */
	char **requires; /* containers to be started first: names or ids; ids in a record */
	int64_t preserve_fds; /* descriptors 3 … of who starts it */
	char **preserve_fd;   /* single numbers */
	bool no_hosts;
	char *rootfs_path;    /* --rootfs: a directory in place of an image */
	bool rootfs_overlay;  /* DIR:O: what is written there is dropped */
	char **time_offset;   /* "monotonic=SECONDS", "boottime=SECONDS": a time namespace */
	char *personality;
	char *rdt_class;
	bool env_host;
	char *learn;          /* --learn: where what it uses is added to a profile; absolute */
	char *profile_file;   /* --profile: where .profile was read, absolute; of a record only to show */
	struct spec_profile *profile; /* what it is held to, or NULL */
};

/* The whole record; as a request without id, created and image_*. */
struct spec_container {
	char *id;      /* 64 hexadecimal digits */
	char *name;    /* without a slash */
	char *created; /* RFC 3339, UTC, nanoseconds */
	char *image_id;       /* digest of the configuration; NULL with rootfs_path */
	char *image_manifest; /* digest: what keeps it from being removed, with top_layer */
	char *image_top_layer; /* chain id, or NULL: no layers */
	char *image_platform;
	char *image_name;  /* normalised name at the time, or NULL */
	struct spec_container_config config;
	struct spec_host_config host;
};

/* Error messages begin with the path of the member ("HostConfig.Memory: …"). */
int spec_container_decode(struct arena *arena, const char *text, size_t length, struct spec_container **ret, struct error *err) _must_check_;

/*
 * One line of JSON without newline. What is not given is left out. Returns the
 * first text that JSON cannot hold as it is, as it is no UTF-8; NULL: all is well.
 */
const char *spec_container_encode(const struct spec_container *container, struct buf *out);

/* ERROR_INVALID for such a text, or 0 for NULL. */
int spec_container_refuse_text(const char *text, struct error *err);

/* What a container cannot see, or change; NULL-terminated. */
struct spec_container_paths {
	char **masked, **read_only;
};

/*
 * Members "Config" and "HostConfig" alone, with all defaults written as docker's
 * inspect has them, into an open object; and what comes of .security_options.
 */
void spec_container_write_inspect(struct json_writer *w, const struct spec_container *container, const struct spec_container_paths *paths);

#endif
