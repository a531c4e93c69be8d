/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_check.h"
#include "base/file.h"
#include "engine/container_names.h"
#include "engine/container_network.h"
#include "engine/home.h"
#include "engine/container_new.h"
#include "engine/network_files.h"
#include "engine/network_members.h"
#include "net/journal.h"
#include "net/leases.h"
#include "spec/supervision.h"
#include "store/tree.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>

struct check {
	const struct directories *directories;
	bool repair, are_names;
	void (*found)(void *context, const char *text);
	void *context;
	const char *path; /* of the directory that is looked through */
	int fd, networks_fd; /* of that; of all records */
};

/* Whose the entry is: a lease points at its owner, a file with names is called like him. NULL: it is neither. */
static const char *find_owner(const struct check *check, const char *name, char target[static NET_LEASE_OWNER_LIMIT])
{
	if (check->are_names)
		return container_id_is_valid(name) ? name : NULL;
	return net_lease_owner(check->fd, name, target) && container_id_is_valid(target) ? target : NULL;
}

/* Whether the plan of the container ID, which runs, has PATH. One that cannot be read may have it. */
static bool is_planned(const struct check *check, const char *id, const char *path)
{
	_cleanup_free_ char *directory = str_printf("%s/containers/%s", check->directories->run_root, id);
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network_plan *plan = NULL;
	char **list;

	if (net_journal_read(arena, AT_FDCWD, directory, &plan, NULL) < 0)
		return true;
	list = !plan ? NULL : check->are_names ? plan->names : plan->leases;
	return list && strv_contains(list, path);
}

static int check_entry(void *context, const char *name)
{
	struct check *check = context;
	_cleanup_free_ char *path = str_printf("%s/%s", check->path, name), *text = NULL;
	char target[NET_LEASE_OWNER_LIMIT];
	_cleanup_close_ int lock = -EBADF;
	const char *id;

	if (name[0] == '.')
		return 0;
	id = find_owner(check, name, target);
	if (!id || !container_new_is_idle(check->directories, id, &lock) || (network_member_is_supervised(check->directories, id) && is_planned(check, id, path)))
		return 0;
	text = str_printf("%s of a container that does not run: %s", check->are_names ? "names" : "an address", path);
	check->found(check->context, text);
	return check->repair && unlinkat(check->fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int check_network(void *context, const char *name)
{
	static const char *const parts[] = { "leases", "names" };
	struct check *check = context;
	int r = 0;

	for (size_t i = 0; r == 0 && name[0] != '.' && i < ARRAY_SIZE(parts); i++) {
		_cleanup_free_ char *path = str_printf("%s/networks/%s/%s", check->directories->run_root, name, parts[i]);
		_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

		check->fd = fd;
		check->path = path;
		check->are_names = i == 1;
		r = fd < 0 ? 0 : file_each_name(fd, check_entry, check);
	}
	return r;
}

/* ---- what a removal that was killed left ------------------------------------------------------ */

struct search {
	int networks_fd;
	const char *id;
};

/* 1: it is the record of the network that is looked for, or may be. */
static int is_record_of(void *context, const char *name)
{
	const struct search *search = context;
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network *network = NULL;
	int r = name[0] == '.' ? -ENOENT : network_read_record(arena, search->networks_fd, name, &network, NULL);

	return r < 0 ? r != -ENOENT && r != -ENOTDIR : str_equal(network->id, search->id);
}

/* The record is first to come and first to go, under the lock of all networks. */
static int check_gone(void *context, const char *name)
{
	struct check *check = context;
	struct search search = { check->networks_fd, name };
	_cleanup_free_ char *text = NULL;
	int r;

	if (!container_id_is_valid(name))
		return 0;
	r = file_each_name(check->networks_fd, is_record_of, &search);
	if (r != 0)
		return r < 0 ? r : 0;
	text = str_printf("without its record: the volatile directory of the network '%.12s'", name);
	check->found(check->context, text);
	return check->repair ? tree_remove_at(check->fd, name) : 0;
}

static int check_all_gone(struct check *check, int run_fd, struct error *err)
{
	_cleanup_close_ int fd = -EBADF, lock_fd = -EBADF;
	int r = network_lock_all(check->directories, &fd, &lock_fd, err);

	if (r < 0)
		return r;
	check->networks_fd = fd;
	check->fd = run_fd;
	r = file_each_name(run_fd, check_gone, check);
	return r < 0 ? error_errno(err, -r, "cannot look through '%s/networks'", check->directories->run_root) : 0;
}

static int check_there(const struct directories *directories, bool repair, void (*found)(void *context, const char *text), void *context, struct error *err)
{
	struct check check = { .directories = directories, .repair = repair, .found = found, .context = context, .fd = -EBADF };
	_cleanup_free_ char *path = str_printf("%s/networks", directories->run_root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? -errno : file_each_name(fd, check_network, &check);

	if (r < 0 && r != -ENOENT)
		return error_errno(err, -r, "cannot look through '%s'", path);
	return fd < 0 ? 0 : check_all_gone(&check, fd, err);
}

struct check_there_call {
	const struct directories *directories;
	bool repair;
	void (*found)(void *context, const char *text);
	void *context;
	struct error *err;
};

static int call_check_there(void *context)
{
	const struct check_there_call *call = context;

	return check_there(call->directories, call->repair, call->found, call->context, call->err);
}

/* ---- who is half in one ------------------------------------------------------------------------ */

struct members {
	const struct directories *directories;
	bool repair;
	void (*found)(void *context, const char *text);
	void *context;
	struct error *err;
	int fd; /* of the volatile directories of all containers */
};

static int check_member(void *context, const char *id)
{
	const struct members *members = context;
	const struct check check = { .directories = members->directories };
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network_plan *plan = NULL;
	_cleanup_close_ int lock = -EBADF;
	bool is_pending = false;

	if (!container_id_is_valid(id) || !network_member_is_supervised(members->directories, id) || !container_new_is_idle(check.directories, id, &lock))
		return 0;
	if (net_journal_read(arena, members->fd, id, &plan, NULL) < 0 || !plan)
		return 0;
	for (size_t i = 0; i < plan->link_count; i++) {
		_cleanup_free_ char *text = NULL;

		if (!plan->links[i].is_pending)
			continue;
		text = str_printf("half in the network '%s': the container '%.12s'", plan->links[i].network, id);
		members->found(members->context, text);
		is_pending = true;
	}
	close_and_forget(&lock); /* who mends takes it */
	return is_pending && members->repair ? container_network_mend(members->directories, id, members->err) : 0;
}

static int check_members(struct members *members)
{
	_cleanup_free_ char *path = str_printf("%s/containers", members->directories->run_root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	members->fd = fd;
	return fd < 0 ? 0 : file_each_name(fd, check_member, members);
}

int network_check(const struct directories *directories, bool repair, void (*found)(void *context, const char *text), void *context, struct error *err)
{
	struct check_there_call call = { directories, repair, found, context, err };
	struct members members = { directories, repair, found, context, err, -EBADF };
	int r = check_members(&members);

	if (r < 0)
		return r;
	return home_call(call_check_there, &call, err);
}
