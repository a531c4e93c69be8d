/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy-files: files between a container and the host, or another container.
 *
 * Two processes, an archive in a pipe between them: one works in the container's
 * root, as root of its user namespace if it has one, so that owners are those
 * that it knows; the other likewise in the other container, or on the host, as
 * who has called us. Each gives up what it does not need before it reads what
 * the other sends.
 */
#include "base/file.h"
#include "base/json.h"
#include "store/decompress.h"
#include "transfer/confine.h"
#include "transfer/files_source.h"
#include "transfer/files_target.h"
#include "transfer/session.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/wait.h>

struct copy_request {
	int64_t root, user_namespace, other_root, other_user_namespace;
	bool to_container, archive, follow, overwrite;
	const char *path;
};

#define FD_ENTRY(name_, member, help_) \
	{ name_, 0, OPTION_INT, 0, offsetof(struct copy_request, member), "FD", help_, .minimum = STDERR_FILENO + 1, .maximum = INT32_MAX }

static const struct option_entry entries[] = {
	{ "archive", 'a', OPTION_FLAG, 0, offsetof(struct copy_request, archive), NULL, "keep owners" },
	{ "follow-link", 'L', OPTION_FLAG, 0, offsetof(struct copy_request, follow), NULL, "of a link, copy what it names" },
	{ "overwrite", 0, OPTION_FLAG, 0, offsetof(struct copy_request, overwrite), NULL, "a directory may take the place of a file, and the other way round" },
	{ "path", 0, OPTION_STRING, 0, offsetof(struct copy_request, path), "PATH", "in the container" },
	FD_ENTRY("other-root-fd", other_root, "the root, open, of another container, in which LOCAL is"),
	FD_ENTRY("other-userns-fd", other_user_namespace, "its user namespace, open"),
	FD_ENTRY("root-fd", root, "the container's root, open"),
	{ "to-container", 0, OPTION_FLAG, 0, offsetof(struct copy_request, to_container), NULL, "default: from it" },
	FD_ENTRY("userns-fd", user_namespace, "its user namespace, open"),
	{ 0 },
};

struct copy {
	const struct copy_request *request;
	const char *local; /* NULL: a standard stream */
	int read_fd, write_fd, result_fd; /* of the two pipes */
};

struct result {
	int r;
	uint64_t bytes;
	struct error err;
};

/* A place to copy from or to, and where the other is: NULL for a stream. */
struct end {
	struct files_side side;
	const char *path, *other_path;
};

/* ---- what both do ---------------------------------------------------------------------- */

static int send_files(const struct copy *copy, const struct end *end, int fd, struct error *err)
{
	confine(&(struct confinement){ .writable_count = 0 });
	return files_send(&end->side, end->path, (copy->request->follow ? FILES_SEND_FOLLOW : 0u) | (copy->local ? 0u : FILES_SEND_DOT), sink_to_file(&fd), err);
}

static bool is_content(const char *path)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	return files_path_split(arena, path).is_content;
}

static int receive_files(const struct copy *copy, const struct end *end, int fd, uint64_t *ret_bytes, struct error *err)
{
	const struct files_side *side = &end->side;
	const char *source = end->other_path;
	_cleanup_(files_target_close) struct files_target target = { .side = side, .path = end->path, .is_plain = !source, .is_content = !source || is_content(source),
		.keeps_owners = copy->request->archive || (!source && side->is_container), .replaces = copy->request->overwrite,
		.keeps_privileges = side->is_container || copy->request->archive, .base_fd = -EBADF };
	_cleanup_stream_file_ struct stream_file file = { .fd = fd };
	_cleanup_decompress_ struct decompress *decompress = NULL;
	struct stream stream = stream_of_file(&file);
	int r = files_target_open(&target, err);

	if (r < 0)
		return r;
	confine(&(struct confinement){ .writable = &target.base_fd, .writable_count = 1 });
	if (!source) {
		decompress = decompress_new(stream, &DECOMPRESS_LIMITS);
		stream = decompress_stream(decompress);
	}
	return files_receive(&target, stream, ret_bytes, err);
}

/* ---- in the container -------------------------------------------------------------------- */

/* Only its root's rights, over what is its root's. */
static int enter_user_namespace(int fd, struct error *err)
{
	if (setns(fd, CLONE_NEWUSER) < 0)
		return error_errno(err, errno, "cannot enter the container's user namespace");
	/* There may be none to set (user_namespaces(7), /proc/PID/setgroups). */
	ignore_result(setgroups(0, NULL));
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return error_errno(err, errno, "cannot become root of the container");
	return 0;
}

static int work_inside(struct copy *copy, uint64_t *ret_bytes, struct error *err)
{
	const struct copy_request *request = copy->request;
	const struct end end = { { .is_container = true, .root_fd = (int)request->root }, request->path, copy->local };
	int r = request->user_namespace ? enter_user_namespace((int)request->user_namespace, err) : 0;

	if (r < 0)
		return r;
	if (request->to_container) {
		close_and_forget(&copy->write_fd);
		return receive_files(copy, &end, copy->local ? copy->read_fd : STDIN_FILENO, ret_bytes, err);
	}
	close_and_forget(&copy->read_fd);
	return send_files(copy, &end, copy->local ? copy->write_fd : STDOUT_FILENO, err);
}

_noreturn_ static void be_inside(struct copy *copy)
{
	struct result result = { .err = ERROR_INIT };

	result.r = work_inside(copy, &result.bytes, &result.err);
	ignore_result(fd_write_all(copy->result_fd, &result, sizeof result)); /* nobody else would hear of it */
	_exit(0);
}

/* ---- on the host, or in another container ---------------------------------------------------------------------------- */

static int work_outside(struct copy *copy, uint64_t *ret_bytes, struct error *err)
{
	const struct copy_request *request = copy->request;
	const struct end end = {
		{ .is_container = request->other_root, .root_fd = request->other_root ? (int)request->other_root : -EBADF }, copy->local, request->path,
	};
	int r = request->other_user_namespace ? enter_user_namespace((int)request->other_user_namespace, err) : 0;

	if (r < 0 || !copy->local)
		return r;
	if (request->to_container)
		return send_files(copy, &end, copy->write_fd, err);
	return receive_files(copy, &end, copy->read_fd, ret_bytes, err);
}

/* The first cause: a sender that finds nobody to listen is only told of the receiver's error, a receiver that misses the end of the sender's. */
static int choose_error(const struct result *sent, const struct result *received, struct error *err)
{
	const struct result *cause = sent->r < 0 && sent->r != -EPIPE ? sent : received->r < 0 ? received : sent;

	if (cause->r < 0 && err)
		*err = cause->err;
	return cause->r;
}

static int wait_for_inside(pid_t pid, int result_fd, struct result *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int status, r = fd_read_all(result_fd, sizeof *ret, &text);

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r == 0 && text.length == sizeof *ret)
		memcpy(ret, text.data, sizeof *ret);
	else
		ret->r = error_set(&ret->err, ERROR_INTERNAL, 0, "the process in the container ended without a word");
	return 0;
}

static int run_both(struct copy *copy, int result_fd, uint64_t *ret_bytes, struct error *err)
{
	struct result inside = { .r = 0 }, outside = { .err = ERROR_INIT };
	bool to_container = copy->request->to_container;
	pid_t pid = fork();
	int r;

	if (pid < 0)
		return error_errno(err, errno, "cannot start a process");
	if (pid == 0)
		be_inside(copy);
	close_and_forget(&copy->result_fd);
	close_and_forget(to_container ? &copy->read_fd : &copy->write_fd);
	outside.r = work_outside(copy, &outside.bytes, &outside.err);
	/* The end of the archive, or of the interest in it. */
	close_and_forget(to_container ? &copy->write_fd : &copy->read_fd);
	ignore_result(wait_for_inside(pid, result_fd, &inside));
	r = to_container ? choose_error(&outside, &inside, err) : choose_error(&inside, &outside, err);
	*ret_bytes = inside.bytes + outside.bytes;
	return r;
}

static int open_pipes(struct copy *copy, int *ret_result_fd, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	copy->read_fd = fds[0];
	copy->write_fd = fds[1];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot make a pipe");
	*ret_result_fd = fds[0];
	copy->result_fd = fds[1];
	return 0;
}

static void copy_done(struct copy *copy)
{
	close_and_forget(&copy->read_fd);
	close_and_forget(&copy->write_fd);
	close_and_forget(&copy->result_fd);
}

static int run(const struct command_call *call, struct buf *out, struct error *err)
{
	const struct copy_request *request = call->request;
	const char *local = call->operands[0];
	_cleanup_(copy_done) struct copy copy = { .request = request, .local = str_equal(local, "-") ? NULL : local,
		.read_fd = -EBADF, .write_fd = -EBADF, .result_fd = -EBADF };
	_cleanup_close_ int result_fd = -EBADF;
	struct json_writer w = { .out = out };
	uint64_t bytes = 0;
	int r;

	if (!request->root || !request->path)
		return error_set(err, ERROR_INVALID, 0, "--root-fd or --path is missing");
	r = open_pipes(&copy, &result_fd, err);
	if (r == 0)
		r = run_both(&copy, result_fd, &bytes, err);
	if (r < 0 || (!copy.local && !request->to_container))
		return r;
	json_write_open(&w, NULL, '{');
	json_write_uint(&w, "size", bytes);
	json_write_close(&w, '}');
	buf_add_char(out, '\n');
	return 0;
}

const struct command transfer_copy_files = {
	.command = {
		.name = "copy-files",
		.operands = "LOCAL|-",
		.summary = "copy files between a container and the host, or another container",
		.description = "Copies with docker cp's rules for names and slashes; the container's root, and its user namespace if it has one, are inherited "
			"open. -: an archive on the standard input or output. Prints how many bytes of files came as JSON.",
		.entries = entries,
		.minimum_operands = 1,
		.maximum_operands = 1,
	},
	.request_size = sizeof(struct copy_request),
	.run = run,
};
