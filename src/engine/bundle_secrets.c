/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle_secrets.h"
#include "base/file.h"
#include "host/owner.h"

#include <fcntl.h>
#include <sys/stat.h>

#define SECRET_LIMIT 512000 /* bytes: Podman's */
#define DIRECTORY "secrets"

/* "id=NAME,src=FILE[,type=mount|env][,target=…][,uid=N][,gid=N][,mode=0NNN]" */
struct secret {
	const char *name, *source, *target;
	bool is_variable;
	uint32_t uid, gid, mode;
};

static int refuse(const char *text, const char *why, struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "--secret: '%.200s': %s", text, why);
}

static int parse_number(const char *text, int base, uint64_t limit, uint32_t *ret)
{
	uint64_t number = 0;

	if (str_to_u64(text, base, &number) < 0 || number > limit)
		return -EINVAL;
	*ret = (uint32_t)number;
	return 0;
}

static int parse_member(struct secret *secret, const char *key, const char *value)
{
	if (str_equal(key, "id"))
		secret->name = value;
	else if (str_equal(key, "src") || str_equal(key, "source"))
		secret->source = value;
	else if (str_equal(key, "target"))
		secret->target = value;
	else if (str_equal(key, "type") && (str_equal(value, "env") || str_equal(value, "mount")))
		secret->is_variable = str_equal(value, "env");
	else if (str_equal(key, "uid"))
		return parse_number(value, 10, UINT32_MAX - 1, &secret->uid);
	else if (str_equal(key, "gid"))
		return parse_number(value, 10, UINT32_MAX - 1, &secret->gid);
	else if (str_equal(key, "mode"))
		return parse_number(value, 8, 0777, &secret->mode);
	else
		return -EINVAL;
	return 0;
}

static bool is_file_name(const char *text)
{
	return !str_is_empty(text) && !strchr(text, '/') && text[0] != '.' && strlen(text) < 250;
}

static int check(const char *text, const struct secret *secret, struct error *err)
{
	if (!secret->source) {
		error_set(err, ERROR_NOT_FOUND, 0, "--secret: there is no secret '%.200s'", secret->name ? secret->name : text);
		error_hint(err, "id=NAME,src=FILE gives the container a file of yours");
		return -ENOENT;
	}
	if (secret->source[0] != '/')
		return refuse(text, "src is no absolute path", err);
	if (!is_file_name(secret->name))
		return refuse(text, "id is no name of a file", err);
	if (secret->is_variable && secret->target && (!*secret->target || strchr(secret->target, '=')))
		return refuse(text, "target is no name of a variable", err);
	if (!secret->is_variable && secret->target && secret->target[0] != '/' && !is_file_name(secret->target))
		return refuse(text, "target is neither an absolute path nor the name of a file", err);
	return 0;
}

static int parse(struct arena *arena, const char *text, struct secret *ret, struct error *err)
{
	*ret = (struct secret){ .mode = 0444 };
	for (char **word = bundle_split(arena, text, ','); *word; word++) {
		char *equals = strchr(*word, '=');

		if (!equals) { /* the name alone, as Podman has it for secrets in its store */
			ret->name = *word;
			continue;
		}
		*equals = '\0';
		if (parse_member(ret, *word, equals + 1) < 0)
			return refuse(text, "expected id=NAME,src=FILE, and perhaps type=mount|env, target=, uid=, gid= and mode=", err);
	}
	return check(text, ret, err);
}

int bundle_check_secrets(const struct spec_container_config *config, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (char **text = config->secrets; text && *text; text++) {
		struct secret secret;
		int r = parse(arena, *text, &secret, err);

		if (r == 0 && access(secret.source, R_OK) < 0)
			r = error_errno(err, errno, "--secret: cannot read '%.200s'", secret.source);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- giving ---------------------------------------------------------------------------- */

static int write_file(struct bundle_plan *plan, const struct secret *secret, const struct buf *content)
{
	const struct bundle_ids *ids = &plan->ids;
	_cleanup_close_ int directory_fd = -EBADF, fd = -EBADF;
	uint32_t uid = bundle_outside_id(ids->uids, ids->uid_count, secret->uid), gid = bundle_outside_id(ids->gids, ids->gid_count, secret->gid);
	int r;

	if (mkdirat(plan->run_fd, DIRECTORY, 0700) < 0 && errno != EEXIST)
		return -errno;
	directory_fd = openat(plan->run_fd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory_fd < 0)
		return -errno;
	fd = openat(directory_fd, secret->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write_all(fd, content->data ? content->data : "", content->length);
	if (r == 0 && (owner_set(fd, uid, gid) < 0 || fchmod(fd, secret->mode) < 0))
		r = -errno;
	return r;
}

static int add_mount(struct bundle_plan *plan, const struct secret *secret, const struct buf *content, struct error *err)
{
	const char *target = secret->target ? secret->target : secret->name;
	int r = write_file(plan, secret, content);

	if (r == -EEXIST)
		return error_set(err, ERROR_INVALID, 0, "--secret: '%.200s' is given twice", secret->name);
	if (r < 0)
		return error_errno(err, -r, "--secret: cannot write '%.200s' into '%s'", secret->name, plan->record->run_path);
	if (target[0] != '/')
		target = arena_printf(plan->arena, "/run/secrets/%s", target);
	bundle_add_mount(plan, target, "bind", arena_printf(plan->arena, "%s/" DIRECTORY "/%s", plan->record->run_path, secret->name),
			 "bind,rprivate,ro,nosuid,nodev,noexec");
	return 0;
}

static int add_variable(struct bundle_plan *plan, const struct secret *secret, const struct buf *content, struct error *err)
{
	struct spec_process *process = plan->spec->process;

	if (content->length && memchr(content->data, '\0', content->length))
		return error_set(err, ERROR_INVALID, 0, "--secret: '%.200s' holds a byte 0, which no variable can", secret->source);
	process->env = strv_append(plan->arena, process->env,
		arena_printf(plan->arena, "%s=%s", secret->target ? secret->target : secret->name, content->data ? content->data : ""));
	return 0;
}

int bundle_add_secrets(struct bundle_plan *plan, struct error *err)
{
	for (char **text = plan->config->secrets; text && *text; text++) {
		_cleanup_buf_ struct buf content = BUF_INIT;
		struct secret secret;
		int r = parse(plan->arena, *text, &secret, err);

		if (r < 0)
			return r;
		r = file_read_regular_at(AT_FDCWD, secret.source, SECRET_LIMIT, &content);
		if (r < 0)
			return error_errno(err, -r, "--secret: cannot read '%.200s'", secret.source);
		r = secret.is_variable ? add_variable(plan, &secret, &content, err) : add_mount(plan, &secret, &content, err);
		if (r < 0)
			return r;
	}
	return 0;
}
