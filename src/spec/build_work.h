/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that `bivy build` gives to `bivy-builder`, which reads files, makes
 * digests, archives and images of them: one JSON document in, one out.
 * Directories are inherited open, by number.
 */
#ifndef BIVY_SPEC_BUILD_WORK_H
#define BIVY_SPEC_BUILD_WORK_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stdint.h>

#define SPEC_BUILD_WORK_LIMIT (64u << 20) /* bytes of a document */

/* What a COPY or ADD, or a bind mount, takes from one tree. Paths and patterns resolve beneath the root, wherever links lead. */
struct spec_build_take {
	int root_fd;      /* the tree */
	char *ignore;     /* text of its .dockerignore, or NULL */
	char *ignore_name; /* for messages */
	char *index;      /* path of the file that remembers digests of files that are as they were; made if missing; or NULL: none */
	char **sources;   /* patterns (build/ignore.h: ignore_fits_source()), relative, clean; "." or "": all of it; one without wildcards must be there */
	bool parents;     /* their directories come along, from behind a "/./" if a source has one */
	char **excludes;  /* patterns, or NULL */
	bool is_context;  /* all of it is root's, whoever owns it here */
	bool unpack;      /* archives are what is in them (ADD): for the digest it only counts that they are */
};

/* digest: one text per take, of all that would arrive: names, kinds, modes, owners, extended attributes, bytes, links; never times. */
struct spec_build_digest {
	struct spec_build_take *takes;
	size_t take_count;
};

struct spec_build_taken {
	char *digest;
	uint64_t entries, bytes;
};

struct spec_build_digest_report {
	struct spec_build_taken *takes;
	size_t take_count;
};

/* layer: what is in a directory, as overlay has written it, becomes a layer of the store. */
struct spec_build_layer {
	char *upper;        /* path of the directory, on the store's file system: it is taken away */
	char *parent;       /* chain id of the layer below, or NULL */
	char **mountpoints; /* absolute: where the step had mounts; what is empty and new there is left out */
	bool has_epoch, rewrites_times;
	int64_t epoch;      /* with .rewrites_times no time in it is later */
	char *clone;        /* chain id of a layer that has the same files, in place of .upper: a layer of COPY --link on another parent */
	char **merge;       /* chain ids of layers on .parent, one on the other, the lowest first, in place of both: they become one */
	bool wants_blob;    /* it will be an image's: its blob is made with it. Not for a clone */
	char *compression;  /* of that: "gzip", "zstd", "uncompressed"; NULL: gzip */
	int64_t compression_level; /* 0: its default */
};

struct spec_build_layer_report {
	char *chain_id, *diff_id;
	uint64_t size;    /* bytes of its files' data */
	uint64_t members; /* 0: nothing has changed */
	char *blob, *media_type; /* or NULL: none was made */
	uint64_t blob_size;
};

/* copy: into a tree that is written to. */
struct spec_build_file {
	char *name;    /* a relative path */
	char *content;
};

struct spec_build_statement {
	char *name;      /* of its file, a relative path */
	char *type;      /* of the predicate */
	char *predicate; /* a JSON document */
};

struct spec_build_copy {
	struct spec_build_take *takes; /* one after the other */
	size_t take_count;
	struct spec_build_file *files; /* besides, with 0644 */
	size_t file_count;
	struct spec_build_statement *statements; /* of in-toto, about all regular files that were taken: a file each */
	size_t statement_count;
	int root_fd;        /* the tree that is written to; it is seen as it will be: an overlay mount */
	char *destination;  /* absolute; with a '/' at its end a directory; links in it are followed within the root */
	char *chown;        /* "user[:group]", looked up in the tree's passwd and group; NULL: as taken */
	char *chmod;        /* octal or symbolic, or NULL */
	bool has_epoch;
	int64_t epoch;      /* no time is later, in seconds since 1970 */
	bool directory_only; /* WORKDIR: only make .destination, .chown's */
	bool wants_digest;   /* of the first take, as the command "digest" makes it */
	struct spec_build_layer *layer; /* what becomes of what was written, by its .upper; or NULL: it stays where it is */
};

struct spec_build_copy_report {
	uint64_t entries, bytes;
	char *digest;                          /* or NULL */
	struct spec_build_layer_report *layer; /* or NULL */
};

/* image: layers and configurations become an image, or several under an index. */
struct spec_build_image_layer {
	char *chain_id, *diff_id;
	char *digest, *media_type; /* of its blob, if there is one in the store; else it is made */
	uint64_t size;             /* of that */
	char *directory;           /* path: its blob has all files of that, and .chain_id and .diff_id are NULL; of artifacts only */
	bool is_elsewhere;         /* its blob is not in the store, and need not be: as above */
};

struct spec_build_image_part {
	char *config;      /* the document, but for rootfs, which is made of .layers */
	char *platform;    /* "linux/amd64" */
	char *artifact_type; /* it is no image but an artifact, whose .config is a document of that type, left as it is; or NULL */
	struct spec_build_image_layer *layers; /* the base first */
	size_t layer_count;
	struct spec_pair *annotations; /* of the manifest */
	size_t annotation_count;
	struct spec_pair *descriptor_annotations; /* of what stands for it in the index */
	size_t descriptor_annotation_count;
	struct spec_pair *statements;  /* of in-toto: predicate type -> predicate, a JSON document; an attestation manifest beside it */
	size_t statement_count;
};

struct spec_build_image {
	struct spec_build_image_part *parts; /* one: a manifest, unless there are statements or .wants_index */
	size_t part_count;
	bool wants_index;
	bool docker_types;     /* media types of docker's, not OCI's */
	char *compression;     /* "gzip", "zstd", "uncompressed"; NULL: gzip */
	bool force_compression; /* blobs that are there in another form, too */
	int64_t compression_level; /* 0: its default */
	struct spec_pair *annotations; /* of the index */
	size_t annotation_count;
	char **names;          /* normalised; NULL-terminated; may be none */
	bool is_unlisted;      /* only documents and blobs, for who has a lease: the image is not among those of the store */
	char *created;         /* RFC 3339 */
};

/* What a part has become: with .digest, .media_type and .size of all blobs. */
struct spec_build_image_made {
	char *id, *digest;
	struct spec_build_image_layer *layers;
	size_t layer_count;
};

struct spec_build_image_report {
	char *id, *digest, *media_type; /* .id: of the first part */
	uint64_t size;                  /* of the manifest or index */
	struct spec_build_image_made *parts;
	size_t part_count;
};

/* fetch, which is bivy-transfer's: layers that a build cache has blobs of. */
struct spec_build_fetch {
	/* A chain, the base first: those that are not in the store have .digest, .media_type and .size of a blob. With one of the next two only that. */
	struct spec_build_image_layer *layers;
	size_t layer_count;
	bool blobs_only;  /* they are not extracted */
	char *directory;  /* path: the one blob is extracted there, not as a layer of the store */
};

/* Whatever is not needed stays as it is; ENCODE writes one line with its newline, DECODE takes what that writes, checked. */
#define SPEC_BUILD_CODEC(name) \
	void spec_build_##name##_encode(const struct spec_build_##name *work, struct buf *out); \
	int spec_build_##name##_decode(struct arena *arena, const char *text, size_t length, struct spec_build_##name *ret, struct error *err) _must_check_;

SPEC_BUILD_CODEC(digest)
SPEC_BUILD_CODEC(digest_report)
SPEC_BUILD_CODEC(copy)
SPEC_BUILD_CODEC(copy_report)
SPEC_BUILD_CODEC(layer)
SPEC_BUILD_CODEC(layer_report)
SPEC_BUILD_CODEC(image)
SPEC_BUILD_CODEC(image_report)
SPEC_BUILD_CODEC(fetch)

#endif
