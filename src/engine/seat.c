/* SPDX-License-Identifier: Apache-2.0 */
/* In the order in which it is made: range, namespaces, directory, groups and mount, link; seat_undo() goes the other way round. */
#include "engine/seat.h"

#include "base/log.h"
#include "base/narration.h"
#include "engine/bundle_ids.h"
#include "engine/bundle_mounts.h"
#include "engine/bundle_root.h"
#include "engine/container_names.h"
#include "engine/container_network_plan.h"
#include "engine/container_new.h"
#include "engine/container_quota.h"
#include "engine/id_range.h"
#include "engine/networks.h"
#include "engine/seat_groups.h"
#include "engine/seat_packet.h"
#include "host/fdpass.h"
#include "host/procfs.h"
#include "host/user_namespace.h"
#include "net/attachment.h"
#include "net/leases.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* ---- whom it is for ------------------------------------------------------------------- */

static bool is_plain(const struct spec_container_endpoint *endpoint)
{
	return endpoint->network_id && !endpoint->ipv4 && !endpoint->ipv6 && !endpoint->mac && !endpoint->link_local && !endpoint->interface &&
	       !endpoint->option_count;
}

static bool has_quota(const struct spec_host_config *host)
{
	uint64_t size = 0;

	return container_quota_read(host, &size, NULL) < 0 || size > 0;
}

bool seat_kind_of(const struct spec_container *container, struct seat_kind *ret)
{
	const struct spec_host_config *host = &container->host;

	/* Who has it explained is to hear of each step. */
	if (narration_fd() >= 0 || host->rootfs_path || !container->image_top_layer || !bundle_ids_are_usual(host) ||
	    !container_network_is_member(host) || host->endpoint_count != 1 || !is_plain(&host->endpoints[0]) || host->net_limit || has_quota(host))
		return false;
	*ret = (struct seat_kind){ host->endpoints[0].network_id, container->image_top_layer, host->auto_remove,
		str_is_empty(host->cgroup_parent) };
	return true;
}

/* ---- making --------------------------------------------------------------------------- */

/* A container that asks for nothing else, for the modules that make parts of one. */
struct stand_in {
	struct arena *arena;
	struct spec_container container;
	struct spec_container_state state;
	struct spec_container_endpoint endpoint;
	struct container_record record;
	struct bundle_plan plan;
};

static void stand_in(struct stand_in *it, struct arena *arena, const struct directories *directories, const struct seat_kind *kind, const struct seat *seat)
{
	struct spec_host_config *host = &it->container.host;

	*it = (struct stand_in){ .arena = arena };
	it->container.id = (char *)seat->id;
	it->container.name = (char *)seat->id;
	it->container.image_top_layer = (char *)kind->top_layer;
	it->endpoint.network = it->endpoint.network_id = (char *)kind->network;
	host->network_mode = (char *)kind->network;
	host->endpoints = &it->endpoint;
	host->endpoint_count = 1;
	host->auto_remove = kind->is_volatile;
	it->record = (struct container_record){ .arena = arena, .directories = directories, .fd = seat->fds[SEAT_RECORD], .container = &it->container,
		.state = &it->state, .path = arena_printf(arena, "%s/containers/.new-%s", directories->root, seat->id) };
	it->plan = (struct bundle_plan){ .arena = arena, .record = &it->record, .container = &it->container, .config = &it->container.config,
		.host = host, .run_fd = -EBADF, .root_fd = -EBADF, .mapping_fd = -EBADF };
	bundle_ids_of_range(arena, seat->id_base, &it->plan.ids);
}

static int make_namespaces(struct seat *seat, struct error *err)
{
	const struct idmap_range range = { .inside = 0, .outside = seat->id_base, .size = ID_RANGE_SIZE };
	const struct idmap map = { .uids = &range, .uid_count = 1, .gids = &range, .gid_count = 1 };
	_cleanup_close_ int procfs = -EBADF;
	int r = procfs_open_host(&procfs);

	if (r < 0)
		return error_errno(err, -r, "cannot open '/proc'");
	return idmap_make_namespaces(procfs, &map, &seat->fds[SEAT_USER], &seat->fds[SEAT_NETWORK], err);
}

static int make_directory(const struct directories *directories, struct seat *seat, struct error *err)
{
	_cleanup_close_ int parent = -EBADF;
	int r = container_new_open_parent(directories, &parent, err);

	return r < 0 ? r : container_new_make(directories, parent, seat->id, &seat->fds[SEAT_RECORD], err);
}

/* All 0: there is none. */
static struct seat_layer find_layer(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return (struct seat_layer){ 0 };
	return (struct seat_layer){ status.st_dev, status.st_ino, (uint64_t)status.st_ctim.tv_sec * 1000000000u + (uint64_t)status.st_ctim.tv_nsec };
}

bool seat_has_layer(const struct seat *seat, const char *path)
{
	const struct seat_layer layer = find_layer(path);

	return layer.number && layer.device == seat->layer.device && layer.number == seat->layer.number && layer.changed_ns == seat->layer.changed_ns;
}

static int make_root(struct stand_in *it, struct seat *seat, struct error *err)
{
	int r = bundle_plan_root(&it->plan, err);

	if (r == 0)
		seat->layer = find_layer(it->plan.overlay.lowers[0]);
	if (r == 0)
		r = bundle_open_root(&it->plan, err);
	seat->fds[SEAT_ROOT] = TAKE_FD(it->plan.root_fd);
	seat->fds[SEAT_MAPPING] = TAKE_FD(it->plan.mapping_fd);
	return r;
}

/* Leases first, under the lock of the network that is up. */
static int make_link(struct stand_in *it, struct seat *seat, struct error *err)
{
	struct spec_network_plan *plan = arena_alloc(it->arena, 1, sizeof *plan);
	const struct spec_network *network = NULL;
	_cleanup_close_ int hold = -EBADF;
	int r = network_find(it->arena, it->record.directories, it->endpoint.network, &network, err);

	*plan = (struct spec_network_plan){ .id = (char *)seat->id };
	seat->plan = plan;
	if (r == 0)
		r = network_up(it->record.directories, network, &hold, err);
	if (r == 0)
		r = container_network_plan_link(it->arena, &it->record, network, &it->endpoint, plan, err);
	if (r < 0)
		return r;
	container_network_plan_routes(plan, &it->container.host);
	if (plan->links[0].kind != SPEC_LINK_VETH)
		return error_set(err, ERROR_UNSUPPORTED, 0, "only links to bridges are made for a container that is yet to come");
	return net_attach(plan, seat->fds[SEAT_NETWORK], err);
}

int seat_make(struct arena *arena, const struct directories *directories, const struct seat_kind *kind, struct seat *ret, struct error *err)
{
	struct seat seat = SEAT_NONE;
	struct stand_in it;
	int r = container_id_make(arena, &seat.id, err);

	if (r == 0)
		r = id_range_take(directories, ID_RANGE_SIZE, &seat.id_base, &seat.fds[SEAT_RANGE], err);
	if (r == 0)
		r = make_namespaces(&seat, err);
	if (r == 0)
		r = make_directory(directories, &seat, err);
	if (r == 0 && kind->has_groups)
		r = seat_groups_make(directories, seat.id, err);
	seat.has_groups = r == 0 && kind->has_groups;
	if (r == 0)
		stand_in(&it, arena, directories, kind, &seat);
	if (r == 0 && kind->top_layer)
		r = make_root(&it, &seat, err);
	if (r == 0 && kind->top_layer)
		r = bundle_prepare_files(&it.plan, err);
	if (r == 0)
		r = make_link(&it, &seat, err);
	if (r < 0) {
		seat_undo(directories, &seat);
		return r;
	}
	*ret = seat;
	return 0;
}

void seat_undo(const struct directories *directories, struct seat *seat)
{
	_cleanup_free_ char *path = seat->id ? str_printf("%s/containers/.new-%s", directories->root, seat->id) : NULL;
	struct error err = ERROR_INIT;

	if (seat->plan && net_release(seat->plan, &err) < 0)
		log_warning("%s, ignoring", err.message);
	close_and_forget(&seat->fds[SEAT_ROOT]);
	close_and_forget(&seat->fds[SEAT_MAPPING]);
	if (seat->fds[SEAT_RECORD] >= 0 && seat_groups_remove(directories, seat->id, &err) < 0)
		log_warning("%s, left", err.message);
	if (seat->fds[SEAT_RECORD] >= 0 && tree_remove_at(AT_FDCWD, path) < 0)
		log_warning("cannot remove '%s', left", path);
	seat_done(seat);
}

void seat_done(struct seat *seat)
{
	for (size_t i = 0; i < SEAT_FDS; i++)
		close_and_forget(&seat->fds[i]);
	seat->plan = NULL;
}

/* ---- from hand to hand ------------------------------------------------------------------ */

int seat_send(int socket, const struct seat *seat)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t count = SEAT_FDS;

	seat_encode(seat, &text);
	if (text.length > SEAT_PACKET_LIMIT)
		return -EMSGSIZE;
	while (seat->fds[count - 1] < 0)
		count--;
	return fdpass_send_all(socket, seat->fds, count, text.data, text.length);
}

int seat_receive(struct arena *arena, int socket, struct seat *ret, struct error *err)
{
	char *text = arena_alloc(arena, SEAT_PACKET_LIMIT, 1);
	struct seat seat = SEAT_NONE;
	int fds[FDPASS_LIMIT], r;
	size_t length = 0, count = 0;

	r = fdpass_receive_all(socket, text, SEAT_PACKET_LIMIT, &length, fds, &count);
	if (r < 0 || count == 0)
		return error_set(err, ERROR_NOT_FOUND, 0, "nothing is prepared for such a container");
	for (size_t i = 0; i < count; i++) {
		if (i < SEAT_FDS)
			seat.fds[i] = fds[i];
		else
			close(fds[i]);
	}
	if (count < SEAT_ROOT || count > SEAT_FDS)
		r = error_set(err, ERROR_INVALID, 0, "what prepares for containers gives %zu descriptors", count);
	else
		r = seat_decode(arena, text, length, &seat, err);
	if (r < 0) {
		seat_done(&seat);
		return r;
	}
	*ret = seat;
	return 0;
}

/* ---- for who has an id --------------------------------------------------------------------- */

/* The directory, which nothing is in, goes with the lock: until then who looks at the leases finds one of both alive. */
static int give_leases(const struct directories *directories, struct seat *seat, const char *id, struct error *err)
{
	_cleanup_free_ char *name = container_new_name(seat->id);
	_cleanup_close_ int parent = -EBADF;
	int r = container_new_open_parent(directories, &parent, err);

	if (r < 0)
		return r;
	r = net_leases_give(seat->plan->leases, seat->id, id);
	if (r == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r < 0 ? error_errno(err, -r, "cannot use what was prepared") : 0;
}

int seat_adopt(struct arena *arena, const struct directories *directories, struct seat *seat, const char *id, struct error *err)
{
	struct spec_network_plan *plan = arena_alloc(arena, 1, sizeof *plan);
	int r = give_leases(directories, seat, id, err);

	*plan = *seat->plan;
	plan->id = arena_strdup(arena, id);
	if (r < 0) {
		ignore_result(net_leases_release(plan->leases, id, NULL)); /* those that are the container's by now; it takes others */
		seat_undo(directories, seat);
		return r;
	}
	close_and_forget(&seat->fds[SEAT_RECORD]);
	seat->plan = plan;
	seat->id = plan->id;
	seat->is_adopted = true;
	return 0;
}

void seat_take_link(const struct seat *seat, struct spec_network_link *link)
{
	link->host_name = seat->plan->links[0].host_name;
	link->mac = seat->plan->links[0].mac;
}

/* ---- its link ------------------------------------------------------------------------------ */

struct spec_container_endpoint seat_endpoint(struct arena *arena, const struct seat *seat, const struct spec_container_endpoint *endpoint)
{
	struct spec_container_endpoint result = *endpoint;

	for (char **address = seat->plan ? seat->plan->links[0].addresses : NULL; address && *address; address++)
		*(strchr(*address, ':') ? &result.ipv6 : &result.ipv4) = arena_strndup(arena, *address, strcspn(*address, "/"));
	return result;
}

static bool are_equal(char *const *one, char *const *other)
{
	size_t count = one ? strv_length(one) : 0;

	if (count != (other ? strv_length(other) : 0))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!str_equal(one[i], other[i]))
			return false;
	return true;
}

bool seat_has_link(const struct seat *seat, const struct spec_network_link *link)
{
	const struct spec_network_link *own = &seat->plan->links[0];

	return link->kind == own->kind && str_equal(link->network_id, own->network_id) && str_equal(link->parent, own->parent) &&
	       str_equal(link->host_name, own->host_name) && str_equal(link->name, own->name) && str_equal(link->mac, own->mac) &&
	       are_equal(link->addresses, own->addresses) && str_equal(link->gateway4, own->gateway4) && str_equal(link->gateway6, own->gateway6) &&
	       link->mtu == own->mtu && link->internal == own->internal && link->isolated == own->isolated && !link->sysctl_count &&
	       !link->receive_bps && !link->transmit_bps && !link->priority;
}
