/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/log_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define FLUSH_BYTES (16u << 10)  /* pending that are written without being asked */
#define KEEP_BYTES (4u << 10)    /* memory that is kept from line to line */
#define COMPRESS_BYTES (64 << 10) /* below, it is not worth a process */
#define LOW_PRIORITY 10

int64_t log_file_added(struct log_file *file)
{
	file->lines++;
	return file->pending.length < FLUSH_BYTES ? 0 : log_file_flush(file);
}

static void forget_pending(struct log_file *file)
{
	file->pending.length = 0;
	file->lines = 0;
	/* A container that says little costs little. */
	if (file->pending.capacity > KEEP_BYTES)
		buf_done(&file->pending);
}

int64_t log_file_flush(struct log_file *file)
{
	int64_t lost = 0;

	if (file->pending.length == 0)
		return 0;
	if (file->fd < 0 || file->is_torn || fd_write_all(file->fd, file->pending.data, file->pending.length) < 0) {
		lost = file->lines;
		/* A part may have been written. */
		if (file->fd >= 0 && ftruncate(file->fd, file->size) < 0)
			file->is_torn = true;
	} else {
		file->size += (int64_t)file->pending.length;
	}
	forget_pending(file);
	return lost;
}

bool log_file_is_full(const struct log_file *file, int64_t max_size)
{
	return file->is_torn || (max_size > 0 && file->size + (int64_t)file->pending.length >= max_size);
}

void log_file_close(struct log_file *file)
{
	close_and_forget(&file->fd);
	buf_done(&file->pending);
	file->size = file->lines = 0;
	file->is_torn = false;
}

int log_file_open_directory(const char *path, int *fd)
{
	if (*fd >= 0)
		return 0;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

bool log_file_is_for_want_of_room(int r)
{
	return r == -ENOSPC || r == -EDQUOT;
}

/* ---- compressing --------------------------------------------------------------------------- */

void log_file_names_add(struct log_file_names *names, int directory_fd, const char *name, bool *ret_is_busy)
{
	struct stat status;

	if (fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || status.st_size < COMPRESS_BYTES)
		return;
	if (ret_is_busy && log_file_is_being_compressed(directory_fd, name))
		*ret_is_busy = true;
	names->list = memory_resize(names->list, names->count + 1, sizeof *names->list);
	names->list[names->count++] = str_dup(name);
}

void log_file_names_done(struct log_file_names *names)
{
	while (names->count > 0)
		free(names->list[--names->count]);
	free(names->list);
	names->list = NULL;
}

/* "bivy-transfer compress --format FORMAT NAME…"; free() it. */
static const char **make_arguments(const char *format, const struct log_file_names *names)
{
	const char *const first[] = { "bivy-transfer", "compress", "--format", format };
	const char **arguments = memory_new(ARRAY_SIZE(first) + names->count + 1, sizeof *arguments);

	memcpy(arguments, first, sizeof first);
	memcpy(arguments + ARRAY_SIZE(first), names->list, names->count * sizeof *arguments);
	return arguments;
}

/* In the child. Its input is what holds the lock. */
_noreturn_ static void execute(const char *transfer, const char *const *arguments, const char *directory, int fd)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpriority(PRIO_PROCESS, 0, LOW_PRIORITY);
	if (dup2(fd, STDIN_FILENO) >= 0 && chdir(directory) == 0)
		execv(transfer, (char *const *)arguments);
	_exit(127);
}

void log_file_compress(const char *transfer, const char *format, const char *directory, int fd, const struct log_file_names *names)
{
	_cleanup_free_ const char **arguments = make_arguments(format, names);
	pid_t pid = fork();

	if (pid == 0)
		execute(transfer, arguments, directory, fd);
	if (pid < 0) {
		log_warning("log '%s' stays as large as it is: %s", names->list[0], error_words(errno));
		flock(fd, LOCK_UN);
	}
}

void log_file_have_compressed(log_compress *compress, void *context, const char *format, int fd, const struct log_file_names *names)
{
	if (compress && names->count > 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		compress(context, format, fd, names);
}

bool log_file_is_being_compressed(int directory_fd, const char *name)
{
	_cleanup_close_ int fd = openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
}
