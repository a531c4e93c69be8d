/* SPDX-License-Identifier: Apache-2.0 */
/* Images as a user sees them: lists, details, history, and further names. Everything returned lives in the arena given. */
#ifndef BIVY_ENGINE_IMAGES_H
#define BIVY_ENGINE_IMAGES_H

#include "base/json.h"
#include "engine/directories.h"
#include "spec/image_config.h"
#include "spec/manifest.h"

#include <stdbool.h>
#include <stdint.h>

/* An image under one of its names. */
struct images_entry {
	const char *name;       /* "docker.io/library/debian:latest"; NULL: it has none any more */
	const char *repository; /* "debian", or NULL */
	const char *tag;        /* "latest"; NULL: named by its digest, or not at all */
	const char *id;         /* digest of its configuration */
	const char *target;     /* digest of what the name stands for in a registry */
	const char *media_type; /* of that */
	uint64_t target_size;   /* bytes of that */
	const char *platform;   /* "linux/arm64", or NULL */
	const char *created;    /* as the image says; or NULL */
	int64_t created_s;      /* seconds since 1970; 0: nobody knows */
	uint64_t size;          /* bytes of all files in its layers */
	size_t container_count; /* made of it, if that was asked for */
	const struct spec_pair *labels; /* likewise; or NULL */
	size_t label_count;
};

struct images_list_request {
	const struct directories *directories;
	/*
	 * "NAME=VALUE", NULL-terminated, or NULL. What has one name is either
	 * of the values (reference), or has all of them (label). Names:
	 * dangling, reference, before, since, label, label!, until.
	 */
	char *const *filters;
	const char *reference; /* only images called so: a repository, a name or a pattern; or NULL */
	bool counts_containers; /* which reads the records of all */
	bool reads_labels;      /* which reads the configurations of all */
};

/* The youngest first. ERROR_INVALID for a filter that is none. */
int images_list(struct arena *arena, const struct images_list_request *request, struct images_entry **ret, size_t *ret_count, struct error *err)
	_must_check_;

struct images_details {
	struct images_entry entry; /* the one that was asked for */
	const char **tags;    /* all its names with a tag, as people write them: "debian:latest"; NULL-terminated */
	const char **digests; /* "debian@sha256:…", likewise */
	const struct spec_manifest *manifest;
	const char *manifest_digest;
	const struct spec_image_config *config; /* NULL: it is an artifact, no image */
	const char **layers;  /* paths of its layers' files, the uppermost first; NULL-terminated */
};

/* The image that a user calls TEXT (image_find() in store/images.h). */
int images_inspect(struct arena *arena, const struct directories *directories, const char *text, struct images_details *ret, struct error *err)
	_must_check_;

enum images_write_flag {
	IMAGES_WRITE_AS_CONTAINER = 1 << 0, /* "Config" with all members of a container's, as docker had it before version 1.50 of its API */
	IMAGES_WRITE_NO_CONTAINER = 1 << 1, /* "ContainerConfig", too: the configuration of no container at all */
};

/* The members of docker's document of one, and ours, into an open object. */
void images_write_details(struct json_writer *w, const struct images_details *details, unsigned flags);

struct images_step {
	const struct spec_history *history;
	const char *id; /* of the image itself, for its last step; NULL for all others */
	int64_t created_s;
	uint64_t size; /* bytes of the files that its layer has; 0: none */
};

/* How the image came about, the last step first. */
int images_history(struct arena *arena, const struct directories *directories, const char *text, struct images_step **ret, size_t *ret_count,
	struct error *err) _must_check_;

/* Gives the image called SOURCE the name TARGET as well, which is taken from whatever had it. ERROR_INVALID for a name with a digest. */
int images_tag(const struct directories *directories, const char *source, const char *target, struct error *err) _must_check_;

#endif
