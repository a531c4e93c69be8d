/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/builder.h"
#include "base/file.h"
#include "engine/assistant.h"

#include <sys/mman.h>

/* A file without a name that has the document. */
static int open_work(const struct buf *work, int *ret_fd, struct error *err)
{
	_cleanup_close_ int fd = memfd_create("work", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, work->data, work->length);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot keep the work of bivy-builder in memory");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int builder_run(struct arena *arena, const struct builder_request *request, const char **ret_text, struct error *err)
{
	const char *arguments[6] = { request->command, "--work-fd" };
	_cleanup_close_ int work_fd = -EBADF;
	int r = open_work(request->work, &work_fd, err), *fds;
	size_t count = request->fd_count;

	if (r < 0)
		return r;
	fds = arena_alloc(arena, count + 2, sizeof *fds);
	for (size_t i = 0; i < count; i++)
		fds[i] = request->fds[i];
	fds[count++] = work_fd;
	arguments[2] = arena_printf(arena, "%d", work_fd);
	if (request->lease) {
		fds[count++] = request->lease->fd;
		arguments[3] = "--lease-fd";
		arguments[4] = arena_printf(arena, "%d", request->lease->fd);
	}
	return assistant_run(arena, &(struct assistant_request){ .program = &program_builder, .directories = request->directories, .arguments = arguments,
		.fds = fds, .fd_count = count, .tell = request->tell, .context = request->context }, ret_text, err);
}
