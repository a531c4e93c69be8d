/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/waiters.h"
#include "base/clock.h"
#include "base/file.h"
#include "host/fdpass.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define PATIENCE_MS 3000 /* that a start has with one of them */
#define LOOK_MS 500      /* how often it is looked whether there is still something to wait for */
#define LIMIT 256        /* that are let in at one start */

static char *directory_of_id(const struct directories *directories, const char *id)
{
	return str_printf("%s/waiting/%s", directories->run_root, id);
}

static char *directory_of(const struct container_record *record)
{
	return directory_of_id(record->directories, record->container->id);
}

/* ---- one of them ------------------------------------------------------------------------ */

int waiter_open(const struct container_record *record, struct waiter *ret, struct error *err)
{
	struct waiter waiter = WAITER_INIT;
	_cleanup_close_ int fd = -EBADF;
	int r = -ENOENT;

	waiter.directory = directory_of(record);
	waiter.name = str_printf("%d", (int)getpid());
	/* The last one that leaves removes the directory, perhaps just now. */
	for (int i = 0; r == -ENOENT && i < 10; i++) {
		r = file_make_directories(waiter.directory, 0700);
		if (r == 0)
			fd = open(waiter.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (r == 0)
			r = fd < 0 ? -errno : fdpass_bind_at(fd, waiter.name, SOCK_SEQPACKET, &waiter.listen_fd);
		if (r < 0)
			close_and_forget(&fd);
	}
	*ret = waiter;
	return r < 0 ? error_errno(err, -r, "cannot wait for the container '%s' to be started", record->container->name) : 0;
}

int waiter_wait(struct waiter *waiter, const struct container_record *record, bool (*left)(const void *context), const void *context, struct error *err)
{
	struct pollfd ask = { .fd = waiter->listen_fd, .events = POLLIN };

	for (;;) {
		int r = poll(&ask, 1, LOOK_MS);

		if (r < 0 && errno != EINTR)
			return error_errno(err, errno, "cannot wait for the container '%s' to be started", record->container->name);
		if (r > 0)
			waiter->starter = accept4(waiter->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (waiter->starter >= 0)
			return 1;
		if (left(context) || access(record->path, F_OK) < 0)
			return 0;
	}
}

void waiter_close(struct waiter *waiter)
{
	_cleanup_free_ char *path = waiter->directory ? str_printf("%s/%s", waiter->directory, waiter->name) : NULL;

	if (waiter->listen_fd >= 0 && unlink(path) == 0)
		ignore_result(rmdir(waiter->directory)); /* others may be there */
	close_and_forget(&waiter->listen_fd);
	close_and_forget(&waiter->starter);
	free(TAKE_PTR(waiter->directory));
	free(TAKE_PTR(waiter->name));
}

/* ---- all of them --------------------------------------------------------------------------- */

bool waiters_exist(const struct container_record *record)
{
	_cleanup_free_ char *path = directory_of(record);

	return access(path, F_OK) == 0;
}

struct admission {
	int directory_fd;
	int sockets[LIMIT];
	size_t count;
};

static int connect_to(void *context, const char *name)
{
	struct admission *admission = context;
	int fd, r;

	if (name[0] == '.' || admission->count == LIMIT)
		return 0;
	r = fdpass_connect_at(admission->directory_fd, name, SOCK_SEQPACKET, &fd);
	if (r == 0)
		admission->sockets[admission->count++] = fd;
	else if (r == -ECONNREFUSED)
		ignore_result(unlinkat(admission->directory_fd, name, 0)); /* somebody else may have */
	return 0;
}

/* Each closes its end when it has attached. */
static void wait_for(int socket, int64_t end_ms)
{
	struct pollfd ask = { .fd = socket, .events = POLLIN };
	int64_t left_ms;

	while ((left_ms = end_ms - clock_monotonic_ms()) > 0 && poll(&ask, 1, (int)left_ms) < 0 && errno == EINTR)
		;
}

void waiters_admit(const struct container_record *record)
{
	_cleanup_free_ char *path = directory_of(record);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct admission admission = { .directory_fd = fd };
	int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;

	if (fd < 0 || file_each_name(fd, connect_to, &admission) < 0)
		return;
	for (size_t i = 0; i < admission.count; i++)
		wait_for(admission.sockets[i], end_ms);
	for (size_t i = 0; i < admission.count; i++)
		close(admission.sockets[i]);
}

static int forget(void *context, const char *name)
{
	if (name[0] != '.')
		ignore_result(unlinkat(*(int *)context, name, 0)); /* its own process may have */
	return 0;
}

void waiters_forget(const struct directories *directories, const char *id)
{
	_cleanup_free_ char *path = directory_of_id(directories, id);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	ignore_result(file_each_name(fd, forget, &fd)); /* what is left is empty sockets */
	ignore_result(rmdir(path));
}
