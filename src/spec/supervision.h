/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What engine and supervisor tell each other: the document a supervisor is
 * started with (supervise.json, beside the bundle's config.json), and the
 * messages on its socket.
 *
 * The socket is SOCK_SEQPACKET; a packet is one JSON object, with descriptors
 * along where said. A client sends requests; each gets exactly one REPLY (or
 * ERROR) in order; EVENTs come in between. A client that goes away takes with
 * it nothing but its own streams.
 *
 * Streams are pipes of the client's (with a terminal: too): with ATTACH and
 * EXEC it sends one end of each for those asked for, in the order in, out,
 * err; the supervisor reads from the first and writes to the others, without
 * ever waiting for one while others could go on. Closing is the end of the
 * stream: the supervisor closes its ends of out and err when the process's
 * have ended, and the process's input when the client's pipe ends.
 */
#ifndef BIVY_SPEC_SUPERVISION_H
#define BIVY_SPEC_SUPERVISION_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"
#include "spec/container_state.h"
#include "spec/container.h"
#include "spec/image_config.h"

#define SPEC_SUPERVISION_SOCKET "supervisor"      /* in the directory of the bundle */
#define SPEC_SUPERVISION_DOCUMENT "supervise.json"
#define SPEC_SUPERVISION_STATE "state.json"
#define SPEC_POOL_LOCK "pool.lock" /* in the directory above runtime_root */
#define SPEC_SUPERVISION_LOCK "lock" /* flock'd by the supervisor as long as it lives */
#define SPEC_SUPERVISION_LEARNER "learner" /* socket where the runtime hands filters' listeners to who learns */
#define SPEC_SUPERVISION_LIMIT (1u << 20) /* bytes of supervise.json */
#define SPEC_SUPERVISION_FDS 16 /* descriptors that may come with a message */
#define SPEC_SUPERVISION_PACKET (128u << 10) /* bytes of a message; longer requests are refused by who would send them */

/* Letters of the packet that comes with a bundle; all but the first and the last stand for a descriptor (supervisor/handover.h). */
#define SPEC_HANDOVER_BUNDLE 'b'
#define SPEC_HANDOVER_ROOT 'r'    /* of the first start, a detached mount */
#define SPEC_HANDOVER_USER 'u'    /* its user namespace, and */
#define SPEC_HANDOVER_NETWORK 'n' /* network namespace, where its links are already */
#define SPEC_HANDOVER_HOLD 'h'    /* kept open as long as the container lives */
#define SPEC_HANDOVER_GROUPS 'g'  /* its control groups are made already */

/*
 * A mount that has to be made anew for each start, in place of the bind that config.json has for the target: layers over each
 * other, mapped as the root's are, or a directory that is looked for beneath another one, of which strangers have a part.
 */
struct spec_supervision_mount {
	char *target;   /* as in config.json */
	char **lowers;  /* with .writable (NULL: read only) an overlay; NULL: what is at .source */
	char *writable;
	char *source;   /* directory */
	char *subpath;  /* beneath it, or beneath the layers; or NULL */
	bool recursive; /* with what is mounted below */
};

/* A volume that it has, for what is told of that. */
struct spec_supervision_volume {
	char *name, *target;
	char *propagation; /* or NULL */
	bool read_only;
};

struct spec_supervision {
	char *id;           /* the runtime's, too */
	char *name;         /* for log drivers and messages */
	char *runtime_root; /* records of bivy-runtime */
	char *record;       /* directory that gets the last state.json */
	/* The root file system (host/overlay.h), mounted anew for each start; without lowers and writable root.path of config.json is used. */
	char **lowers;
	char *writable;
	bool user_marks;
	char *directory; /* in place of layers: bound with those mappings, with all that is mounted below */
	struct spec_id_mapping *uid_mappings, *gid_mappings; /* of the root's mount; none: as on disk */
	size_t uid_mapping_count, gid_mapping_count;
	struct spec_supervision_mount *mounts;
	size_t mount_count;
	struct spec_supervision_volume *volumes;
	size_t volume_count;
	bool terminal, open_stdin, stdin_once;
	int64_t stop_signal;    /* number */
	int64_t stop_timeout_s; /* -1: none */
	int64_t timeout_s;      /* --timeout; 0: none */
	char *restart_policy;   /* "no", … */
	int64_t restart_maximum;
	int64_t restart_count;  /* so far: it was `restart`ed, or comes back after a reboot */
	bool init;              /* the first process is bivy-init: it has handlers for all signals */
	struct spec_health_check *health_check, *startup_check;
	int64_t startup_successes;
	enum spec_health_action health_on_failure;
	char *log_driver, *log_path; /* path: of the file or directory that the driver writes */
	struct spec_pair *log_options;
	size_t log_option_count;
	struct spec_pair *labels; /* for journald */
	size_t label_count;
	char *image_name; /* for journald */
	char *transfer;   /* path of bivy-transfer, which compresses rotated logs; NULL: they stay as they are */
	char **shell;     /* what CMD-SHELL of a health check is given to; NULL: /bin/sh -c */
	char **exit_command; /* executed as the supervisor's last act, unless a client has said CLIENT_CLEANS; or NULL */
	char **pool_command; /* executed behind that, if nothing else was and nobody holds the lock SPEC_POOL_LOCK (engine/pool.h); or NULL */
	/*
	 * Where events are appended (engine/events.h), or NULL. The supervisor tells of start, oom, die, kill, stop, restart, pause,
	 * unpause, exec_create, exec_start, exec_die and health_status, and of mount and unmount of volumes; the engine of all else.
	 */
	char *events_path;
	char *learn; /* the profile that what the container uses is added to; or NULL */
	uint32_t id_base, id_size;
};

/* Of .id, .runtime_root and .record all must be given. Strings live in the arena; unknown members are passed over. */
int spec_supervision_decode(struct arena *arena, const char *text, size_t length, struct spec_supervision **ret, struct error *err) _must_check_;
/* One line of JSON without newline; what is not given is left out. */
void spec_supervision_encode(const struct spec_supervision *supervision, struct buf *out);

enum spec_request {
	/* Start it: only on the connection a supervisor is born with, once. Reply: pid. Before it clients may ATTACH. */
	SPEC_REQUEST_START,
	/* Descriptors: in, out, err as flags say (with a terminal only in, out). Reply at once; EVENT detached/exit end it. .logs is the client's affair. */
	SPEC_REQUEST_ATTACH,
	SPEC_REQUEST_RESIZE,  /* width, height; .session 0: of the container, else of that exec */
	/* As ATTACH, and args, env, cwd, user… in .process, .name: what events call it, or NULL; reply: session number and pid; then an EVENT session_exit with its exit code (125, 126, 127 and .error if it could not be executed). */
	SPEC_REQUEST_EXEC,
	SPEC_REQUEST_WAIT,    /* reply when it is not running any more (for good or until the next restart): exit code */
	SPEC_REQUEST_WAIT_GONE, /* reply when the supervisor ends: no restart comes */
	SPEC_REQUEST_STOP,    /* .signal (0: the configured), .timeout_s (-2: the configured), .manually: reply when stopped */
	SPEC_REQUEST_RESTART, /* stop, as above, and start again in place; reply when it runs */
	SPEC_REQUEST_KILL,    /* .signal; .session as in RESIZE */
	SPEC_REQUEST_PAUSE,
	SPEC_REQUEST_UNPAUSE,
	SPEC_REQUEST_CHECK_HEALTH, /* run the check now: reply with exit code */
	/* .supervision: the restart policy, with its maximum, if it is given; stop timeout and signal if the signal is given; the checks, if one is. Limits are the runtime's affair. */
	SPEC_REQUEST_UPDATE,
	SPEC_REQUEST_RENAME,  /* .name */
	SPEC_REQUEST_CLIENT_CLEANS, /* I run the exit command's work myself after the end, as long as I live */
	SPEC_REQUEST_SESSIONS, /* reply: the exec sessions, for inspect */
};

enum spec_message_type {
	SPEC_MESSAGE_REQUEST,
	SPEC_MESSAGE_REPLY,
	SPEC_MESSAGE_ERROR,
	SPEC_MESSAGE_EVENT_EXIT,         /* the container's process ended: exit code, oom, whether it will be restarted */
	SPEC_MESSAGE_EVENT_SESSION_EXIT, /* an exec's */
};

/* The process of an exec; what is not given is the container's. */
struct spec_exec_process {
	char **args;
	char **env;
	char *cwd;
	char *user;  /* "UID[:GID]", numbers: names are looked up by the engine */
	uint32_t *additional_gids;
	size_t additional_gid_count;
	bool terminal;
	bool privileged; /* all capabilities that the container could have */
	bool detach_keys_unused;
	int64_t preserve_fds; /* that many descriptors come behind the streams */
	bool timing;          /* and behind those that of a table of timings (base/timing.h) */
};

struct spec_session {
	int64_t number, pid, exit_code;
	bool running;
	char **args;
	char *name; /* that EXEC gave it, or NULL */
};

struct spec_message {
	enum spec_message_type type;
	enum spec_request request; /* of REQUEST */
	bool in, out, err;         /* streams, and which descriptors come along */
	uint32_t width, height;    /* of the terminal: columns, rows; 0: unknown */
	int64_t session, pid, signal, timeout_s, exit_code;
	bool manually, oom_killed, will_restart;
	char *name;
	struct spec_exec_process *process;
	struct spec_supervision *supervision; /* of UPDATE */
	struct spec_session *sessions;
	size_t session_count;
	struct error error;
};

/* A message that is accepted has what its request or type cannot do without; ERROR_INVALID for others. */
int spec_message_decode(struct arena *arena, const char *text, size_t length, struct spec_message **ret, struct error *err) _must_check_;
/* Returns what JSON cannot hold as it is, as spec_container_encode(). */
const char *spec_message_encode(const struct spec_message *message, struct buf *out);

#endif
