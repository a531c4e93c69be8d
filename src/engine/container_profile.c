/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_profile.h"
#include "base/file.h"
#include "host/landlock.h"
#include "host/seccomp_arch.h"
#include "spec/names.h"

#include <fcntl.h>
#include <linux/seccomp.h>

/* ---- documents --------------------------------------------------------------------- */

static int read_profile(struct arena *arena, const char *path, bool may_be_missing, struct spec_profile **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_regular_at(AT_FDCWD, path, SPEC_PROFILE_LIMIT, &text);

	if (may_be_missing && (r == -ENOENT || (r == 0 && text.length == 0)))
		return 0;
	if (r == -ENXIO)
		return error_set(err, ERROR_INVALID, 0, "cannot read the profile '%.200s': it is no regular file", path);
	if (r < 0)
		return error_errno(err, -r, "cannot read the profile '%.200s'", path);
	r = spec_profile_decode(arena, "profile", text.data ? text.data : "", text.length, ret, err);
	return r < 0 ? error_wrap(err, "cannot use '%.200s'", path) : 0;
}

int container_profile_read(struct arena *arena, struct spec_host_config *host, struct error *err)
{
	return host->profile_file ? read_profile(arena, host->profile_file, false, &host->profile, err) : 0;
}

/* ---- checks ----------------------------------------------------------------------------- */

static const char *filter_option(const struct spec_host_config *host)
{
	for (char **option = host->security_options; option && *option; option++)
		if (str_starts_with(*option, "seccomp=") && !str_equal(*option, "seccomp=unconfined") && !str_equal(*option, "seccomp=builtin") &&
			!str_equal(*option, "seccomp=default"))
			return *option + strlen("seccomp=");
	return NULL;
}

/* The learner writes long after whoever asked for it may be gone. */
static int check_learn(const char *path, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *directory = str_dup(path);
	struct spec_profile *profile = NULL;

	if (path[0] != '/')
		return error_set(err, ERROR_INVALID, 0, "--learn: expected an absolute path, not '%.200s'", path);
	*(strrchr(directory, '/') + 1) = '\0';
	if (access(directory, W_OK) < 0)
		return error_errno(err, errno, "--learn: cannot write to '%.200s'", directory);
	return read_profile(arena, path, true, &profile, err);
}

static int check_profile(const struct spec_profile *profile, struct error *err)
{
	if (!profile->has_writes && !profile->binds.is_given && !profile->connects.is_given)
		return 0;
	if (landlock_version() >= 0)
		return 0;
	error_set(err, ERROR_UNSUPPORTED, 0, "--profile: this kernel cannot limit what is written and which ports are used: it has no Landlock");
	error_hint(err, "start it with lsm=landlock,…, or take \"writes\", \"binds\" and \"connects\" out of the profile");
	return -EOPNOTSUPP;
}

int container_profile_check(const struct spec_host_config *host, struct error *err)
{
	const char *filter = filter_option(host);
	int r = 0;

	if (host->learn && host->profile)
		return error_set(err, ERROR_INVALID, 0, "--learn and --profile exclude each other");
	if (host->profile && filter) {
		error_set(err, ERROR_INVALID, 0, "--profile and --security-opt seccomp=%.200s exclude each other", filter);
		error_hint(err, "a profile has the system calls that are let through");
		return -EINVAL;
	}
	if (host->learn)
		r = check_learn(host->learn, err);
	return r == 0 && host->profile ? check_profile(host->profile, err) : r;
}

/* ---- capabilities ---------------------------------------------------------------------------- */

uint64_t container_profile_capabilities(const struct spec_profile *profile, uint64_t capabilities)
{
	return profile && profile->has_capabilities ? capabilities & profile->capabilities : capabilities;
}

/* ---- system calls ------------------------------------------------------------------------------ */

/* What a program may need without having been seen to, and gives it nothing that it has not. */
static const char *const always[] = {
	/* its start, its end, the return from a signal */
	"execve", "exit", "exit_group", "rt_sigreturn", "sigreturn", "restart_syscall",
	/* what the vDSO does without the kernel where it can */
	"clock_gettime", "clock_gettime64", "gettimeofday", "time", "getcpu",
	/* waiting, which is a matter of timing: one that learns is slower */
	"futex", "futex_time64", "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64", "sched_yield",
	/* its own memory, as much as it happens to take */
	"brk", "mmap", "mmap2", "munmap", "mremap", "madvise",
};

static bool lets_through(enum spec_seccomp_action action)
{
	return action == SECCOMP_ACT_ALLOW || action == SECCOMP_ACT_LOG;
}

/* A copy with room for three more rules, in which those of the old may be changed. */
static struct spec_seccomp *copy_filter(struct arena *arena, const struct spec_seccomp *seccomp)
{
	struct spec_seccomp *copy = arena_alloc(arena, 1, sizeof *copy);
	struct spec_seccomp_rule *rules;

	if (seccomp)
		*copy = *seccomp;
	else
		copy->default_action = SECCOMP_ACT_ALLOW;
	rules = arena_alloc(arena, copy->rule_count + 3, sizeof *rules);
	if (copy->rule_count)
		memcpy(rules, copy->rules, copy->rule_count * sizeof *rules);
	copy->rules = rules;
	return copy;
}

/* What the rules of SECCOMP say of NAME: nothing, something under conditions, or all there is to say. */
enum mention { MENTION_NONE, MENTION_CONDITIONAL, MENTION_WHOLE };

static enum mention mention_of(const struct spec_seccomp *seccomp, const char *name)
{
	enum mention mention = MENTION_NONE;

	for (size_t i = 0; i < seccomp->rule_count; i++)
		if (strv_contains(seccomp->rules[i].names, name)) {
			if (!seccomp->rules[i].arg_count)
				return MENTION_WHOLE;
			mention = MENTION_CONDITIONAL;
		}
	return mention;
}

/*
 * Rules with ACTION for the calls that the default action decides, by their
 * names: for those with conditions when none of these holds, which is what >= 0
 * says, as that is tried last (host/seccomp_order.h).
 */
static void add_default(struct arena *arena, struct spec_seccomp *seccomp, enum spec_seccomp_action action)
{
	size_t count = (size_t)seccomp_row_count(), whole_count = 0, rest_count = 0;
	char **whole = arena_alloc(arena, count + 1, sizeof *whole), **rest = arena_alloc(arena, count + 1, sizeof *rest);
	struct spec_seccomp_arg *always_true = arena_alloc(arena, 1, sizeof *always_true);

	for (size_t row = 0; row < count; row++) {
		const char *name = seccomp_row_name((int)row);
		enum mention mention = mention_of(seccomp, name);

		if (mention == MENTION_NONE)
			whole[whole_count++] = (char *)name;
		else if (mention == MENTION_CONDITIONAL)
			rest[rest_count++] = (char *)name;
	}
	always_true->op = SECCOMP_OP_GE;
	if (whole_count)
		seccomp->rules[seccomp->rule_count++] = (struct spec_seccomp_rule){ .names = whole, .action = action };
	if (rest_count)
		seccomp->rules[seccomp->rule_count++] = (struct spec_seccomp_rule){ .names = rest, .action = action, .args = always_true, .arg_count = 1 };
}

struct spec_seccomp *container_profile_learn(struct arena *arena, const struct spec_seccomp *seccomp, const char *listener_path)
{
	struct spec_seccomp *copy = copy_filter(arena, seccomp);

	for (size_t i = 0; i < copy->rule_count; i++)
		if (lets_through(copy->rules[i].action))
			copy->rules[i].action = SECCOMP_ACT_NOTIFY;
	/* Numbers without a name have none to be recorded by: the default action stays. */
	if (lets_through(copy->default_action))
		add_default(arena, copy, SECCOMP_ACT_NOTIFY);
	copy->listener_path = (char *)listener_path;
	/* A signal does not take a call back once it is being looked at: its program would see it fail with EINTR. */
	copy->flags |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return copy;
}

static bool is_kept(const struct spec_profile *profile, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		if (str_equal(always[i], name))
			return true;
	return spec_profile_has_call(profile, name);
}

/* Parts the names: those that are kept stay, the others go to REFUSED. */
static char **keep_names(struct arena *arena, char *const *names, const struct spec_profile *profile, char **refused, size_t *refused_count)
{
	char **kept = arena_alloc(arena, strv_length(names) + 1, sizeof *kept);
	size_t count = 0;

	for (; *names; names++)
		if (is_kept(profile, *names))
			kept[count++] = *names;
		else
			refused[(*refused_count)++] = *names;
	return kept;
}

static size_t count_names(const struct spec_seccomp *seccomp)
{
	size_t count = 0;

	for (size_t i = 0; i < seccomp->rule_count; i++)
		count += strv_length(seccomp->rules[i].names);
	return count;
}

struct spec_seccomp *container_profile_hold(struct arena *arena, const struct spec_seccomp *seccomp, const struct spec_profile *profile)
{
	struct spec_seccomp *copy = copy_filter(arena, seccomp);
	char **refused;
	size_t refused_count = 0, kept = 0;

	if (lets_through(copy->default_action)) {
		copy->default_action = SECCOMP_ACT_ERRNO;
		add_default(arena, copy, SECCOMP_ACT_ALLOW);
	}
	refused = arena_alloc(arena, count_names(copy) + 1, sizeof *refused);
	for (size_t i = 0; i < copy->rule_count; i++) {
		struct spec_seccomp_rule *rule = &copy->rules[i];

		if (lets_through(rule->action))
			rule->names = keep_names(arena, rule->names, profile, refused, &refused_count);
		if (rule->names[0])
			copy->rules[kept++] = *rule;
	}
	copy->rule_count = kept;
	/* A rule without conditions goes before those with. */
	if (refused_count)
		copy->rules[copy->rule_count++] = (struct spec_seccomp_rule){ .names = refused, .action = SECCOMP_ACT_ERRNO, .has_errno = true, .errno_ret = EPERM };
	return copy;
}

/* ---- files and ports --------------------------------------------------------------------------------- */

/* The TCP ports; false if there is no limit to them. */
static bool tcp_ports(struct arena *arena, const struct spec_profile_ports *ports, uint16_t **ret, size_t *ret_count)
{
	uint16_t *list = arena_alloc(arena, ports->count + 1, sizeof *list);
	size_t count = 0;

	for (size_t i = 0; ports->is_given && i < ports->count; i++) {
		if (ports->list[i].udp)
			continue;
		if (ports->list[i].port == SPEC_PROFILE_ANY_PORT)
			return false;
		list[count++] = (uint16_t)ports->list[i].port;
	}
	*ret = list;
	*ret_count = count;
	return ports->is_given;
}

static void add_landlock(struct bundle_plan *plan, const struct spec_profile *profile)
{
	struct spec_landlock *landlock = arena_alloc(plan->arena, 1, sizeof *landlock);
	static char *nothing[1];

	if (profile->has_writes)
		landlock->writable = profile->write_count ? profile->writes : nothing;
	landlock->has_bind_ports = tcp_ports(plan->arena, &profile->binds, &landlock->bind_ports, &landlock->bind_port_count);
	landlock->has_connect_ports = tcp_ports(plan->arena, &profile->connects, &landlock->connect_ports, &landlock->connect_port_count);
	if ((landlock->has_bind_ports || landlock->has_connect_ports) && landlock_version() < LANDLOCK_VERSION_OF_PORTS)
		bundle_warn(plan, "--profile: the kernel cannot limit TCP ports, which takes Linux 6.7");
	if (landlock->writable || landlock->has_bind_ports || landlock->has_connect_ports)
		plan->spec->linux_.landlock = landlock;
}

void container_profile_add(struct bundle_plan *plan)
{
	const struct spec_profile *profile = plan->host->profile;
	struct spec_linux *linux_ = &plan->spec->linux_;

	if (plan->host->learn)
		linux_->seccomp = container_profile_learn(plan->arena, linux_->seccomp,
			arena_printf(plan->arena, "%s/" SPEC_SUPERVISION_LEARNER, plan->record->run_path));
	if (!profile)
		return;
	if (profile->has_calls)
		linux_->seccomp = container_profile_hold(plan->arena, linux_->seccomp, profile);
	add_landlock(plan, profile);
}
