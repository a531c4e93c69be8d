/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_plan.h"

#include "runtime/rootfs.h"
#include "runtime/sysctl.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

const char *const mount_plan_replaceable[] = {
	"proc/cpuinfo", "proc/diskstats", "proc/meminfo", "proc/stat", "proc/swaps", "proc/uptime", "proc/loadavg",
	"proc/slabinfo", "proc/sys/kernel/ns_last_pid", "proc/sys/crypto/fips_enabled", NULL,
};

/* What every container finds in /dev (runtime-spec, config-linux.md, "Default Devices"). */
static const struct spec_device default_devices[] = {
	{ .path = (char *)"/dev/null",    .type = 'c', .major = 1, .minor = 3, .mode = 0666 },
	{ .path = (char *)"/dev/zero",    .type = 'c', .major = 1, .minor = 5, .mode = 0666 },
	{ .path = (char *)"/dev/full",    .type = 'c', .major = 1, .minor = 7, .mode = 0666 },
	{ .path = (char *)"/dev/random",  .type = 'c', .major = 1, .minor = 8, .mode = 0666 },
	{ .path = (char *)"/dev/urandom", .type = 'c', .major = 1, .minor = 9, .mode = 0666 },
	{ .path = (char *)"/dev/tty",     .type = 'c', .major = 5, .minor = 0, .mode = 0666 },
};

static const struct {
	const char *path, *target;
} links[] = {
	{ "/dev/fd",     "/proc/self/fd" },
	{ "/dev/stdin",  "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
	{ "/dev/core",   "/proc/kcore" },
	{ "/dev/ptmx",   "pts/ptmx" },
};

/* The plan under construction. */
struct making {
	struct arena *arena;
	const struct spec_config *config;
	const char *bundle;
	unsigned flags;
	struct mount_plan *plan;
};

static struct mount_step *add(struct making *m, enum mount_step_kind kind, const char *path)
{
	struct mount_step *step = &m->plan->steps[m->plan->count++];

	step->kind = kind;
	step->path = path;
	step->clean = path;
	step->mount_fd = -EBADF;
	return step;
}

/* "/a//./b/../c" is "/a/c". */
static const char *clean_path(struct arena *arena, const char *path)
{
	char *out = arena_alloc(arena, strlen(path) + 2, 1);
	size_t used = 0;

	for (const char *p = path; *p;) {
		size_t length;

		p += strspn(p, "/");
		length = strcspn(p, "/");
		if (length == 2 && p[0] == '.' && p[1] == '.') {
			while (used && out[--used] != '/')
				;
			out[used] = '\0';
		} else if (length && !(length == 1 && p[0] == '.')) {
			out[used++] = '/';
			memcpy(out + used, p, length);
			used += length;
			out[used] = '\0';
		}
		p += length;
	}
	if (!used)
		memcpy(out, "/", 2);
	return out;
}

/* ---- mounts ------------------------------------------------------------------ */

static bool is_replaceable(const char *clean)
{
	for (size_t i = 0; mount_plan_replaceable[i]; i++)
		if (strcmp(clean + 1, mount_plan_replaceable[i]) == 0)
			return true;
	return false;
}

/*
 * Programs trust what they read in /proc, and so do we: only a procfs may be
 * there, and only harmless files of it may be replaced. Links could still lead
 * a destination there; that is found out when it is opened.
 */
static int check_proc(const struct mount_step *step, struct error *err)
{
	if (step->kind == MOUNT_STEP_REMOUNT)
		return 0;
	if (strcmp(step->clean, "/proc") == 0 && step->kind != MOUNT_STEP_BIND && !str_equal(step->mount->type, "proc"))
		return error_set(err, ERROR_INVALID, 0, "%s: cannot mount '%s' on '/proc': only procfs may be there", step->field, step->mount->type);
	if (str_starts_with(step->clean, "/proc/") && !is_replaceable(step->clean))
		return error_set(err, ERROR_INVALID, 0, "%s: cannot mount on '%s': it is inside of /proc", step->field, step->path);
	return 0;
}

static int check_mount(const struct mount_step *step, struct error *err)
{
	const struct spec_mount *mount = step->mount;

	if (strcmp(step->clean, "/") == 0 && step->kind != MOUNT_STEP_REMOUNT)
		return error_set(err, ERROR_INVALID, 0, "%s: cannot mount on '%s': it is the root itself", step->field, step->path);
	if (mount->idmap && step->kind != MOUNT_STEP_BIND)
		return error_set(err, ERROR_INVALID, 0, "%s: cannot map ids of '%s': only a bind mount can be idmapped", step->field, step->path);
	if (mount->tmpcopyup && !str_equal(mount->type, "tmpfs"))
		return error_set(err, ERROR_INVALID, 0, "%s: tmpcopyup of '%s': only a tmpfs can do that", step->field, step->path);
	return check_proc(step, err);
}

static enum mount_step_kind kind_of(const struct spec_mount *mount)
{
	if (mount->set_flags & MS_REMOUNT)
		return MOUNT_STEP_REMOUNT;
	if (mount->set_flags & MS_BIND)
		return MOUNT_STEP_BIND;
	return str_equal(mount->type, "cgroup") ? MOUNT_STEP_CGROUP : MOUNT_STEP_FILESYSTEM;
}

static int add_mount(struct making *m, size_t index, struct error *err)
{
	const struct spec_mount *mount = &m->config->mounts[index];
	struct mount_step *step = add(m, kind_of(mount), mount->destination);

	step->field = arena_printf(m->arena, "mounts[%zu]", index);
	step->clean = clean_path(m->arena, mount->destination);
	step->mount = mount;
	if (step->kind == MOUNT_STEP_BIND)
		step->source = mount->source[0] == '/' ? mount->source : arena_printf(m->arena, "%s/%s", m->bundle, mount->source);
	/* Later mounts and devices need directories in these. */
	step->late_readonly = (mount->set_flags & MS_RDONLY) && step->kind != MOUNT_STEP_REMOUNT && step->kind != MOUNT_STEP_CGROUP &&
			      (strcmp(step->clean, "/dev") == 0 || (step->kind == MOUNT_STEP_FILESYSTEM && str_equal(mount->type, "tmpfs")));
	if (strcmp(step->clean, "/dev") == 0 && step->kind == MOUNT_STEP_BIND)
		m->plan->own_dev = false;
	if (strcmp(step->clean, "/proc") == 0)
		m->plan->has_proc = true;
	return check_mount(step, err);
}

static int add_mounts(struct making *m, struct error *err)
{
	for (size_t i = 0; i < m->config->mount_count; i++) {
		int r = add_mount(m, i, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- devices ------------------------------------------------------------------- */

static struct mount_step *add_device(struct making *m, const struct spec_device *device)
{
	struct mount_step *step = add(m, MOUNT_STEP_DEVICE, device->path);

	step->device = device;
	/* mknod(2) of devices needs CAP_MKNOD over the whole host. */
	step->bound_device = (m->flags & ROOTFS_NEW_USER_NAMESPACE) && device->type != 'p';
	step->source = device->path;
	return step;
}

static bool is_configured(const struct spec_linux *config, const char *path)
{
	for (size_t i = 0; i < config->device_count; i++)
		if (strcmp(config->devices[i].path, path) == 0)
			return true;
	return false;
}

static int add_devices(struct making *m, struct error *err)
{
	const struct spec_linux *config = &m->config->linux_;

	for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++)
		if (!is_configured(config, default_devices[i].path))
			add_device(m, &default_devices[i]);
	for (size_t i = 0; i < config->device_count; i++) {
		struct mount_step *step = add_device(m, &config->devices[i]);
		const char *clean = clean_path(m->arena, step->path);

		step->field = arena_printf(m->arena, "linux.devices[%zu]", i);
		if (strcmp(clean, "/") == 0 || strcmp(clean, "/proc") == 0 || str_starts_with(clean, "/proc/"))
			return error_set(err, ERROR_INVALID, 0, "%s: cannot make a device at '%s'", step->field, step->path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		add(m, MOUNT_STEP_LINK, links[i].path)->source = links[i].target;
	return 0;
}

/* ---- after pivot ------------------------------------------------------------------ */

static void add_late_readonly(struct making *m)
{
	size_t count = m->plan->count;

	for (size_t i = 0; i < count; i++) {
		struct mount_step *step = &m->plan->steps[i];

		if (step->late_readonly) {
			struct mount_step *late = add(m, MOUNT_STEP_LATE_READONLY, step->path);

			late->field = step->field;
			late->earlier = step;
		}
	}
}

static int add_sysctls(struct making *m, struct error *err)
{
	const struct spec_linux *config = &m->config->linux_;

	for (size_t i = 0; i < config->sysctl_count; i++) {
		int r = sysctl_check(m->config, config->sysctl[i].key, err);

		if (r < 0)
			return r;
		add(m, MOUNT_STEP_SYSCTL, config->sysctl[i].key)->sysctl = &config->sysctl[i];
	}
	return 0;
}

/* Whether a path before number INDEX is the same: one mount does for both. */
static bool is_repeated(char *const *paths, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (str_equal(paths[i], paths[index]))
			return true;
	return false;
}

static void add_paths(struct making *m, enum mount_step_kind kind, const char *name, char *const *paths)
{
	for (size_t i = 0; paths[i]; i++)
		if (!is_repeated(paths, i))
			add(m, kind, paths[i])->field = arena_printf(m->arena, "linux.%s[%zu]", name, i);
}

/*
 * Last: what is unbindable could not be bound from any more. Private and slave
 * trees are so from the beginning, all of them (mount_default_propagation).
 */
static void add_propagation(struct making *m)
{
	unsigned long propagation = m->config->linux_.rootfs_propagation;
	struct mount_step *step;

	if (!(propagation & (MS_SHARED | MS_UNBINDABLE)))
		return;
	step = add(m, MOUNT_STEP_PROPAGATION, "/");
	step->field = "linux.rootfsPropagation";
	step->recursive = propagation & MS_REC;
}

/* ---- the whole ----------------------------------------------------------------------- */

static int check_without_mounts(const struct spec_config *config, struct error *err)
{
	const char *field = config->mount_count ? "mounts" : config->root_readonly ? "root.readonly" :
		*config->linux_.masked_paths ? "linux.maskedPaths" : *config->linux_.readonly_paths ? "linux.readonlyPaths" : NULL;

	if (!field)
		return 0;
	return error_set(err, ERROR_INVALID, 0, "%s: needs a mount namespace of the container's own", field);
}

static size_t count_steps(const struct spec_config *config)
{
	return 2 * config->mount_count + config->linux_.device_count + config->linux_.sysctl_count +
	       strv_length(config->linux_.masked_paths) + strv_length(config->linux_.readonly_paths) +
	       ARRAY_SIZE(default_devices) + ARRAY_SIZE(links) + 2;
}

int mount_plan_make(struct arena *arena, const struct spec_config *config, const char *bundle, unsigned flags, struct mount_plan **ret, struct error *err)
{
	struct making m = { .arena = arena, .config = config, .bundle = bundle, .flags = flags };
	int r;

	m.plan = arena_alloc(arena, 1, sizeof *m.plan);
	m.plan->steps = arena_alloc(arena, count_steps(config), sizeof *m.plan->steps);
	m.plan->own_dev = true;
	if (flags & ROOTFS_NO_MOUNT_NAMESPACE) {
		r = check_without_mounts(config, err);
		if (r < 0)
			return r;
	}
	r = add_mounts(&m, err);
	if (r == 0 && m.plan->own_dev)
		r = add_devices(&m, err);
	if (r < 0)
		return r;
	m.plan->set_up_count = m.plan->count;
	add_late_readonly(&m);
	r = add_sysctls(&m, err);
	if (r < 0)
		return r;
	add_paths(&m, MOUNT_STEP_READONLY_PATH, "readonlyPaths", config->linux_.readonly_paths);
	add_paths(&m, MOUNT_STEP_MASKED_PATH, "maskedPaths", config->linux_.masked_paths);
	if (config->root_readonly)
		add(&m, MOUNT_STEP_READONLY_ROOT, "/")->field = "root.readonly";
	add_propagation(&m);
	*ret = m.plan;
	return 0;
}

void mount_plan_done(struct mount_plan *plan)
{
	for (size_t i = 0; plan && i < plan->count; i++)
		close_and_forget(&plan->steps[i].mount_fd);
}

/* ---- printing -------------------------------------------------------------------------- */

static void print_options(const struct spec_mount *mount, struct buf *out)
{
	for (size_t i = 0; mount->options[i]; i++)
		buf_printf(out, "%s%s", i ? "," : " (", mount->options[i]);
	if (mount->options[0])
		buf_add_text(out, ")");
}

static void print_device(const struct mount_step *step, struct buf *out)
{
	const struct spec_device *device = step->device;

	if (step->bound_device)
		buf_printf(out, "bind the device '%s'", step->path);
	else if (device->type == 'p')
		buf_printf(out, "make the fifo '%s' (mode %04o)", step->path, device->mode & 07777);
	else
		buf_printf(out, "make the device '%s' (%c %lld:%lld, mode %04o)", step->path, device->type, (long long)device->major,
			(long long)device->minor, device->mode & 07777);
}

void mount_step_print(const struct mount_step *step, struct buf *out)
{
	switch (step->kind) {
	case MOUNT_STEP_FILESYSTEM:
	case MOUNT_STEP_CGROUP:
		buf_printf(out, "mount '%s' on '%s'", step->mount->type, step->path);
		print_options(step->mount, out);
		break;
	case MOUNT_STEP_BIND:
		buf_printf(out, "bind '%s' on '%s'", step->source, step->path);
		print_options(step->mount, out);
		break;
	case MOUNT_STEP_REMOUNT:
		buf_printf(out, "remount '%s'", step->path);
		print_options(step->mount, out);
		break;
	case MOUNT_STEP_DEVICE:
		print_device(step, out);
		break;
	case MOUNT_STEP_LINK:
		buf_printf(out, "link '%s' to '%s'", step->path, step->source);
		break;
	case MOUNT_STEP_LATE_READONLY:
	case MOUNT_STEP_READONLY_ROOT:
	case MOUNT_STEP_READONLY_PATH:
		buf_printf(out, "make '%s' read-only", step->path);
		break;
	case MOUNT_STEP_SYSCTL:
		buf_printf(out, "set '%s' to '%s'", step->sysctl->key, step->sysctl->value);
		break;
	case MOUNT_STEP_MASKED_PATH:
		buf_printf(out, "mask '%s'", step->path);
		break;
	case MOUNT_STEP_PROPAGATION:
		buf_printf(out, "set the propagation of '/'%s", step->recursive ? " and all below it" : "");
		break;
	}
	buf_add_char(out, '\n');
}

void mount_plan_print(const struct mount_plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (i == plan->set_up_count)
			buf_add_text(out, "make it the root\n");
		mount_step_print(&plan->steps[i], out);
	}
	if (plan->count == plan->set_up_count)
		buf_add_text(out, "make it the root\n");
}
