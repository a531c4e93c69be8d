/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_layout.h"
#include "base/file.h"
#include "engine/transfer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define LIST_LIMIT (1u << 20) /* bytes */

static const char scheme[] = "oci-layout://";

/* A directory with a ':' in its name is one as long as nothing is asked for in it. */
static void split(struct arena *arena, const char *text, const char **ret_path, const char **ret_only)
{
	const char *mark = strrchr(text, '@');
	struct stat status;

	*ret_path = text;
	*ret_only = NULL;
	if (!mark && stat(text, &status) < 0) {
		const char *slash = strrchr(text, '/');

		mark = strrchr(slash ? slash : text, ':');
	}
	if (!mark)
		return;
	*ret_path = arena_strndup(arena, text, (size_t)(mark - text));
	*ret_only = mark + 1;
}

/* ---- those that builds have brought --------------------------------------------------------- */

static int open_list(struct build *build, struct error *err)
{
	const char *path = arena_printf(build->arena, "%s/build", build->directories->root);
	int r = file_make_directories(path, 0700);

	path = arena_printf(build->arena, "%s/layouts", path);
	if (r == 0 && (build->layouts_fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
		r = -errno;
	while (r == 0 && flock(build->layouts_fd, LOCK_SH) < 0)
		r = errno == EINTR ? 0 : -errno;
	return r < 0 ? error_errno(err, -r, "cannot lock '%s'", path) : 0;
}

static int note(const struct build *build, const char *target, struct error *err)
{
	const char *line = arena_printf(build->arena, "%s\n", target);
	int r = fd_write_all(build->layouts_fd, line, strlen(line));

	return r < 0 ? error_errno(err, -r, "cannot write '%s/build/layouts'", build->directories->root) : 0;
}

static bool remove_noted(const struct build *build)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool removed = false;
	char *place = NULL;

	if (lseek(build->layouts_fd, 0, SEEK_SET) < 0 || fd_read_all(build->layouts_fd, LIST_LIMIT, &text) < 0 || !text.data)
		return false;
	for (char *target = strtok_r(text.data, "\n", &place); target; target = strtok_r(NULL, "\n", &place))
		if (image_remove(&build->store, &(struct image){ .target = target }, NULL) == 0) /* or it has got a name meanwhile */
			removed = true;
	ignore_result(ftruncate(build->layouts_fd, 0)); /* they are not found another time */
	return removed;
}

/* Who has it locked may have looked whether an image is there, and reckon with it. */
bool build_layouts_end(struct build *build)
{
	bool removed = build->layouts_fd >= 0 && flock(build->layouts_fd, LOCK_EX | LOCK_NB) == 0 && remove_noted(build);

	close_and_forget(&build->layouts_fd);
	return removed;
}

/* ---- loading ---------------------------------------------------------------------------------- */

static int load(struct build *build, const char *path, const char *only, const char **ret_id, struct error *err)
{
	const char *arguments[] = { "load", "--nameless", "--input", path, only ? "--only" : NULL, only, NULL };
	struct transfer_request transfer = { .directories = build->directories, .arguments = arguments };
	struct spec_transfer_report report = { .images = NULL };
	int r = transfer_run_for_report(build->arena, &transfer, &report, err);

	if (r < 0)
		return r;
	if (report.image_count != 1) {
		error_set(err, report.image_count ? ERROR_INVALID : ERROR_NOT_FOUND, 0, "there %s in it", report.image_count ? "are several images" :
			only ? "is no such image" : "is no image");
		error_hint(err, "oci-layout://DIR:TAG or oci-layout://DIR@DIGEST names one");
		return -EINVAL;
	}
	*ret_id = report.images[0].id;
	return report.images[0].is_new ? note(build, report.images[0].digest, err) : 0;
}

int build_layouts_load(struct build *build, struct error *err)
{
	const struct build_request *request = build->request;

	build->named = arena_alloc(build->arena, request->context_count + 1, sizeof *build->named);
	for (size_t i = 0; i < request->context_count; i++) {
		const char *value = request->contexts[i].value, *path, *only, *id = "layout";
		int r = 0;

		build->named[i] = request->contexts[i];
		if (!str_starts_with(value, scheme))
			continue;
		split(build->arena, value + strlen(scheme), &path, &only);
		if (build->store.fd >= 0 && build->layouts_fd < 0)
			r = open_list(build, err);
		if (r == 0 && build->store.fd >= 0)
			r = load(build, path, only, &id, err);
		if (r < 0)
			return error_wrap(err, "cannot use the context '%s'", value);
		build->named[i].value = arena_printf(build->arena, "docker-image://%s", id);
	}
	return 0;
}
