/* SPDX-License-Identifier: Apache-2.0 */
/* Where a build cache (spec/build_cache.h) is kept: under a tag of a registry's repository, or in a directory that is an image layout. */
#ifndef BIVY_TRANSFER_CACHE_PLACE_H
#define BIVY_TRANSFER_CACHE_PLACE_H

#include "transfer/content_source.h"
#include "transfer/registry_source.h"

#define CACHE_PLACE_TAG "latest" /* without another one */

struct cache_place_request {
	struct remote_options remote;
	const char *registry;  /* reference */
	const char *directory; /* one of both */
	const char *tag, *digest; /* in the directory; or NULL */
};

#define CACHE_PLACE_ENTRIES(type, member) \
	{ "registry", 0, OPTION_STRING, 0, offsetof(type, member.registry), "REFERENCE", "the cache is in a registry" }, \
	{ "directory", 0, OPTION_STRING, OPTION_DIRECTORY, offsetof(type, member.directory), "DIR", "the cache is an image layout" }, \
	{ "tag", 0, OPTION_STRING, 0, offsetof(type, member.tag), "TAG", "which of the layout; default: latest" }, \
	{ "digest", 0, OPTION_STRING, 0, offsetof(type, member.digest), "DIGEST", "the same by digest" }, \
	REMOTE_ENTRIES(type, member.remote)

/* One that is read from. */
struct cache_place {
	struct arena *arena;
	struct remote_world world;
	struct remote remote;
	struct registry_source *registry;
	struct archive archive;
	struct content_source content;
	struct image_source source;
	const char *reference; /* for its get_document() */
	bool is_remote;
};

#define CACHE_PLACE_INIT ((struct cache_place){ .archive = ARCHIVE_INIT })

/* Opens it; nothing of it is believed. *PLACE, which is CACHE_PLACE_INIT, must not move. ERROR_NOT_FOUND if the layout has none of that name. */
int cache_place_open(struct cache_place *place, const struct cache_place_request *request, struct arena *arena, struct error *err) _must_check_;
void cache_place_close(struct cache_place *place);
#define _cleanup_cache_place_ _cleanup_(cache_place_close)

/* Gives up what reading it does not take; WRITABLE are directories. Before its bytes are looked at. */
void cache_place_confine(const struct cache_place *place, const int *writable, size_t writable_count);

/* One of both must be given: ERROR_INVALID. */
int cache_place_check(const struct cache_place_request *request, struct error *err) _must_check_;

/* Appends the blob, at most LIMIT bytes, to *OUT, verified; it does not come into the store. */
int cache_place_read(const struct cache_place *place, const struct spec_descriptor *blob, size_t limit, struct buf *out, struct error *err) _must_check_;

#endif
