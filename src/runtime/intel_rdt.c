/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/intel_rdt.h"

#include "base/log.h"
#include "host/resctrl.h"

#include <fcntl.h>

/* ---- plan --------------------------------------------------------------------- */

/* Limit INDEX in the order in which they are written, and what it is called; NULL: not given or behind the last. */
static const char *get_limit(const struct spec_intel_rdt *config, size_t index, const char **ret_member)
{
	*ret_member = index == 0 ? "l3CacheSchema" : index == 1 ? "memBwSchema" : "schemata";
	if (index == 0)
		return config->l3_cache_schema;
	if (index == 1)
		return config->mem_bw_schema;
	return config->schemata ? config->schemata[index - 2] : NULL;
}

static bool has_limits(const struct spec_intel_rdt *config)
{
	return config->l3_cache_schema || config->mem_bw_schema || (config->schemata && config->schemata[0]);
}

/* Other containers may rely on what a class with a name of its own has. */
static int compare_limits(const struct intel_rdt *rdt, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	unsigned step = resctrl_bandwidth_step(rdt->root_fd);
	int r = resctrl_read_schemata(rdt->class_fd, &text);

	if (r < 0)
		return error_errno(err, -r, "linux.intelRdt: cannot read '%s/schemata'", rdt->path);
	for (size_t i = 0; i < 2; i++) {
		const char *member, *limit = get_limit(rdt->config, i, &member);

		if (limit && !resctrl_schemata_hold(text.data ? text.data : "", limit, step))
			return error_set(err, ERROR_CONFLICT, 0, "linux.intelRdt.%s: class '%s' exists already with another limit than '%s'", member,
				rdt->class, limit);
	}
	return 0;
}

static int look_at_class(struct intel_rdt *rdt, struct error *err)
{
	bool is_named = !str_is_empty(rdt->config->clos_id);
	int r = resctrl_open_class(rdt->root_fd, rdt->class, &rdt->class_fd);

	rdt->makes = r == -ENOENT;
	if (r == -ENOENT && is_named && !has_limits(rdt->config))
		return error_set(err, ERROR_NOT_FOUND, 0, "linux.intelRdt.closID: there is no class '%s' in '%s', and no limits to make it with", rdt->class,
			rdt->mount);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "linux.intelRdt: cannot use '%s' as a class", rdt->path);
	if (rdt->config->enable_monitoring && resctrl_has_monitor(rdt->class_fd, rdt->id))
		return error_set(err, ERROR_CONFLICT, 0, "linux.intelRdt.enableMonitoring: '%s/mon_groups/%s' exists already", rdt->path, rdt->id);
	return is_named ? compare_limits(rdt, err) : 0;
}

int intel_rdt_plan_at(struct arena *arena, const struct spec_intel_rdt *config, const char *id, int root_fd, const char *mount,
	struct intel_rdt *ret, struct error *err)
{
	struct intel_rdt rdt = {
		.config = config,
		.id = id,
		.class = str_is_empty(config->clos_id) ? id : config->clos_id,
		.mount = arena_strdup(arena, mount),
		.root_fd = root_fd,
		.class_fd = -EBADF,
	};
	int r;

	rdt.path = str_equal(rdt.class, RESCTRL_DEFAULT) ? rdt.mount : arena_printf(arena, "%s/%s", mount, rdt.class);
	r = look_at_class(&rdt, err);
	if (r < 0)
		intel_rdt_done(&rdt);
	else
		*ret = rdt;
	return r;
}

int intel_rdt_plan(struct arena *arena, const struct spec_intel_rdt *config, const char *id, struct intel_rdt *ret, struct error *err)
{
	_cleanup_free_ char *mount = NULL;
	int root_fd = -EBADF, r;

	if (!config) {
		*ret = INTEL_RDT_NONE;
		return 0;
	}
	r = resctrl_open(&mount, &root_fd);
	if (r == -ENOENT) {
		error_set(err, ERROR_UNSUPPORTED, 0, "linux.intelRdt: no resctrl file system is mounted on this host");
		error_hint(err, "`mount -t resctrl resctrl /sys/fs/resctrl`");
		return -EINVAL;
	}
	if (r == -EOPNOTSUPP)
		return error_set(err, ERROR_UNSUPPORTED, 0, "linux.intelRdt: the processor or the kernel of this host does not have it (resctrl)");
	if (r < 0)
		return error_errno(err, -r, "linux.intelRdt: cannot open the resctrl file system");
	return intel_rdt_plan_at(arena, config, id, root_fd, mount, ret, err);
}

void intel_rdt_done(struct intel_rdt *rdt)
{
	close_and_forget(&rdt->root_fd);
	close_and_forget(&rdt->class_fd);
}

void intel_rdt_record(const struct intel_rdt *rdt, struct spec_state *state)
{
	if (!rdt->config)
		return;
	state->intel_rdt_path = (char *)rdt->path;
	state->intel_rdt_made = rdt->makes && str_is_empty(rdt->config->clos_id);
}

void intel_rdt_explain(const struct intel_rdt *rdt, struct buf *out)
{
	if (!rdt->config)
		return;
	buf_printf(out, "class of service:\n  %s %s\n", rdt->makes ? "make" : "use", rdt->path);
	for (size_t i = 0;; i++) {
		const char *member, *limit = get_limit(rdt->config, i, &member);

		if (limit)
			buf_printf(out, "  %s/schemata = %s  (linux.intelRdt.%s)\n", rdt->path, limit, member);
		else if (i >= 2)
			break;
	}
	if (rdt->config->enable_monitoring)
		buf_printf(out, "  make %s/mon_groups/%s\n", rdt->path, rdt->id);
}

/* ---- act ------------------------------------------------------------------------ */

/* The kernel's own words, where it has some, in front of those of the errno. */
static int fail(const struct intel_rdt *rdt, int r, const char *member, const char *what, struct error *err)
{
	_cleanup_free_ char *status = resctrl_last_status(rdt->root_fd);

	return error_errno(err, -r, "linux.intelRdt%s%s: %s%s%s", member ? "." : "", member ? member : "", what, *status ? ": " : "", status);
}

static int write_limits(const struct intel_rdt *rdt, struct error *err)
{
	for (size_t i = 0;; i++) {
		const char *member, *limit = get_limit(rdt->config, i, &member);
		int r = limit ? resctrl_write_schema(rdt->class_fd, limit) : 0;

		if (!limit && i >= 2)
			return 0;
		if (r < 0) {
			_cleanup_free_ char *what = str_printf("cannot write '%s' to '%s/schemata'", limit, rdt->path);

			return fail(rdt, r, member, what, err);
		}
	}
}

static int make_class(struct intel_rdt *rdt, struct error *err)
{
	int r = resctrl_make_class(rdt->root_fd, rdt->class);

	rdt->has_made = r == 0;
	if (r == 0 || r == -EEXIST)
		r = resctrl_open_class(rdt->root_fd, rdt->class, &rdt->class_fd);
	if (r < 0) {
		_cleanup_free_ char *what = str_printf("cannot make the class '%s'", rdt->path);

		return fail(rdt, r, NULL, what, err);
	}
	return 0;
}

static int make_monitor(struct intel_rdt *rdt, struct error *err)
{
	int r = resctrl_make_monitor(rdt->class_fd, rdt->id);

	rdt->has_made_monitor = r == 0;
	if (r < 0) {
		_cleanup_free_ char *what = str_printf("cannot make '%s/mon_groups/%s'", rdt->path, rdt->id);

		return fail(rdt, r, "enableMonitoring", what, err);
	}
	return 0;
}

int intel_rdt_make(struct intel_rdt *rdt, struct error *err)
{
	int r = 0;

	if (!rdt->config)
		return 0;
	if (rdt->makes)
		r = make_class(rdt, err);
	if (r == 0)
		r = write_limits(rdt, err);
	if (r == 0 && rdt->config->enable_monitoring)
		r = make_monitor(rdt, err);
	if (r < 0)
		intel_rdt_undo(rdt);
	return r;
}

int intel_rdt_enter(const struct intel_rdt *rdt, pid_t pid, struct error *err)
{
	int r = rdt->config ? resctrl_enter(rdt->class_fd, rdt->config->enable_monitoring ? rdt->id : NULL, pid) : 0;

	if (r < 0) {
		_cleanup_free_ char *what = str_printf("cannot move the container's process into '%s'", rdt->path);

		return fail(rdt, r, NULL, what, err);
	}
	return 0;
}

void intel_rdt_undo(struct intel_rdt *rdt)
{
	int r = 0;

	if (rdt->has_made_monitor)
		r = resctrl_remove_monitor(rdt->class_fd, rdt->id);
	/* Another container that began meanwhile may be in a class with a name. */
	if (rdt->has_made && (str_is_empty(rdt->config->clos_id) || rdt->class_fd < 0 || resctrl_class_is_empty(rdt->class_fd))) {
		int later = resctrl_remove_class(rdt->root_fd, rdt->class);

		r = r < 0 ? r : later;
	}
	if (r < 0)
		log_warning("cannot remove '%s': %s, ignoring", rdt->path, error_words(-r));
	rdt->has_made = rdt->has_made_monitor = false;
}

/* ---- by the record ----------------------------------------------------------------- */

static bool is_monitored(const struct spec_intel_rdt *config)
{
	return config && config->enable_monitoring;
}

int intel_rdt_enter_recorded(const struct spec_state *state, const struct spec_intel_rdt *config, pid_t pid, struct error *err)
{
	_cleanup_close_ int class_fd = state->intel_rdt_path ? open(state->intel_rdt_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -EBADF;
	int r;

	if (class_fd < 0)
		return 0;
	r = resctrl_enter(class_fd, is_monitored(config) ? state->id : NULL, pid);
	return r < 0 && r != -ENOENT ? error_errno(err, -r, "cannot move the process into '%s'", state->intel_rdt_path) : 0;
}

int intel_rdt_remove_recorded(const struct spec_state *state, const struct spec_intel_rdt *config, struct error *err)
{
	_cleanup_close_ int class_fd = -EBADF;
	int r = 0;

	if (!state->intel_rdt_path)
		return 0;
	class_fd = open(state->intel_rdt_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (class_fd >= 0 && is_monitored(config))
		r = resctrl_remove_monitor(class_fd, state->id);
	if (r < 0)
		return error_errno(err, -r, "cannot remove '%s/mon_groups/%s'", state->intel_rdt_path, state->id);
	if (state->intel_rdt_made)
		r = resctrl_remove_class(AT_FDCWD, state->intel_rdt_path);
	return r < 0 ? error_errno(err, -r, "cannot remove the class of service '%s'", state->intel_rdt_path) : 0;
}
