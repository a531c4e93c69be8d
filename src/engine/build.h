/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds: a Dockerfile and its contexts become images. What is lasting of a
 * build lies in ROOT/build:
 *
 *   cache/HEX.json        a step that was done: its key, and the layer that came out (build_cache.h)
 *   results/HEX.json      an image that was written, by all that it was made of
 *   mounts/NAME/          the directories of `RUN --mount=type=cache`, each beside NAME.lock
 *   downloads/            what came from web servers (build_download.h)
 *   index/HEX             digests of a context's files, by what stat(2) says of them
 *   layouts               images of layouts that builds have brought into the store (build_layout.h)
 *   work/                 what a build has on its way: locked, garbage once it is not
 *   collected             when it was last looked whether all this is too much
 *
 * What of it is too old, or too much, is removed at the end of builds that have
 * done something (build_collect.h).
 *
 * Invariants:
 *  1. A record of the cache is written after the layer that it names has its
 *     name in the store, and while the build has that in its lease.
 *  2. Records are roots of the store's sweep; whoever removes a record leaves
 *     its layer to that.
 *  3. Steps run as containers that are removed at their end whoever is killed:
 *     what a step has changed is renamed out of the container first.
 */
#ifndef BIVY_ENGINE_BUILD_H
#define BIVY_ENGINE_BUILD_H

#include "build/dockerfile.h"
#include "build/lint.h"
#include "engine/directories.h"
#include "spec/container.h"
#include "spec/transfer_event.h"

struct transfer_registry;

enum build_output_kind {
	BUILD_OUTPUT_IMAGE,  /* into the store (also docker's "docker" and "registry" without dest) */
	BUILD_OUTPUT_OCI,    /* an archive of an OCI layout */
	BUILD_OUTPUT_DOCKER, /* an archive as `docker load` takes it */
	BUILD_OUTPUT_LOCAL,  /* the files, into a directory */
	BUILD_OUTPUT_TAR,    /* the files, as an archive */
	BUILD_OUTPUT_NONE,   /* "cacheonly" */
};

/* -o. */
struct build_output {
	enum build_output_kind kind;
	const char *destination; /* "-": standard output; NULL for images */
	char **names;            /* of an image, besides --tag; or NULL */
	bool push, skips_verification; /* to a registry of which plain HTTP, and certificates that do not verify, will do */
	bool is_directory;       /* oci with tar=false */
	const char *attestation_prefix; /* local, tar: what names of their files begin with; or NULL */
	const char *compression; /* "gzip", "zstd", "uncompressed"; or NULL */
	bool force_compression, docker_types, rewrites_times;
	int64_t compression_level;
	struct spec_pair *annotations;
	size_t annotation_count;
};

/* --secret, --ssh. */
struct build_secret {
	const char *id;
	const char *path, *variable; /* one of both; of ssh: the agent's socket, or the file of a key */
	char **more; /* of ssh: files of further keys; NULL-terminated, or NULL */
};

/* --cache-from, --cache-to. */
struct build_cache_place {
	const char *type; /* "registry", "local", "inline" */
	const char *reference, *directory;
	const char *tag, *digest; /* in the directory; or NULL: "latest" */
	bool is_maximal;  /* mode=max: layers of all steps, not only those of the image */
	bool with_mounts; /* cache mounts come along */
	bool is_insecure; /* its registry may be spoken to in plain, or have a certificate that does not verify */
	bool ignores_errors; /* the build does not fail if it cannot be written */
	const char *compression; /* as of an output */
	int64_t compression_level;
	bool force_compression;
};

struct build_attestation {
	const char *type; /* "provenance", "sbom" */
	/* Of provenance. */
	const char *mode; /* "min", "max"; or NULL */
	const char *version; /* of SLSA: "v0.2", "v1"; or NULL */
	const char *builder_id; /* an address of the build, or NULL */
	bool is_reproducible; /* so it is said */
	bool is_inline_only; /* for images, not beside files */
};

enum build_event_kind {
	BUILD_PLANNED,  /* the vertex is there: it will be needed */
	BUILD_STARTED,
	BUILD_CACHED,   /* done, without doing anything */
	BUILD_DONE,
	BUILD_FAILED,
	BUILD_CANCELED, /* as another failed */
	BUILD_LOG,      /* .text, .length: bytes that the step wrote */
	BUILD_STATUS,   /* how far something of it is: .text, .current, .total */
	BUILD_WARNING,  /* .text; with .rule and .mark of the Dockerfile's */
	BUILD_TICK,     /* nothing, but time has passed while steps run */
};

/* What happens; strings live until the call returns. Vertices are numbered from 0; a warning may have none: (size_t)-1. */
struct build_event {
	enum build_event_kind kind;
	size_t vertex;
	const char *title;      /* "[build 2/5] RUN make", with PLANNED */
	const char *digest;     /* of the vertex, made up: the same for the same work; with PLANNED */
	const size_t *inputs;   /* vertices that it waits for; with PLANNED */
	size_t input_count;
	const char *text;
	size_t length;
	bool is_error_stream;   /* of LOG */
	uint64_t current, total;
	bool in_files;          /* those are files; else bytes */
	const char *rule;
	struct dockerfile_mark mark; /* with PLANNED: of the instruction, if the file has it */
	const struct error *error; /* of FAILED */
};

/* What a person does who looks around in a container of the failed step's files, mounts and environment. */
enum build_debug_choice {
	BUILD_DEBUG_LEAVE,
	BUILD_DEBUG_SHELL, /* on our terminal */
	BUILD_DEBUG_RETRY, /* the step's command, on the files as they are now; the build goes on with them if it succeeds */
};

struct build_debug_state {
	const char *title;            /* of the step */
	const struct dockerfile *dockerfile;
	struct dockerfile_mark mark;
	const struct error *error;    /* of the step, or why the last choice could not be done; or NULL */
	bool is_first;                /* nothing was done yet */
	enum build_debug_choice last; /* otherwise: what */
	int64_t exit_code;            /* how that ended */
};

/* Contexts of a client who has a session: a directory of it, by name; a file that it sends. */
#define BUILD_SESSION_DIRECTORY "session:"
#define BUILD_SESSION_FILE "http://buildkit-session/"

struct build_request {
	const struct directories *directories;
	const char *context;    /* directory, "-", URL, git reference */
	const char *file;       /* -f: path, "-", or NULL */
	const char *session;    /* of a client (client_session.h), or NULL: .context, .contexts, secrets, agents and logins may be its (build_client.h) */
	const char *dockerfile_directory; /* of the client's, that .file is in; or NULL: it is in the context */
	const char *ignore_file; /* --ignorefile, or NULL */
	char **tags;            /* as given; NULL-terminated, or NULL */
	const char *target;
	char **arguments;       /* "NAME[=VALUE]" of --build-arg */
	struct spec_pair *contexts; /* --build-context */
	size_t context_count;
	char **platforms;       /* or NULL: this machine's */
	struct build_output *outputs; /* none: an image */
	size_t output_count;
	bool push;
	struct spec_pair *labels;
	size_t label_count;
	struct spec_pair *annotations; /* "[index|manifest:]KEY" */
	size_t annotation_count;
	struct build_secret *secrets, *ssh;
	size_t secret_count, ssh_count;
	struct build_cache_place *cache_from, *cache_to;
	size_t cache_from_count, cache_to_count;
	struct build_attestation *attestations;
	size_t attestation_count;
	bool no_cache;
	char **no_cache_stages; /* --no-cache-filter, or NULL */
	const int *logins_fd;   /* who to be at registries (registry_logins.h), NULL: as the caller of this process */
	const char *pull;       /* "missing", "always", "never", "newer" */
	const struct transfer_registry *registry; /* how registries are asked (engine/transfer.h), for images and for --push; NULL: as usual */
	bool squash, omits_history;
	bool allows_host_network, allows_insecure; /* --allow */
	int64_t jobs;           /* steps at once; 0: as many as there are processors */
	/* What RUN steps get of --memory, --cpus, --ulimit, --shm-size, --add-host, --cgroup-parent, --network, --cap-add, --security-opt, --device, --volume, --dns. */
	const struct spec_host_config *host;
	const char *user_namespace;
	bool has_epoch;         /* $SOURCE_DATE_EPOCH, or --timestamp */
	int64_t epoch;
	void (*tell)(void *context, const struct build_event *event);
	/* --debug: what is to be done where a step of RUN has failed; asked again after each. NULL: nothing, and what the step has changed is not kept. */
	enum build_debug_choice (*debug)(void *context, const struct build_debug_state *state);
	void *tell_context; /* of both */
};

/* What became of it; in the arena. */
struct build_report {
	const struct dockerfile *dockerfile; /* once it was parsed: for messages with MARK, also after an error */
	struct dockerfile_mark mark;         /* what the error is about */
	const char *image_id;                /* digest of the configuration, or NULL: nothing was put into the store */
	const char *digest, *media_type;     /* of the manifest or index */
	uint64_t target_size;                /* bytes of that */
	struct spec_pair *annotations;       /* of its descriptor */
	size_t annotation_count;
	uint64_t size;                       /* of all files in it */
	char **names;                        /* that it has got */
	struct spec_pair *provenance;        /* of each platform, if it was asked for: its name, and the predicate */
	size_t provenance_count;
	size_t steps, cached_steps;
	/* Of a step that failed. */
	const char *failed_title;
	int64_t exit_code;
};

/* An error that a step's command makes has .exit_status 1, as docker's. */
int build_run(struct arena *arena, const struct build_request *request, struct build_report *ret, struct error *err) _must_check_;

/* --check, --call: parse, plan as far as no image is needed, and lint. *RET_WARNINGS in the arena. */
struct build_check_report {
	const struct dockerfile *dockerfile;
	struct dockerfile_mark mark;
	struct dockerfile_warning *warnings;
	size_t warning_count;
	bool is_error; /* the directive says that warnings are errors */
	const struct outline *outline; /* for --call=outline and targets */
};
int build_check(struct arena *arena, const struct build_request *request, struct build_check_report *ret, struct error *err) _must_check_;

/* ---- what builds left ------------------------------------------------------------------- */

#define BUILD_CACHE_STEP "regular"
#define BUILD_CACHE_MOUNT "exec.cachemount"
#define BUILD_CACHE_DOWNLOAD "source.http"
#define BUILD_CACHE_CONTEXT "source.local"

struct build_cache_entry {
	const char *id;           /* 32 digits; of a cache mount its name */
	const char *kind;         /* one of the above */
	const char *description;  /* "[build 2/5] RUN make" */
	int64_t created_s, used_s; /* seconds since 1970; .created_s 0: nobody knows */
	uint64_t size;            /* bytes: of the files in the layer; of a cache mount on the disk */
	bool in_use, shared;      /* a build that runs has it; an image has the layer, too */
	bool is_mutable;          /* a step may change it: a cache mount */
};
/*
 * FILTERS: "NAME=VALUE", NULL-terminated, or NULL: id, inuse, shared, private, mutable, immutable, type, until, unused-for,
 * description. In the order in which they may go: the one used last comes last.
 */
int build_cache_list(struct arena *arena, const struct directories *directories, char *const *filters, struct build_cache_entry **ret, size_t *ret_count,
	struct error *err) _must_check_;

/* What all of it takes on the disk, as the file system counts it. LAYER_BYTES: of layers that nothing else needs (image_usage.h). */
struct build_cache_usage {
	struct build_cache_entry *entries; /* as build_cache_list() */
	size_t count, in_use;
	uint64_t bytes, reclaimable_bytes;
};
int build_cache_measure(struct arena *arena, const struct directories *directories, uint64_t layer_bytes, struct build_cache_usage *ret, struct error *err)
	_must_check_;

/* All that FILTERS let through goes, if there is no limit. */
struct build_cache_prune_request {
	const struct directories *directories;
	bool all;               /* what images share, too */
	char *const *filters;   /* as above */
	uint64_t max_used_bytes; /* so much may stay: those go first that were not used for longest; 0: no such limit */
	uint64_t min_free_bytes; /* of the disk: as much goes as it lacks; 0: no such limit */
	uint64_t reserved_bytes; /* so much may stay whatever the others say */
	int64_t used_before_s;   /* what was last used before goes in any case, seconds since 1970; 0: nothing */
	bool roughly;            /* what cache mounts took an hour ago will do */
};
struct build_cache_prune_report {
	char **ids;
	uint64_t freed_bytes; /* without layers and blobs, if .roughly */
};
/* What a build that runs needs stays. Then content that nothing names any more goes. */
int build_cache_prune(struct arena *arena, const struct build_cache_prune_request *request, struct build_cache_prune_report *ret, struct error *err) _must_check_;

#endif
