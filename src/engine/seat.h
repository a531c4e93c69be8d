/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seat: what a start needs, and takes most of its time, that does not depend
 * on the container, made for one that is yet to come (pool.h). It is an id,
 * and descriptors:
 *
 *   1. a range of ids, locked (id_range.h)
 *   2. a user namespace with that range, and a network namespace that it owns,
 *      with the container's link in one network, at addresses that are leased
 *      to the id
 *   3. the directory ROOT/containers/.new-ID, locked as that of any container
 *      that is being made (container.h), with the layers of one image mounted
 *      to be written to in it, and empty files that each container has
 *   4. the program that becomes its supervisor (host/executable_view.h)
 *   5. the container's control groups, unless they are to be elsewhere
 *      (seat_groups.h)
 *
 * No process was ever in these namespaces but the one that made them. A seat
 * serves one container. Who has it and is killed leaves what a killed maker of
 * a container leaves: a directory that nobody has locked, which the next sweep
 * removes, and with it the groups, and leases of an id that does not run,
 * which count no more; all else goes with its last descriptor.
 */
#ifndef BIVY_ENGINE_SEAT_H
#define BIVY_ENGINE_SEAT_H

#include "engine/container.h"
#include "spec/network_plan.h"

/* What it is made for: containers of another kind have no use for it. */
struct seat_kind {
	const char *network;   /* id of the network */
	const char *top_layer; /* chain id of the image's layers; NULL: for a container that has its id, 1, 2 and 4 alone, and an empty directory */
	bool is_volatile;      /* of the mount (host/overlay.h) */
	bool has_groups;       /* they are where those of most are: no --cgroup-parent */
};

enum { SEAT_RANGE, SEAT_USER, SEAT_NETWORK, SEAT_RECORD, SEAT_VIEW, SEAT_ROOT, SEAT_MAPPING, SEAT_FDS };

/* Which directory one is: a layer that was removed and is there again is another one. */
struct seat_layer {
	uint64_t device, number, changed_ns;
};

struct seat {
	const char *id;
	uint32_t id_base;
	bool has_groups;
	bool is_adopted; /* by a container with another id, which it is in .id and .plan; or is to be */
	struct seat_layer layer; /* the uppermost of what is mounted */
	const struct spec_network_plan *plan; /* of the network alone: one link, and leases */
	int fds[SEAT_FDS]; /* -EBADF: used up; MAPPING: or none (overlay_mount()); ROOT: or none, without layers */
};

#define SEAT_NONE ((struct seat){ .fds = { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF } })

/* The kind of CONTAINER's seat; false if it asks for something that a seat does not have. Its texts are CONTAINER's. */
bool seat_kind_of(const struct spec_container *container, struct seat_kind *ret) _must_check_;

/* Makes one, but for VIEW, of which they all have the same; what is half done is undone. As root of the host only. */
int seat_make(struct arena *arena, const struct directories *directories, const struct seat_kind *kind, struct seat *ret, struct error *err) _must_check_;

/* Over a connection; sent, it is the other side's. -EPIPE and the like if there is none. */
int seat_send(int socket, const struct seat *seat) _must_check_;

/* ERROR_NOT_FOUND if the other side has none, or says nothing in time; what is no seat is refused. */
int seat_receive(struct arena *arena, int socket, struct seat *ret, struct error *err) _must_check_;

/*
 * Makes a seat without layers that of the container ID, whose record is locked: it has the leases then. Link and its address of Ethernet
 * are those of the seat. On failure all is taken back.
 */
int seat_adopt(struct arena *arena, const struct directories *directories, struct seat *seat, const char *id, struct error *err) _must_check_;

/* LINK, as it is planned for the container that has adopted the seat, is the link that is there. */
void seat_take_link(const struct seat *seat, struct spec_network_link *link);

/* Takes back what was not used: link, leases, directory. */
void seat_undo(const struct directories *directories, struct seat *seat);

/* Closes what was not used. */
void seat_done(struct seat *seat);
#define _cleanup_seat_ _cleanup_(seat_done)

/* ENDPOINT as its container asks for it, with the seat's addresses. */
struct spec_container_endpoint seat_endpoint(struct arena *arena, const struct seat *seat, const struct spec_container_endpoint *endpoint);

/* Whether PATH is the directory that was mounted as its uppermost layer. */
bool seat_has_layer(const struct seat *seat, const char *path);

/* Whether LINK, as it is planned for the seat's container, is the link that it has. */
bool seat_has_link(const struct seat *seat, const struct spec_network_link *link);

#endif
