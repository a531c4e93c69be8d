/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/network_damage.h"
#include "base/file.h"
#include "engine/network_files.h"
#include "net/idle.h"
#include "store/tree.h"

#include <fcntl.h>

/* ---- which --------------------------------------------------------------------------- */

struct search {
	const struct directories *directories;
	network_damaged *found;
	void *context;
	int fd; /* ROOT/networks */
	struct error *err;
};

/* What is the matter with the record NAME: false if nothing is, or there is none. */
static bool is_damaged(int networks_fd, const char *name, struct error *ret)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network *network = NULL;

	return name[0] != '.' && network_read_record(arena, networks_fd, name, &network, ret) == -EBADMSG;
}

static int look_at(void *context, const char *name)
{
	struct search *search = context;
	struct error damage = ERROR_INIT;

	return is_damaged(search->fd, name, &damage) ? search->found(search->context, name, &damage, search->err) : 0;
}

int network_find_damaged(const struct directories *directories, network_damaged *found, void *context, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/networks", directories->root);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct error told = ERROR_INIT;
	struct search search = { directories, found, context, fd, &told };
	int r = fd < 0 ? -errno : file_each_name(fd, look_at, &search);

	if (r == 0 || (fd < 0 && r == -ENOENT))
		return 0;
	if (told.kind == ERROR_NONE)
		return error_errno(err, -r, "cannot read '%s'", path);
	if (err)
		*err = told;
	return r;
}

/* ---- what was noted of it ---------------------------------------------------------------- */

struct noted {
	struct arena *arena;
	const char *path, *name; /* RUN_ROOT/networks */
	const struct spec_network *network;
};

static int match_noted(void *context, const char *id)
{
	struct noted *noted = context;
	const struct spec_network *network = NULL;

	if (id[0] == '.' || net_idle_read(noted->arena, arena_printf(noted->arena, "%s/%s", noted->path, id), &network, NULL) < 0 ||
	    !str_equal(network->name, noted->name) || !str_equal(network->id, id))
		return 0;
	noted->network = network;
	return 1;
}

/* NULL if its bridge is not up. */
static const struct spec_network *find_noted(struct arena *arena, const struct directories *directories, const char *name)
{
	struct noted noted = { arena, arena_printf(arena, "%s/networks", directories->run_root), name, NULL };
	_cleanup_close_ int fd = open(noted.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && file_each_name(fd, match_noted, &noted) > 0 ? noted.network : NULL;
}

/* ---- mending, removing ------------------------------------------------------------------------ */

static int remove_record(int networks_fd, const char *name)
{
	_cleanup_free_ char *gone = str_printf(".gone-%s", name);

	return renameat(networks_fd, name, networks_fd, gone) < 0 ? -errno : tree_remove_at(networks_fd, gone);
}

/* 1: by what was noted; 0: it is not up. */
static int restore(struct arena *arena, const struct directories *directories, int networks_fd, const char *name, struct error *err)
{
	const struct spec_network *noted = find_noted(arena, directories, name);
	int r;

	if (!noted)
		return 0;
	r = remove_record(networks_fd, name);
	if (r < 0)
		return error_errno(err, -r, "cannot remove the damaged record of the network '%s'", name);
	r = network_write_record(networks_fd, noted, err);
	return r < 0 ? r : 1;
}

int network_mend(const struct directories *directories, const char *name, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_close_ int fd = -EBADF, lock_fd = -EBADF;
	struct error damage = ERROR_INIT;
	int r = network_lock_all(directories, &fd, &lock_fd, err);

	if (r < 0)
		return r;
	if (!is_damaged(fd, name, &damage))
		return 1;
	r = restore(arena, directories, fd, name, err);
	if (r != 0 || !str_equal(name, NETWORK_DEFAULT))
		return r;
	r = remove_record(fd, name);
	return r < 0 ? error_errno(err, -r, "cannot remove the damaged record of the network '%s'", name) : 1;
}

int network_remove_damaged(const struct directories *directories, const char *name, struct error *err)
{
	_cleanup_close_ int fd = -EBADF, lock_fd = -EBADF;
	struct error damage = ERROR_INIT;
	int r = network_lock_all(directories, &fd, &lock_fd, err);

	if (r < 0)
		return r;
	if (!is_damaged(fd, name, &damage))
		return error_set(err, ERROR_NOT_FOUND, 0, "no such network '%s'", name);
	r = remove_record(fd, name);
	return r < 0 ? error_errno(err, -r, "cannot remove the damaged record of the network '%s'", name) : 0;
}
