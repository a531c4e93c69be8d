/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_collect.h"
#include "base/file.h"
#include "base/str.h"
#include "engine/build.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#define SYSTEM_PATH "/etc/bivy/build.json"
#define OWN_NAME "bivy/build.json"
#define PAUSE_S 60

/* The user's own stands in place of the system's. */
static char *settings_path(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	_cleanup_free_ char *own = NULL;

	if (!str_is_empty(config))
		own = str_printf("%s/" OWN_NAME, config);
	else if (!str_is_empty(home))
		own = str_printf("%s/.config/" OWN_NAME, home);
	return own && access(own, F_OK) == 0 ? TAKE_PTR(own) : str_dup(SYSTEM_PATH);
}

int build_settings_read(struct spec_build_settings *ret, struct error *err)
{
	_cleanup_free_ char *path = settings_path();
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_regular_at(AT_FDCWD, path, SPEC_BUILD_SETTINGS_LIMIT, &text);

	if (r < 0 && r != -ENOENT)
		return error_errno(err, -r, "cannot read '%s'", path);
	return spec_build_settings_decode(path, text.data ? text.data : "", text.length, ret, err);
}

/* Whether it was done just now. If not, it is from now on: of several builds one does it. */
static bool was_done(const struct directories *directories)
{
	_cleanup_free_ char *path = str_printf("%s/build/collected", directories->root);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat status;
	int64_t age_s;

	if (fd < 0 || fstat(fd, &status) < 0)
		return false;
	age_s = time(NULL) - status.st_mtim.tv_sec;
	/* A file that was made just now tells nothing. */
	if (status.st_size > 0 && age_s >= 0 && age_s < PAUSE_S)
		return true;
	ignore_result(pwrite(fd, "\n", 1, 0)); /* then the next build does it again */
	return false;
}

/* Nothing is too much, if no limit is set. */
static struct build_cache_prune_request make_request(const struct directories *directories, const struct spec_build_settings *settings, uint64_t total)
{
	uint64_t maximum = spec_build_amount_of(&settings->maximum, total);

	return (struct build_cache_prune_request){ .directories = directories, .roughly = true, .max_used_bytes = maximum ? maximum : UINT64_MAX,
		.min_free_bytes = spec_build_amount_of(&settings->minimum_free, total), .reserved_bytes = spec_build_amount_of(&settings->reserved, total),
		.used_before_s = settings->unused_s ? (int64_t)time(NULL) - settings->unused_s : 0 };
}

int build_collect(const struct directories *directories, const struct spec_build_settings *settings, struct error *err)
{
	_cleanup_arena_ struct arena *arena = NULL;
	struct build_cache_prune_request request;
	struct build_cache_prune_report report;
	struct statvfs disk;

	if (!settings->collects)
		return 0;
	if (statvfs(directories->root, &disk) < 0)
		return error_errno(err, errno, "cannot tell how large the disk of '%s' is", directories->root);
	request = make_request(directories, settings, (uint64_t)disk.f_blocks * disk.f_frsize);
	if ((uint64_t)disk.f_bavail * disk.f_frsize >= request.min_free_bytes && was_done(directories))
		return 0;
	arena = arena_new();
	return build_cache_prune(arena, &request, &report, err);
}
