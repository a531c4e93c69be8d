/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_debris.h"
#include "base/file.h"
#include "base/str.h"
#include "store/lock.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

/* Nobody takes that long to write a record. */
#define RECORD_AGE_S 3600

static const char *const parts[] = { "cache", "results", "downloads", "index" };

struct sweep {
	const struct build_debris *debris;
	const char *part;
	int fd; /* of that */
};

static void tell(const struct sweep *sweep, const char *name)
{
	_cleanup_free_ char *text = NULL;

	if (!sweep->debris->found)
		return;
	text = str_printf("%s/build/%s/%s: a build that was killed has left it", sweep->debris->directories->root, sweep->part, name);
	sweep->debris->found(sweep->debris->context, text);
}

/* A build's steps hold its lock, too, as long as they live. */
static int sweep_work(void *context, const char *name)
{
	const struct sweep *sweep = context;
	_cleanup_close_ int fd = -EBADF;

	if (name[0] == '.' || lock_abandoned(sweep->fd, name, &fd) < 0)
		return 0;
	tell(sweep, name);
	if (!sweep->debris->dry_run)
		ignore_result(tree_remove_at(sweep->fd, name)); /* the next tries again */
	return 0;
}

/* What was to become a record by its rename (file_replace_at()). */
static int sweep_record(void *context, const char *name)
{
	const struct sweep *sweep = context;
	struct stat status;

	if (!strstr(name, ".tmp-") || fstatat(sweep->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || time(NULL) - status.st_mtim.tv_sec < RECORD_AGE_S)
		return 0;
	tell(sweep, name);
	if (!sweep->debris->dry_run)
		ignore_result(unlinkat(sweep->fd, name, 0)); /* the next tries again */
	return 0;
}

static int sweep_part(const struct build_debris *debris, const char *part, file_visit_name *visit, struct error *err)
{
	_cleanup_free_ char *path = str_printf("%s/build/%s", debris->directories->root, part);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sweep sweep = { debris, part, fd };
	int r = fd < 0 ? -errno : file_each_name(fd, visit, &sweep);

	return r < 0 && r != -ENOENT ? error_errno(err, -r, "cannot read '%s'", path) : 0;
}

int build_debris_sweep_work(const struct directories *directories)
{
	return sweep_part(&(struct build_debris){ .directories = directories }, "work", sweep_work, NULL);
}

int build_debris_sweep(const struct build_debris *debris, struct error *err)
{
	int r = sweep_part(debris, "work", sweep_work, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = sweep_part(debris, parts[i], sweep_record, err);
	return r;
}
