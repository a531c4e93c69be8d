/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle under construction, which the modules bundle_*.c build one after the
 * other. All of it lives in the arena of the record; what is open is closed by
 * bundle.c.
 */
#ifndef BIVY_ENGINE_BUNDLE_PLAN_H
#define BIVY_ENGINE_BUNDLE_PLAN_H

#include "engine/container.h"
#include "engine/identity.h"
#include "engine/seat.h"
#include "host/overlay.h"
#include "spec/config.h"
#include "spec/network_plan.h"
#include "spec/supervision.h"

/* Whose ids the container's are. */
struct bundle_ids {
	bool has_namespace;   /* a user namespace other than the host's */
	const char *join;     /* path of that, if it is another container's */
	uint32_t base, size;  /* of a range of its own or of that other's; size 0: mapped by hand */
	struct spec_id_mapping *uids, *gids;
	size_t uid_count, gid_count;
	int range_fd;         /* holds the range, or -EBADF */
};

struct bundle_plan {
	struct arena *arena;
	const struct container_record *record;
	const struct spec_container *container;
	const struct spec_container_config *config; /* of .container */
	const struct spec_host_config *host;        /* likewise */
	void (*warn)(void *context, const char *text);
	void *context;
	struct seat *seat;      /* what is there for it already; or NULL */

	int run_fd;             /* the volatile directory */
	int root_fd;            /* the root: a detached mount, or -EBADF */
	struct bundle_ids ids;
	struct overlay overlay; /* the root as data; without layers with --rootfs */
	size_t image_layers;    /* as many of its lower directories are the image's */
	int mapping_fd;         /* what its directories are mapped by (overlay_mount()), or -EBADF */
	bool has_overlay;
	struct identity identity;
	uint64_t capabilities;
	uint64_t added_capabilities; /* by name: others than root have these, too */
	bool is_systemd;        /* an init system runs in it (bundle_systemd.h) */
	const char *hostname;
	const struct spec_network_plan *network; /* what it has of networks (container_network.h), before files are written; NULL: none of its own */

	struct spec_supervision_mount *given; /* what the supervisor mounts for each start */
	size_t given_count;
	struct spec_config *spec;
	size_t mount_capacity;
};

void bundle_warn(const struct bundle_plan *plan, const char *format, ...) _printf_(2, 3);

/* A copy of the words of TEXT between the bytes SEPARATOR; NULL-terminated. */
char **bundle_split(struct arena *arena, const char *text, char separator);

/* Writes NAME, which is not there yet, into the volatile directory. */
int bundle_write_document(const struct bundle_plan *plan, const char *name, const struct buf *text, struct error *err) _must_check_;

/*
 * The running container that MODE, "container:ID" as a value of OPTION, names.
 * ERROR_CONFLICT if it is not running. *RET_STATE lives in the arena.
 */
int bundle_find_other(struct bundle_plan *plan, const char *option, const char *mode, const struct spec_container_state **ret_state, struct error *err)
	_must_check_;

/* The id of the host that is ID in the container; UINT32_MAX if none is. Without mappings the same. */
uint32_t bundle_outside_id(const struct spec_id_mapping *mappings, size_t count, uint32_t id);

/* Adds a mount to .spec; OPTIONS are separated by commas. Left out if the user mounts something there. */
void bundle_add_mount(struct bundle_plan *plan, const char *target, const char *type, const char *source, const char *options);

/* The same for what the user asked for. */
struct spec_mount *bundle_append_mount(struct bundle_plan *plan, const char *target, const char *type, const char *source, char **options);

#endif
