/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/build_mounts.h"
#include "base/file.h"
#include "engine/build_agent.h"
#include "engine/build_client.h"
#include "engine/build_copy.h"
#include "engine/build_mount_cache.h"
#include "engine/build_import.h"
#include "engine/build_secrets.h"
#include "host/owner.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NAME_LIMIT 120      /* of a cache: what is longer is named by a hash alone */
#define PRIVATE_TRIES 1000

struct preparation {
	const struct build_step *step;
	const struct plan_mount *plan;
	const struct run_mount *mount;
	struct build_mounts *mounts;
	struct arena *arena;
	size_t ssh_count;
};

static void keep_fd(struct build_mounts *mounts, int fd)
{
	mounts->fds[mounts->fd_count++] = fd;
}

static size_t add_word(char **list, const char *word)
{
	size_t count = strv_length(list);

	list[count] = (char *)word;
	return count;
}

static void add_target(struct build_mounts *mounts, const char *target)
{
	add_word((char **)mounts->targets, target);
}

static struct spec_container_mount *add_mount(struct preparation *p, enum spec_mount_kind kind, const char *source, const char *target)
{
	struct spec_container_mount *mount = &p->mounts->list[p->mounts->count++];

	*mount = (struct spec_container_mount){ .kind = kind, .source = (char *)source, .target = (char *)target };
	add_target(p->mounts, target);
	return mount;
}

static const char *without_slashes(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : NULL;
}

/* ---- bind --------------------------------------------------------------------------------- */

static int bind_files(struct preparation *p, const struct build_files *files, bool writable, struct error *err)
{
	struct spec_container_mount *mount;
	const char *top = build_files_top(files);

	if (!top)
		return error_set(err, ERROR_INVALID, 0, "cannot mount '%s': it has no files", p->mount->from);
	mount = add_mount(p, SPEC_MOUNT_IMAGE, p->mount->from, p->mount->target);
	mount->image_top_layer = (char *)top;
	mount->subpath = (char *)without_slashes(p->mount->source ? p->mount->source : "");
	mount->overlay = writable;
	return 0;
}

/* What of it is not for the build is not seen: then it is a copy. */
static int bind_context(struct preparation *p, struct build_context *context, bool writable, struct error *err)
{
	const char *inside = without_slashes(p->mount->source ? p->mount->source : ""), *path = context->path;
	struct spec_container_mount *mount;
	int r = 0;

	if (context->patterns && !ignore_is_empty(context->patterns))
		r = build_copy_context(p->step, context, inside ? inside : ".", &path, err);
	if (r < 0)
		return r;
	mount = add_mount(p, SPEC_MOUNT_BIND, path, p->mount->target);
	mount->subpath = (char *)inside;
	mount->read_only = !writable;
	mount->overlay = writable;
	return 0;
}

static int prepare_bind(struct preparation *p, struct error *err)
{
	bool writable = p->mount->has_read_only && !p->mount->read_only;
	const struct build_files *files = build_origin_files(p->step->stage->platform, &p->plan->origin);

	if (files)
		return bind_files(p, files, writable, err);
	return bind_context(p, build_origin_context(p->step->build, &p->plan->origin), writable, err);
}

/* ---- cache --------------------------------------------------------------------------------- */

const char *build_mounts_id(const struct run_mount *mount)
{
	return mount->id ? mount->id : mount->target;
}

static const char *directory_of(const struct build *build)
{
	return arena_printf(build->arena, "%s/build/mounts", build->directories->root);
}

/* A name for files: of letters that are none a hash is made. */
static const char *cache_name(struct arena *arena, const char *id)
{
	char hash[BUILD_CACHE_ID_LENGTH + 1];
	size_t length = strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	if (*id && !id[length] && length <= NAME_LIMIT)
		return id;
	build_cache_id(id, hash);
	return arena_printf(arena, "=%s", hash);
}

/* One that nobody else has: NAME, NAME=1, …. */
static int lock_private(struct preparation *p, const char *directory, const char **name, int *ret_fd)
{
	const char *first = *name;
	int r = build_mount_cache_lock(directory, first, LOCK_EX | LOCK_NB, ret_fd);

	for (int i = 1; r == -EWOULDBLOCK && i < PRIVATE_TRIES; i++) {
		*name = arena_printf(p->arena, "%s=%d", first, i);
		r = build_mount_cache_lock(directory, *name, LOCK_EX | LOCK_NB, ret_fd);
	}
	return r;
}

static int take_lock(struct preparation *p, const char *directory, const char **name, int *ret_fd)
{
	switch (p->mount->sharing) {
	case RUN_MOUNT_PRIVATE:
		return lock_private(p, directory, name, ret_fd);
	case RUN_MOUNT_LOCKED:
		return build_mount_cache_lock(directory, *name, LOCK_EX, ret_fd);
	case RUN_MOUNT_SHARED:
		break;
	}
	return build_mount_cache_lock(directory, *name, LOCK_SH, ret_fd);
}

/* From a cache elsewhere: 1; 0: none has it, or it cannot be had: *MADE is empty. */
static int import_cache(struct preparation *p, const char **made, struct error *err)
{
	struct build *build = p->step->build;
	struct error why = ERROR_INIT;
	struct build_import_blob blob;

	if (!build_imports_find_mount(build, build_mounts_id(p->mount), &blob))
		return 0;
	if (build_imports_fetch_blobs(build, &blob, 1, *made, BUILD_IMPORT_PRINTS, &why) == 0)
		return 1;
	dprintf(STDERR_FILENO, "the cache mount '%s' begins empty: %s\n", build_mounts_id(p->mount), why.message);
	return build_work_make(build, made, err);
}

/* It is complete when it has its name: what it begins with is copied before. */
static int make_cache(struct preparation *p, const char *path, struct error *err)
{
	const struct build_files *files = p->mount->from ? build_origin_files(p->step->stage->platform, &p->plan->origin) : NULL;
	const char *made = NULL;
	int r = build_work_make(p->step->build, &made, err);

	if (r == 0)
		r = import_cache(p, &made, err);
	if (r == 0 && files)
		r = build_copy_files(p->step, files, p->mount->source ? p->mount->source : "/", made, err);
	if (r < 0)
		return r;
	if (!files && (owner_set_at(AT_FDCWD, made, p->mount->has_uid ? p->mount->uid : 0, p->mount->has_gid ? p->mount->gid : 0, 0) < 0 ||
			      chmod(made, p->mount->has_mode ? p->mount->mode : 0755) < 0))
		return error_errno(err, errno, "cannot prepare the cache '%s'", path);
	if (rename(made, path) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		return error_errno(err, errno, "cannot make the cache '%s'", path);
	return 0;
}

static int prepare_cache(struct preparation *p, struct error *err)
{
	const char *id = build_mounts_id(p->mount), *name = cache_name(p->arena, id), *path;
	const char *directory = directory_of(p->step->build);
	struct spec_container_mount *mount;
	int fd = -EBADF, r = file_make_directories(directory, 0700);

	if (r == 0)
		r = take_lock(p, directory, &name, &fd);
	if (r < 0)
		return error_errno(err, -r, "cannot lock the cache '%s'", id);
	keep_fd(p->mounts, fd);
	path = arena_printf(p->arena, "%s/%s", directory, name);
	if (access(path, F_OK) < 0)
		r = make_cache(p, path, err);
	if (r < 0)
		return r;
	/* When it was last of use. */
	ignore_result(utimensat(AT_FDCWD, path, NULL, 0));
	mount = add_mount(p, SPEC_MOUNT_BIND, path, p->mount->target);
	mount->read_only = p->mount->has_read_only && p->mount->read_only;
	return 0;
}

int build_mounts_lock(struct build *build, const char *id, const char **ret_path, int *ret_fd, struct error *err)
{
	const char *directory = directory_of(build), *name = cache_name(build->arena, id);
	_cleanup_close_ int fd = -EBADF;
	int r;

	*ret_path = arena_printf(build->arena, "%s/%s", directory, name);
	if (access(*ret_path, F_OK) < 0)
		return 0;
	r = build_mount_cache_lock(directory, name, LOCK_EX, &fd);
	if (r < 0)
		return error_errno(err, -r, "cannot lock the cache '%s'", id);
	if (access(*ret_path, F_OK) < 0)
		return 0;
	*ret_fd = TAKE_FD(fd);
	return 1;
}

/* ---- tmpfs ------------------------------------------------------------------------------------ */

static int prepare_tmpfs(struct preparation *p)
{
	static char *options[] = { (char *)"exec", NULL };
	struct spec_container_mount *mount = add_mount(p, SPEC_MOUNT_TMPFS, NULL, p->mount->target);

	mount->has_tmpfs_size = p->mount->size > 0;
	mount->tmpfs_size = p->mount->size;
	mount->options = options;
	return 0;
}

/* ---- secrets and sockets ------------------------------------------------------------------------- */

static int refuse_missing(const struct preparation *p, const char *what, struct error *err)
{
	error_set(err, ERROR_NOT_FOUND, 0, "the step needs the %s '%s', which was not given", what, p->mount->id);
	error_hint(err, str_equal(what, "secret") ? "--secret id=%s,src=FILE" : "--ssh %s=SOCKET", p->mount->id);
	return -ENOENT;
}

static int prepare_secret(struct preparation *p, struct error *err)
{
	const struct build_request *request = p->step->build->request;
	const struct build_secret *secret = build_secret_find(request->secrets, request->secret_count, p->mount->id);
	const char *target = p->mount->target;
	struct error own = ERROR_INIT;
	int fd = -EBADF, r = 0;

	if (!secret && !request->session)
		return p->mount->required ? refuse_missing(p, "secret", err) : 0;
	r = secret ? build_secret_open(secret, &fd, &own) : build_secret_ask(p->step->build, p->mount->id, &fd, &own);
	if (r < 0 && !secret && own.kind == ERROR_NOT_FOUND)
		return p->mount->required ? refuse_missing(p, "secret", err) : 0;
	if (r < 0 && err)
		*err = own;
	if (r < 0)
		return r;
	keep_fd(p->mounts, fd);
	if (p->mount->env)
		add_word(p->mounts->secrets, arena_printf(p->arena, "id=env%d,src=/proc/self/fd/%d,type=env,target=%s", fd, fd, p->mount->env));
	if (p->mount->env && !target)
		return 0;
	if (!target)
		target = arena_printf(p->arena, "/run/secrets/%s", p->mount->id);
	if (strchr(target, ','))
		return error_set(err, ERROR_INVALID, 0, "secret '%s': there is a comma in the target '%s'", p->mount->id, target);
	add_word(p->mounts->secrets, arena_printf(p->arena, "id=file%d,src=/proc/self/fd/%d,target=%s,uid=%u,gid=%u,mode=%o", fd, fd, target,
		p->mount->uid, p->mount->gid, p->mount->has_mode ? p->mount->mode : 0400));
	add_target(p->mounts, target);
	return 0;
}

static int prepare_ssh(struct preparation *p, struct error *err)
{
	const struct build_request *request = p->step->build->request;
	const struct build_secret *agent = build_secret_find(request->ssh, request->ssh_count, p->mount->id);
	const char *target = p->mount->target, *source, *made = NULL;
	struct build_agent relayed = { .uid = p->mount->uid, .gid = p->mount->gid, .mode = p->mount->has_mode ? p->mount->mode : 0600 };
	bool is_client = request->session && build_client_check_agent(request, p->mount->id, NULL) == 0;
	int life = -EBADF, r;

	if (!agent && !is_client)
		return p->mount->required ? refuse_missing(p, "ssh", err) : 0;
	source = is_client ? NULL : p->step->build->agents[agent - request->ssh];
	if (!source && !is_client)
		source = getenv("SSH_AUTH_SOCK");
	if (!source && !is_client)
		return error_set(err, ERROR_NOT_FOUND, 0, "--ssh %s: neither a socket is given nor is there an $SSH_AUTH_SOCK", agent->id);
	relayed.id = p->mount->id;
	relayed.path = source;
	relayed.client = is_client ? request : NULL;
	r = build_work_make(p->step->build, &made, err);
	if (r == 0)
		r = build_agent_start(&relayed, arena_printf(p->arena, "%s/agent", made), &p->mounts->relays[p->mounts->relay_count], &life, err);
	if (r < 0)
		return r;
	p->mounts->relay_count++;
	keep_fd(p->mounts, life);
	if (!target)
		target = arena_printf(p->arena, "/run/buildkit/ssh_agent.%zu", p->ssh_count);
	add_mount(p, SPEC_MOUNT_BIND, arena_printf(p->arena, "%s/agent", made), target);
	if (p->ssh_count++ == 0)
		add_word(p->mounts->environment, arena_printf(p->arena, "SSH_AUTH_SOCK=%s", target));
	return 0;
}

/* ---- a script ------------------------------------------------------------------------------------- */

/* A here-document that is executed itself. */
static int prepare_script(struct preparation *p, struct error *err)
{
	const struct plan_step *plan = p->step->plan;
	const char *target = plan->command[strv_length(plan->command) - 1], *made = NULL, *path;
	int r = build_work_make(p->step->build, &made, err);

	if (r < 0)
		return r;
	path = arena_printf(p->arena, "%s/script", made);
	r = file_replace_at(AT_FDCWD, path, plan->script, strlen(plan->script), 0755);
	if (r == 0 && chmod(path, 0755) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, -r, "cannot write the script '%s'", target);
	add_mount(p, SPEC_MOUNT_BIND, path, target)->read_only = true;
	return 0;
}

/* ---- all ------------------------------------------------------------------------------------------- */

static int prepare(struct preparation *p, struct error *err)
{
	switch (p->mount->kind) {
	case RUN_MOUNT_BIND:
		return prepare_bind(p, err);
	case RUN_MOUNT_CACHE:
		return prepare_cache(p, err);
	case RUN_MOUNT_TMPFS:
		return prepare_tmpfs(p);
	case RUN_MOUNT_SECRET:
		return prepare_secret(p, err);
	case RUN_MOUNT_SSH:
		return prepare_ssh(p, err);
	}
	return -EINVAL;
}

int build_mounts_prepare(const struct build_step *step, struct build_mounts *ret, struct error *err)
{
	struct arena *arena = step->build->arena;
	size_t count = step->plan->mount_count + 1; /* and a script */
	struct preparation p = { .step = step, .mounts = ret, .arena = arena };
	int r = 0;

	*ret = (struct build_mounts){
		.list = arena_alloc(arena, count + 1, sizeof *ret->list),
		.secrets = arena_alloc(arena, 2 * count + 1, sizeof *ret->secrets),
		.environment = arena_alloc(arena, count + 1, sizeof *ret->environment),
		.targets = arena_alloc(arena, count + 1, sizeof *ret->targets),
		.fds = arena_alloc(arena, count + 1, sizeof *ret->fds),
		.relays = arena_alloc(arena, count + 1, sizeof *ret->relays),
	};
	for (size_t i = 0; r == 0 && i < step->plan->mount_count; i++) {
		p.plan = &step->plan->mounts[i];
		p.mount = p.plan->mount;
		r = prepare(&p, err);
	}
	if (r == 0 && step->plan->script)
		r = prepare_script(&p, err);
	return r;
}

void build_mounts_done(struct build_mounts *mounts)
{
	while (mounts->fd_count > 0)
		close(mounts->fds[--mounts->fd_count]);
	while (mounts->relay_count > 0) {
		pid_t pid = mounts->relays[--mounts->relay_count];

		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}
