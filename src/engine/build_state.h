/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A build that is under way, which the modules build_*.c work on one after the
 * other. All of it lives in one arena, and what is open is closed by build.c.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_STATE_H
#define BIVY_ENGINE_BUILD_STATE_H

#include "build/ignore.h"
#include "build/plan.h"
#include "engine/build.h"
#include "spec/build_work.h"
#include "store/images.h"
#include "store/lease.h"
#include "store/store.h"

/* A layer of a stage, or of an image. */
struct build_layer {
	const char *chain_id, *diff_id;
	const char *created;          /* RFC 3339 */
	const char *blob, *media_type; /* or NULL: there is none yet */
	uint64_t blob_size;
	const char *key;              /* of the cache's record, or NULL */
	const char *content_key;      /* as in a record, or NULL */
	const char *title;            /* of the step that made it, or NULL */
	bool is_remote;               /* only a cache elsewhere has it (build_import.h): not in the store, as far as is known */
};

/* The files of something: layers, the base first. */
struct build_files {
	struct build_layer *layers;
	size_t count, capacity;
};

/* An image that stages begin with or copy from. */
struct build_image {
	struct origin origin;
	size_t vertex;
	struct image image;
	const struct spec_image_config *config;
	struct build_files files;
};

/* Where files come from that are no stage's. */
struct build_context {
	const char *name;       /* NULL: the main one */
	const char *path;       /* of the directory, absolute */
	int fd;                 /* of it; -EBADF: not opened yet */
	const char *temporary;  /* path in ROOT/build/work that is removed at the end, or NULL */
	const char *address, *digest; /* of what it was got from elsewhere, as people may see it; or NULL: it is this machine's */
	const char *dockerfile; /* that came in place of files; or NULL */
	size_t dockerfile_length;
	char *ignore, *ignore_name; /* what is not for the build, or NULL */
	struct ignore *patterns;    /* the same */
	const char *index;      /* path of the file with digests */
};

/* A step that this build has done itself. */
struct build_done {
	struct build_done *next;
	const char *key; /* of the step */
	struct build_layer layer;
};

enum build_vertex_state { VERTEX_WAITING, VERTEX_RUNNING, VERTEX_CACHED, VERTEX_DONE, VERTEX_FAILED };

/* A step that progress shows, or the fetching of an image, or the writing of one. */
struct build_vertex {
	enum build_vertex_state state;
	const char *title;
};

/* A stage for one platform. */
struct build_stage {
	const struct outline_stage *outline;
	struct plan_stage *plan;        /* once its base is planned */
	struct build_platform *platform;
	const struct build_image *base; /* or NULL */
	struct build_files files;       /* so far */
	size_t next;                    /* step of .plan */
	size_t *vertices;               /* of the steps; (size_t)-1: it has none */
	const char **created;           /* when each step's layer was made, or NULL */
	bool is_running, is_done;
};

struct build_step;
struct build_imports;

struct build_platform {
	struct spec_platform platform;
	const char *text;               /* "linux/amd64" */
	struct outline_request request;
	struct outline *outline;
	struct build_image *images;     /* as .outline->images */
	size_t image_count;             /* of them are there */
	struct build_stage *stages;     /* by number */
};

struct build {
	struct arena *arena;
	const struct build_request *request;
	struct build_report *report;
	const struct directories *directories;
	struct store store;
	struct lease lease;
	const struct dockerfile *dockerfile;
	const char *started;            /* RFC 3339 */
	const char *work_path;          /* of the directory that is this build's own (build_work.c) */
	int work_fd;                    /* of it, locked; -EBADF: not made yet */
	size_t work_count;              /* directories that this process has made in it */
	struct build_context *contexts; /* the main one first */
	int layouts_fd;                 /* of the list of images of layouts, locked (build_layout.h); -EBADF: none is needed */
	struct spec_pair *named;        /* --build-context: layouts have become "docker-image://ID" by now */
	size_t context_count;
	struct spec_platform build_platform;
	struct build_platform *platforms;
	size_t platform_count;
	struct build_stage **stages;    /* of all platforms, those that are needed */
	size_t stage_count;
	struct build_vertex *vertices;
	size_t vertex_count;
	struct build_remote *remotes;   /* what ADD takes from elsewhere (build_remote.h) */
	struct build_digests *digests;  /* of what steps read of contexts (build_digests.h) */
	struct build_done *done;        /* the last one first */
	struct build_imports *imports;  /* caches elsewhere (build_import.h) */
	struct dockerfile_warning *warnings; /* of plans */
	size_t warning_count;
	struct dockerfile_warning *lints;    /* all that are worth telling (build_warnings.h) */
	size_t lint_count;
	const struct build_step *failed; /* that has ended the build, or NULL */
	int status_fd;                   /* in the process of a step: where what it tells goes (build_worker.c); else -EBADF */
	const char **agents;             /* for each of the request's .ssh its socket, or NULL (build_keys.h) */
	pid_t *agent_pids;               /* of those that are the build's own */
	size_t agent_count;
	const char *failed_upper;        /* path of what it had changed, with --debug */
};

/* ---- telling --------------------------------------------------------------------------- */

/* A vertex more; INPUTS are numbers of others. */
size_t build_add_vertex(struct build *build, const char *title, const size_t *inputs, size_t input_count);
/* The same for what an instruction of the Dockerfile asks for. */
size_t build_add_step_vertex(struct build *build, const char *title, const struct dockerfile_mark *mark, const size_t *inputs, size_t input_count);
void build_tell(struct build *build, size_t vertex, enum build_event_kind kind);
/* Any event; in the process of a step only how far it is. */
void build_tell_event(const struct build *build, const struct build_event *event);
void build_tell_failure(struct build *build, size_t vertex, const struct error *err);
/* A line of what is done for the vertex, without numbers. */
void build_tell_status(struct build *build, size_t vertex, const char *format, ...) _printf_(3, 4);
void build_warn(struct build *build, const char *format, ...) _printf_(2, 3);

/* What a program says of blobs on their way, for the vertex; .context of its request. */
struct build_transfer {
	struct build *build;
	size_t vertex;
};
void build_tell_transfer(void *context, const struct spec_transfer_event *transfer);

/* ---- files ------------------------------------------------------------------------------- */

void build_files_add(struct arena *arena, struct build_files *files, const struct build_layer *layer);
/* Chain id of the uppermost, or NULL. */
const char *build_files_top(const struct build_files *files);

/* The files that ORIGIN names, of a stage that is done or of an image; NULL: of a context. */
const struct build_files *build_origin_files(const struct build_platform *platform, const struct origin *origin);

/* build_graph.c: an image that was found, or NULL. */
const struct build_image *build_find_image(const struct build_platform *platform, const struct origin *origin);
/* The context that ORIGIN names; NULL: it is none. */
struct build_context *build_origin_context(struct build *build, const struct origin *origin);

/* Whether no step of the stage may be found in the cache. */
bool build_is_uncached(const struct build *build, const struct build_stage *stage);

/* The value that the build argument NAME was given, the last time, or NULL. */
const char *build_argument(const struct build *build, const char *name);

/* Now, or SOURCE_DATE_EPOCH's time; RFC 3339. */
const char *build_now(const struct build *build);

/* ---- modules in the order of a build -------------------------------------------------------- */

/* build_work.c: the directory of what is on its way, made before the first process that needs it; and those of earlier builds away. */
int build_open_work(struct build *build, struct error *err) _must_check_;
void build_close_work(struct build *build);
/* A new, empty directory in it, 0755. It is removed with all the rest. */
int build_work_make(struct build *build, const char **ret, struct error *err) _must_check_;

/* build_source.c: the contexts opened, the Dockerfile and the patterns read. */
int build_open_source(struct build *build, struct error *err) _must_check_;
void build_close_source(struct build *build);

/* build_images.c: the images that .outline of all platforms names: found, or pulled, and in the lease. */
int build_get_images(struct build *build, struct error *err) _must_check_;

/* build_graph.c: the plans of all stages that are needed, judged, and the digests of what they read of contexts. */
int build_plan_steps(struct build *build, struct error *err) _must_check_;
/* Runs all steps that are needed, or goes on with them; afterwards the target stages are done. */
int build_run_steps(struct build *build, struct error *err) _must_check_;

/*
 * build_debug.c: a person may look around where a step of RUN has failed with
 * ERR, and do it again. 0: it is done, with what was changed by hand, and the
 * other steps may go on; else ERR is why not.
 */
int build_debug(struct build *build, struct error *err) _must_check_;

/* build_cache_export.c: what was done, for builds elsewhere. */
int build_export_caches(struct build *build, struct error *err) _must_check_;

/* build_output.c: images and other outputs of the target stages. */
int build_write_outputs(struct build *build, struct error *err) _must_check_;

#endif
