/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/execs.h"
#include "base/file.h"
#include "engine/container_event.h"
#include "engine/container_names.h"
#include "engine/supervisor.h"
#include "engine/wire.h"
#include "store/tree.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define KEPT_S 600 /* after the end, as docker */
#define ENDED_BY_KILL 137
#define ACTION_BYTES 1024 /* of a command that an event shows */
#define RUN_SUFFIX ".run"

/* ---- where they are ----------------------------------------------------------------------- */

static char *path_of(struct arena *arena, const struct directories *directories, const char *container, const char *name, const char *suffix)
{
	return arena_printf(arena, "%s/execs/%s/%s%s", directories->run_root, container, name, suffix);
}

struct finder {
	struct arena *arena;
	const struct directories *directories;
	const char *id, *container;
};

static int look(void *context, const char *name)
{
	struct finder *finder = context;

	if (name[0] == '.' || access(path_of(finder->arena, finder->directories, name, finder->id, ""), F_OK) < 0)
		return 0;
	finder->container = arena_strdup(finder->arena, name);
	return 1;
}

/* The container whose it is. */
static int find(struct arena *arena, const struct directories *directories, const char *id, const char **ret, struct error *err)
{
	struct finder finder = { .arena = arena, .directories = directories, .id = id };
	_cleanup_close_ int fd = open(arena_printf(arena, "%s/execs", directories->run_root), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (container_id_is_valid(id) && fd >= 0)
		ignore_result(file_each_name(fd, look, &finder)); /* none is found then */
	if (!finder.container)
		return error_set(err, ERROR_NOT_FOUND, 0, "no such exec '%.100s'", id);
	*ret = finder.container;
	return 0;
}

static int read_exec(struct arena *arena, const struct directories *directories, const char *container, const char *id, struct spec_exec **ret,
	struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *path = path_of(arena, directories, container, id, "");
	int r = file_read_regular_at(AT_FDCWD, path, SPEC_EXEC_LIMIT, &text);

	if (r < 0)
		return error_errno(err, -r, "cannot read '%s'", path);
	return spec_exec_decode(arena, text.data, text.length, ret, err);
}

/* ---- those that nobody needs any more --------------------------------------------------------- */

struct sweep {
	const struct directories *directories;
	int fd;        /* of one container's */
	int parent_fd; /* of all of them */
	time_t now;
};

static int drop_old(void *context, const char *name)
{
	struct sweep *sweep = context;
	size_t length = strlen(name), suffix = strlen(RUN_SUFFIX);
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	char id[256];

	if (length <= suffix || length >= sizeof id || !str_equal(name + length - suffix, RUN_SUFFIX))
		return 0;
	if (fstatat(sweep->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || sweep->now - st.st_mtime < KEPT_S)
		return 0;
	fd = openat(sweep->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	snprintf(id, sizeof id, "%.*s", (int)(length - suffix), name);
	ignore_result(unlinkat(sweep->fd, id, 0)); /* somebody else may have */
	ignore_result(unlinkat(sweep->fd, name, 0));
	return 0;
}

static int sweep_container(void *context, const char *name)
{
	struct sweep *sweep = context;
	_cleanup_free_ char *record = str_printf("%s/containers/%s", sweep->directories->root, name);

	if (name[0] == '.')
		return 0;
	if (access(record, F_OK) < 0) {
		ignore_result(tree_remove_at(sweep->parent_fd, name)); /* the next one tries again */
		return 0;
	}
	sweep->fd = openat(sweep->parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sweep->fd >= 0)
		ignore_result(file_each_name(sweep->fd, drop_old, sweep)); /* likewise */
	close_and_forget(&sweep->fd);
	return 0;
}

static void sweep_all(const struct directories *directories)
{
	_cleanup_free_ char *path = str_printf("%s/execs", directories->run_root);
	struct sweep sweep = { .directories = directories, .fd = -EBADF, .now = time(NULL) };
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	sweep.parent_fd = fd;
	if (fd >= 0)
		ignore_result(file_each_name(fd, sweep_container, &sweep)); /* the next one tries again */
}

/* ---- making ------------------------------------------------------------------------------------ */

/* As docker's, with the command, and a blank where its arguments are or would be: "exec_create: sh -c true", "exec_create: ls ". */
static void add_event(const struct directories *directories, const struct spec_container *container, const struct spec_exec *exec, const char *id)
{
	const struct spec_pair extra = { (char *)"execID", (char *)id };
	_cleanup_buf_ struct buf action = BUF_INIT;

	buf_add_text(&action, "exec_create:");
	for (char **arg = exec->args; *arg && action.length < ACTION_BYTES; arg++)
		buf_printf(&action, " %.*s", ACTION_BYTES, *arg);
	if (!exec->args[1])
		buf_add_char(&action, ' ');
	container_event_add(directories, container, action.data, &extra, 1);
}

static int check_running(const struct container_record *record, struct error *err)
{
	const char *name = record->container->name;

	if (!record->is_supervised || record->state->status == SPEC_CONTAINER_EXITED)
		return error_set(err, ERROR_CONFLICT, 0, "container '%s' is not running", name);
	if (record->state->status == SPEC_CONTAINER_PAUSED)
		return error_set(err, ERROR_CONFLICT, 0, "cannot execute in the container '%s': it is paused", name);
	if (record->state->status == SPEC_CONTAINER_RESTARTING)
		return error_set(err, ERROR_CONFLICT, 0, "cannot execute in the container '%s': it is about to be restarted", name);
	return 0;
}

int exec_create(struct arena *arena, const struct directories *directories, const char *container, const struct spec_exec *exec, const char **ret_id,
	struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *directory, *id = NULL;
	int r = container_record_open(arena, directories, container, &record, err);

	if (r == 0)
		r = check_running(&record, err);
	if (r == 0)
		r = container_id_make(arena, &id, err);
	if (r < 0)
		return r;
	sweep_all(directories);
	directory = arena_printf(arena, "%s/execs/%s", directories->run_root, record.container->id);
	spec_exec_encode(exec, &text);
	r = file_make_directories(directory, 0700);
	if (r == 0)
		r = file_replace_at(AT_FDCWD, path_of(arena, directories, record.container->id, id, ""), text.data, text.length, 0600);
	if (r < 0)
		return error_errno(err, -r, "cannot write '%s/%s'", directory, id);
	add_event(directories, record.container, exec, id);
	*ret_id = id;
	return 0;
}

/* ---- starting ------------------------------------------------------------------------------------- */

struct starter {
	const struct exec_start_request *request;
	struct container_wire *wire;
	struct spec_exec_run run;
	int fd; /* of EXEC.run, locked */
};

/* In one piece, as it is read without a lock; what ends is longer than what runs. */
static void write_run(const struct starter *starter)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	spec_exec_run_encode(&starter->run, &text);
	ignore_result(pwrite(starter->fd, text.data, text.length, 0) < 0); /* who asks for it is told of an end by force */
}

static void note_start(void *context, int64_t session, int64_t pid)
{
	struct starter *starter = context;

	starter->run.session = session;
	starter->run.pid = pid;
	write_run(starter);
}

/* Before the client sees the end of the streams: it asks then. */
static void note_end(void *context, int64_t exit_code)
{
	struct starter *starter = context;

	starter->run.has_ended = true;
	starter->run.exit_code = exit_code;
	write_run(starter);
}

static int open_run(struct arena *arena, const struct directories *directories, const char *container, const char *id, int *ret_fd, struct error *err)
{
	const char *path = path_of(arena, directories, container, id, RUN_SUFFIX);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERROR_CONFLICT, 0, "exec command %s has already been run", id);
	if (fd < 0 || fd_lock_exclusive(fd) < 0)
		return error_errno(err, errno, "cannot make '%s'", path);
	*ret_fd = fd;
	return 0;
}

static int execute(struct starter *starter, const char *container, const struct spec_exec *exec, struct error *err)
{
	const struct exec_start_request *request = starter->request;
	struct container_wire *wire = request->wire;
	const struct container_exec_request engine_request = {
		.directories = request->directories,
		.container = container,
		.id = request->id,
		.attachment = {
			.in = !request->detach && exec->attach_stdin,
			.out = !request->detach && (exec->attach_stdout || exec->terminal),
			.err = !request->detach && exec->attach_stderr,
			.wire = wire,
			.detach_keys = exec->detach_keys,
		},
		.args = exec->args,
		.env = exec->env,
		.user = exec->user,
		.working_directory = exec->working_directory,
		.terminal = exec->terminal,
		.privileged = exec->privileged,
	};
	struct container_start_report report = { .exit_code = 0 };
	int r;

	if (!wire->width && !wire->height) {
		wire->width = exec->width;
		wire->height = exec->height;
	}
	wire->started = note_start;
	wire->ended = note_end;
	wire->notes = starter;
	r = container_exec(&engine_request, &report, err);
	if (r == 0 || starter->run.has_ended)
		return r;
	note_end(starter, err && err->exit_status ? err->exit_status : 126);
	/* As docker: who attaches to it reads on its streams why there is none. */
	if (request->detach || !err)
		return r;
	wire_tell_failure(wire, exec->terminal, err);
	return 0;
}

int exec_start(const struct exec_start_request *request, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	_cleanup_close_ int fd = -EBADF;
	struct starter starter = { .request = request };
	struct spec_exec *exec = NULL;
	const char *container;
	int r = find(arena, request->directories, request->id, &container, err);

	if (r == 0)
		r = container_record_open(arena, request->directories, container, &record, err);
	if (r == 0)
		r = check_running(&record, err);
	if (r == 0)
		r = read_exec(arena, request->directories, container, request->id, &exec, err);
	if (r == 0)
		r = open_run(arena, request->directories, container, request->id, &fd, err);
	if (r < 0)
		return r;
	starter.fd = fd;
	starter.run.run = record.state->started;
	return execute(&starter, container, exec, err);
}

/* ---- looking ------------------------------------------------------------------------------------------ */

/* Whether the supervisor has it still, whose owner was killed. */
static bool is_at_supervisor(struct arena *arena, struct container_record *record, const struct spec_exec_run *run)
{
	const struct spec_message request = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_SESSIONS };
	_cleanup_close_ int socket = -EBADF;
	struct spec_message *reply = NULL;

	if (!record->is_supervised || !str_equal(record->state->started, run->run) || supervisor_connect(record, &socket, NULL) < 0 ||
	    supervisor_ask(arena, socket, &request, &reply, NULL) < 0)
		return false;
	for (size_t i = 0; i < reply->session_count; i++)
		if (reply->sessions[i].number == run->session)
			return reply->sessions[i].running;
	return false;
}

/* *RET is NULL for one that was not started; *RET_RUNNING. */
static int read_run(struct arena *arena, struct container_record *record, const char *id, struct spec_exec_run **ret, bool *ret_running)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = open(path_of(arena, record->directories, record->container->id, id, RUN_SUFFIX), O_RDONLY | O_CLOEXEC);
	bool is_owned;
	int r;

	*ret = NULL;
	*ret_running = false;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	is_owned = flock(fd, LOCK_SH | LOCK_NB) < 0;
	r = fd_read_all(fd, SPEC_EXEC_LIMIT, &text);
	if (r < 0)
		return r;
	if (text.length == 0 || spec_exec_run_decode(arena, text.data, text.length, ret, NULL) < 0) {
		*ret = arena_alloc(arena, 1, sizeof **ret);
		*ret_running = is_owned; /* just being started */
		return 0;
	}
	*ret_running = !(*ret)->has_ended && (is_owned || is_at_supervisor(arena, record, *ret));
	return 0;
}

int exec_inspect(struct arena *arena, const struct directories *directories, const char *id, struct exec_report *ret, struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct exec_report report = { .exec = NULL };
	struct spec_exec_run *run = NULL;
	struct spec_exec *exec = NULL;
	int r = find(arena, directories, id, &report.container, err);

	if (r == 0)
		r = container_record_open(arena, directories, report.container, &record, err);
	if (r == 0)
		r = read_exec(arena, directories, report.container, id, &exec, err);
	if (r < 0)
		return r;
	r = read_run(arena, &record, id, &run, &report.running);
	if (r < 0)
		return error_errno(err, -r, "cannot read how the exec '%s' was left", id);
	report.exec = exec;
	if (run && !report.running) {
		report.has_ended = true;
		report.exit_code = run->has_ended ? run->exit_code : ENDED_BY_KILL;
	}
	report.pid = run && report.running ? run->pid : 0;
	*ret = report;
	return 0;
}

int exec_resize(const struct directories *directories, const char *id, uint32_t width, uint32_t height, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	struct spec_message request = { .type = SPEC_MESSAGE_REQUEST, .request = SPEC_REQUEST_RESIZE, .width = width, .height = height }, *reply = NULL;
	_cleanup_close_ int socket = -EBADF;
	struct spec_exec_run *run = NULL;
	const char *container;
	bool running = false;
	int r = find(arena, directories, id, &container, err);

	if (r == 0)
		r = container_record_open(arena, directories, container, &record, err);
	if (r < 0)
		return r;
	if (read_run(arena, &record, id, &run, &running) < 0 || !running || !run->session)
		return error_set(err, ERROR_CONFLICT, 0, "exec %.12s is not running", id);
	request.session = run->session;
	r = supervisor_connect(&record, &socket, err);
	return r < 0 ? r : supervisor_ask(arena, socket, &request, &reply, err);
}
