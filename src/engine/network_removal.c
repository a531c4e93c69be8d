/* SPDX-License-Identifier: Apache-2.0 */
/* The end of networks: their bridges, resolvers and records. */
#include "engine/container_names.h"
#include "engine/containers.h"
#include "engine/events.h"
#include "engine/home.h"
#include "engine/network_damage.h"
#include "engine/network_event.h"
#include "engine/network_files.h"
#include "engine/network_filter.h"
#include "engine/network_members.h"
#include "engine/network_resolver.h"
#include "engine/pool.h"
#include "net/bridge.h"
#include "store/tree.h"

#include <fcntl.h>
#include <time.h>
#include <stdio.h>
#include <sys/file.h>

/* ---- one --------------------------------------------------------------------------- */

static int refuse_used(const struct network_users *users, const struct spec_network *network, struct error *err)
{
	const struct network_user *first = network_users_find(users, network);
	size_t count = 0;

	for (size_t i = 0; i < users->count; i++)
		count += network_user_is_of(&users->list[i], network);
	if (count > 1)
		error_set(err, ERROR_CONFLICT, 0, "the network '%s' is in use by the container '%s' and %zu more", network->name, first->name, count - 1);
	else
		error_set(err, ERROR_CONFLICT, 0, "the network '%s' is in use by the container '%s'", network->name, first->name);
	error_hint(err, "'bivy network disconnect' takes a container out of a network");
	return -EINVAL;
}

static int remove_users(const struct directories *directories, const struct network_users *users, const struct spec_network *network,
	struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < users->count; i++)
		if (network_user_is_of(&users->list[i], network))
			r = container_remove(directories, users->list[i].id, CONTAINER_REMOVE_FORCE, err);
	return r;
}

#define REMOVAL_TRIES 50
#define REMOVAL_PAUSE_NS 20000000

/* RUN_ROOT/networks/ID, with the lock that we hold. */
static int remove_run(const struct directories *directories, const struct spec_network *network, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/networks", directories->run_root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const struct timespec pause = { .tv_nsec = REMOVAL_PAUSE_NS };
	int r = fd < 0 ? -errno : tree_remove_at(fd, network->id);

	/* What is ending just now, such as a supervisor, may leave its last word in it. */
	for (int i = 0; r == -ENOTEMPTY && i < REMOVAL_TRIES; i++) {
		nanosleep(&pause, NULL);
		r = tree_remove_at(fd, network->id);
	}
	return r < 0 && r != -ENOENT ? error_errno(err, -r, "cannot remove '%s/%s'", path, network->id) : 0;
}

/* The record goes first: who waits for the network's lock sees then that there is none. A bridge that is left by a crash here is found by `system check`. */
static int remove_parts(const struct directories *directories, int networks_fd, const struct spec_network *network, struct error *err)
{
	_cleanup_free_ char *gone = str_printf(".gone-%s", network->id);
	int r = network_resolvers_stop(directories, network, err);

	if (r == 0)
		r = net_bridge_down(network, err);
	if (r < 0)
		return r;
	if (renameat(networks_fd, network->name, networks_fd, gone) < 0)
		return error_errno(err, errno, "cannot remove its record");
	r = remove_run(directories, network, err);
	if (r < 0)
		return r;
	r = tree_remove_at(networks_fd, gone);
	return r < 0 ? error_errno(err, -r, "cannot remove its record") : 0;
}

/* As nobody but a container that is being made may become a user meanwhile, and that one would find no network at its start. */
static int remove_there(const struct directories *directories, const struct spec_network *network, struct error *err)
{
	_cleanup_close_ int fd = -EBADF, all_fd = -EBADF, lock_fd = -EBADF;
	int r = network_lock_all(directories, &fd, &all_fd, err);

	if (r == 0)
		r = network_lock(directories, network, LOCK_EX, &lock_fd, err);
	if (r < 0)
		return r;
	r = remove_parts(directories, fd, network, err);
	if (r < 0)
		return error_wrap(err, "cannot remove the network '%s'", network->name);
	network_event_add(directories, network, "destroy", NULL);
	return 0;
}

struct remove_there_call {
	const struct directories *directories;
	const struct spec_network *network;
	struct error *err;
};

static int call_remove_there(void *context)
{
	const struct remove_there_call *call = context;

	return remove_there(call->directories, call->network, call->err);
}

static int remove_unused(const struct directories *directories, const struct spec_network *network, struct error *err)
{
	struct remove_there_call call = { directories, network, err };

	pool_drop(directories);

	return home_call(call_remove_there, &call, err);
}

int network_remove(const struct directories *directories, const char *text, unsigned flags, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network *network = NULL;
	struct network_users users = { NULL };
	struct error failure = ERROR_INIT;
	int r;

	if (network_predefined(text) || str_equal(text, NETWORK_DEFAULT))
		return error_set(err, ERROR_CONFLICT, 0, "the network '%s' is predefined and cannot be removed", text);
	r = network_find(arena, directories, text, &network, &failure);
	if (r < 0 && (flags & NETWORK_REMOVE_FORCE)) {
		/* Of a damaged one that is up it is known what there is to remove. */
		r = network_mend(directories, text, &failure);
		if (r == 0)
			return network_remove_damaged(directories, text, err);
		failure = ERROR_INIT;
		r = network_find(arena, directories, text, &network, &failure);
		if (r < 0 && failure.kind == ERROR_NOT_FOUND)
			return 0;
	}
	if (r < 0) {
		if (err)
			*err = failure;
		return r;
	}
	if (network_is_predefined(network))
		return error_set(err, ERROR_CONFLICT, 0, "the network '%s' is predefined and cannot be removed", network->name);
	r = network_users_list(arena, directories, &users, err);
	if (r < 0)
		return r;
	if (network_users_find(&users, network)) {
		if (!(flags & NETWORK_REMOVE_FORCE))
			return refuse_used(&users, network, err);
		r = remove_users(directories, &users, network, err);
		if (r < 0)
			return r;
	}
	return remove_unused(directories, network, err);
}

/* ---- those that nobody needs ----------------------------------------------------------------- */

int network_prune(const struct directories *directories, char *const *filters, void (*each)(void *context, const char *name), void *context,
		  struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_network_filter_ struct network_filter filter = network_filter_begin(arena);
	const struct spec_network **list = NULL;
	struct network_users users = { NULL };
	size_t count = 0;
	int r = 0;

	for (; r == 0 && filters && *filters; filters++)
		r = network_filter_add(&filter, *filters, err);
	if (r == 0)
		r = network_read_all(arena, directories, &list, &count, err);
	if (r == 0)
		r = network_users_list(arena, directories, &users, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		bool is_used = network_users_find(&users, list[i]);

		if (is_used || network_is_predefined(list[i]) || !network_filter_passes(&filter, list[i], is_used))
			continue;
		r = remove_unused(directories, list[i], err);
		if (r == 0)
			each(context, list[i]->name);
	}
	if (r < 0)
		return r;
	events_add_prune(directories, "network", 0);
	return networks_take_down(directories, err);
}
