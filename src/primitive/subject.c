/* SPDX-License-Identifier: Apache-2.0 */
#include "primitive/subject.h"

#include "base/str.h"
#include "engine/container.h"
#include "engine/stats_target.h"
#include "host/syscalls.h"

#include <limits.h>

bool subject_is_process(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 9;
}

static int open_process(pid_t pid, int *ret, struct error *err)
{
	int fd = sys_pidfd_open(pid, 0);

	if (fd < 0 && (errno == ESRCH || errno == EINVAL))
		return error_set(err, ERROR_NOT_FOUND, 0, "no process %d", (int)pid);
	if (fd < 0)
		return error_errno(err, errno, "cannot open process %d", (int)pid);
	*ret = fd;
	return 0;
}

/* The record says that it runs, the descriptor is opened, the record says so still: it is that process. */
static int open_container(struct arena *arena, const struct directories *directories, const char *text, struct subject *ret, struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	_cleanup_close_ int fd = -EBADF;
	int64_t pid;
	int r = container_record_open(arena, directories, text, &record, err);

	if (r < 0)
		return r;
	pid = record.state->pid;
	r = stats_target_runs(&record) ? open_process((pid_t)pid, &fd, NULL) : -ESRCH;
	if (r == 0) {
		r = container_record_refresh(&record, err);
		if (r < 0)
			return r;
	}
	if (r < 0 || !stats_target_runs(&record) || record.state->pid != pid)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' does not run", text);
	*ret = (struct subject){ .pid = (pid_t)pid, .pidfd = TAKE_FD(fd) };
	return 0;
}

int subject_open(struct arena *arena, const struct directories *directories, const char *text, struct subject *ret, struct error *err)
{
	struct subject subject = SUBJECT_INIT;
	uint64_t number = 0;
	int r;

	if (!subject_is_process(text))
		return open_container(arena, directories, text, ret, err);
	if (str_to_u64(text, 10, &number) < 0 || number == 0 || number > INT_MAX)
		return error_set(err, ERROR_NOT_FOUND, 0, "no process %s", text);
	subject.pid = (pid_t)number;
	r = open_process(subject.pid, &subject.pidfd, err);
	if (r == 0)
		*ret = subject;
	return r;
}

void subject_close(struct subject *subject)
{
	close_and_forget(&subject->pidfd);
}

bool subject_lives(const struct subject *subject)
{
	return sys_pidfd_send_signal(subject->pidfd, 0) == 0 || errno == EPERM;
}
