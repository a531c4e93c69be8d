/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_event.h"
#include "engine/container_files.h"
#include "engine/container_root.h"
#include "engine/transfer.h"

int container_export(const struct directories *directories, const char *container, const char *output, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	_cleanup_close_ int root_fd = -EBADF;
	const char *text = NULL, *arguments[4 + CONTAINER_ROOT_OWNER_ARGUMENTS] = { "export-root" };
	size_t count = 1;
	int r = container_record_open(arena, directories, container, &record, err);

	if (r == 0)
		r = container_root_open_merged(&record, &root_fd, err);
	if (r < 0)
		return r;
	arguments[count++] = arena_printf(arena, "--root-fd=%d", root_fd);
	if (output)
		arguments[count++] = arena_printf(arena, "--output=%s", output);
	count = container_root_add_owners(&record, arguments, count);
	arguments[count] = NULL;
	r = transfer_run(arena, &(struct transfer_request){ .directories = directories, .arguments = arguments, .gives_output = !output,
		.fds = &root_fd, .fd_count = 1 }, &text, err);
	if (r == 0)
		container_event_add(directories, record.container, "export", NULL, 0);
	return r;
}
