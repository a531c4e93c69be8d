/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository of a registry, as the OCI distribution specification (1.1) has
 * it: manifests, blobs, tags, referrers. What is pulled may come from mirrors;
 * what is changed goes to the registry itself.
 */
#ifndef BIVY_REGISTRY_CLIENT_H
#define BIVY_REGISTRY_CLIENT_H

#include "registry/answer.h"
#include "registry/endpoint.h"

#include "spec/descriptor.h"

enum client_access { CLIENT_PULL, CLIENT_PUSH, CLIENT_DELETE };

enum client_property {
	CLIENT_INSECURE = 1 << 0, /* the registry counts as named insecure (`--tls-verify=false`) */
};

/* All of it outlives the client. */
struct client_options {
	struct endpoint_options endpoint;
	const struct registries_config *config;
	unsigned properties; /* enum client_property */
};

struct client;

/* Names the repository; nothing is asked yet. ERROR_DENIED when the configuration blocks it. */
int client_open(const struct client_options *options, const char *host, const char *repository, enum client_access access, struct client **ret,
		struct error *err) _must_check_;
void client_free(struct client *client);

DEFINE_CLEANUP(struct client *, client_free)
#define _cleanup_client_ _cleanup_(cleanup_client_free)

/*
 * Whether the registry lets us in (REPOSITORY may have been NULL): for
 * `bivy login`. *RET_IDENTITY_TOKEN, allocated, is what to keep in place of the
 * password, or NULL.
 */
int client_ping(struct client *client, char **ret_identity_token, struct error *err) _must_check_;

/* ---- manifests ------------------------------------------------------------------------ */

struct client_manifest {
	struct buf body;  /* as the registry has it; empty after client_head_manifest() */
	char *media_type; /* as the registry says, or NULL */
	char *digest;     /* computed from the body, and then never NULL */
	uint64_t size;
};

void client_manifest_done(struct client_manifest *manifest);
#define _cleanup_client_manifest_ _cleanup_(client_manifest_done)

/* The manifest or index that REFERENCE, a tag or digest, names; that it has the digest asked for is verified. */
int client_get_manifest(struct client *client, const char *reference, struct client_manifest *ret, struct error *err) _must_check_;

/* The same without its content, which costs nothing where pulls are counted; the digest is the registry's word for it. */
int client_head_manifest(struct client *client, const char *reference, struct client_manifest *ret, struct error *err) _must_check_;

/* Stores it under REFERENCE. *RET_SUBJECT (may be NULL) says whether the registry lists it among its subject's referrers by itself. */
int client_put_manifest(struct client *client, const char *reference, const char *media_type, const void *bytes, size_t length, bool *ret_subject,
			struct error *err) _must_check_;

/* Deletes what REFERENCE names: by digest with all its tags, by tag that tag alone (where the registry can). */
int client_delete_manifest(struct client *client, const char *reference, struct error *err) _must_check_;

/* ---- lists --------------------------------------------------------------------------------- */

/* All tags, in the registry's order; strv_free() them. */
int client_list_tags(struct client *client, char ***ret, struct error *err) _must_check_;

/*
 * What a registry (a client without a repository) finds for TERM, COUNT at
 * most, in ARENA: by its index where it has one, as docker.io has; else the
 * names of its catalog that have TERM in them, of its first page.
 */
int client_search(struct client *client, struct arena *arena, const char *term, unsigned count, struct answer_found **ret, size_t *ret_count,
		  struct error *err) _must_check_;

/*
 * The index of manifests whose subject is DIGEST, those of ARTIFACT_TYPE alone
 * if it is not NULL and the registry can choose (*RET_FILTERED). Where the
 * registry does not know referrers, what clients keep under the tag for it;
 * without that, an empty index.
 */
int client_list_referrers(struct client *client, const char *digest, const char *artifact_type, struct buf *ret, bool *ret_filtered,
			  struct error *err) _must_check_;

/* ---- blobs ---------------------------------------------------------------------------------- */

struct client_blob_request {
	const char *digest;
	uint64_t size;   /* of the descriptor */
	uint64_t offset; /* bytes that are there already: the sink gets those behind */
	size_t first_place; /* passes over that many of the places that have it, mirrors first: what came from them was wrong */
	http_sink *sink;
	bool (*sink_is_full)(void *context); /* as http.h has it; or NULL */
	void *sink_context;
	/* All bytes are there: whether they have the digest. A negative errno with ERR filled is the result. Or NULL. */
	int (*verify)(void *context, struct error *err);
	void *verify_context;
	void (*progress)(void *context, uint64_t position);
	void *progress_context;
};

struct client_blob;

/* Starts fetching; several at once move on together in http_step(). *REQUEST outlives it. */
int client_start_blob(struct client *client, const struct client_blob_request *request, struct client_blob **ret, struct error *err) _must_check_;

/* How many places have the repository's content, the registry itself being the last. */
size_t client_place_count(const struct client *client);

/* Whether client_finish_blob() will not wait (but perhaps go on at another mirror). */
bool client_blob_is_done(const struct client_blob *blob);

/*
 * For one whose transfer has ended (else it waits for that): 0 if all bytes
 * have come; 1 if it failed and the next mirror is asked for the rest, to be
 * waited for once more.
 */
int client_settle_blob(struct client *client, struct client_blob *blob, struct error *err) _must_check_;

/* Waits for it; of the mirrors that fail, the next one goes on where it ended. *BLOB stays to be freed. */
int client_finish_blob(struct client *client, struct client_blob *blob, struct error *err) _must_check_;
void client_blob_free(struct client_blob *blob);

DEFINE_CLEANUP(struct client_blob *, client_blob_free)
#define _cleanup_client_blob_ _cleanup_(cleanup_client_blob_free)

/* All three. */
int client_get_blob(struct client *client, const struct client_blob_request *request, struct error *err) _must_check_;

/* Whether the registry has the blob; *RET_SIZE (may be NULL) if so. */
int client_has_blob(struct client *client, const char *digest, bool *ret, uint64_t *ret_size, struct error *err) _must_check_;

/* Moves all that this client has under way on, waiting up to TIMEOUT_MS for something to happen. */
void client_step(struct client *client, int timeout_ms);

/* For upload.c: the registry itself, and what has to be allowed there. */
struct endpoint *client_endpoint(struct client *client);
const char *client_scope(const struct client *client);

#endif
