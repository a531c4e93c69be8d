/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_work.h"

#include "base/file.h"
#include "spec/build_work.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#define THREAD_LIMIT 16

const struct option_entry build_work_entries[] = {
	{ "work-fd", 0, OPTION_INT, 0, offsetof(struct build_work_request, work), "FD", "what to do: a JSON document, open", .minimum = STDERR_FILENO + 1,
		.maximum = INT32_MAX },
	{ "lease-fd", 0, OPTION_INT, 0, offsetof(struct build_work_request, lease), "FD", "a lease of the store, open: what is made is kept as long as that",
		.minimum = STDERR_FILENO + 1, .maximum = INT32_MAX },
	{ 0 },
};

int build_work_read(const struct command_call *call, struct buf *ret, struct error *err)
{
	const struct build_work_request *request = call->request;
	int r;

	if (!request->work)
		return error_set(err, ERROR_INVALID, 0, "--work-fd is missing");
	r = fd_read_all((int)request->work, SPEC_BUILD_WORK_LIMIT, ret);
	if (r == 0)
		buf_add_text(ret, "");
	return r < 0 ? error_errno(err, -r, "cannot read descriptor %d", (int)request->work) : 0;
}

int build_work_lease(const struct command_call *call, const struct store *store, struct lease *ret, struct error *err)
{
	const struct build_work_request *request = call->request;

	return request->lease ? lease_join(store, (int)request->lease, ret, err) : lease_begin(store, ret, err);
}

int build_work_open_above(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	_cleanup_free_ char *above = slash ? str_printf("%.*s", (int)(slash - path) + 1, path) : NULL;
	int fd = above ? open(above, O_PATH | O_DIRECTORY | O_CLOEXEC) : -EBADF;

	return fd >= 0 ? fd : above ? -errno : -EBADF;
}

unsigned build_work_threads(void)
{
	cpu_set_t set;
	int count;

	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return 1;
	count = CPU_COUNT(&set);
	return count > THREAD_LIMIT ? THREAD_LIMIT : count < 1 ? 1 : (unsigned)count;
}
