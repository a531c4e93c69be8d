/* SPDX-License-Identifier: Apache-2.0 */
#include "primitive/jail.h"

#include "base/narration.h"
#include "engine/identity.h"
#include "engine/seccomp_default.h"
#include "engine/seccomp_file.h"
#include "host/caps.h"
#include "host/namespace_kind.h"
#include "host/netlink_link.h"
#include "host/relinquish.h"
#include "host/seccomp_arch.h"
#include "host/syscalls.h"
#include "primitive/jail_root.h"
#include "primitive/launch.h"
#include "runtime/seccomp_plan.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/ioctl.h>

#define NOBODY 65534u
#define TIOCLINUX_COMMAND 0x541CU /* its subcode 3 pastes what is selected: ioctl_console(2) */

struct jail {
	const struct jail_request *request;
	struct stat seen; /* the directory, when it was looked at first */
	struct identity identity;
	bool is_chroot;   /* there may be no mount namespace */
	bool has_filter;
	struct seccomp_program terminal_filter, filter;
};

/* ---- who it is ------------------------------------------------------------------------ */

static int look(struct arena *arena, struct jail *jail, struct error *err)
{
	const struct jail_request *request = jail->request;
	_cleanup_close_ int fd = open(request->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &jail->seen) < 0)
		return error_errno(err, errno, "cannot open '%s'", request->directory);
	/* Root is somebody in a directory without /etc/passwd, too. */
	if (request->user)
		return identity_find(arena, fd, str_equal(request->user, "root") ? "0" : request->user, NULL, &jail->identity, err);
	jail->identity.uid = geteuid() == 0 ? NOBODY : geteuid();
	jail->identity.gid = geteuid() == 0 ? NOBODY : getegid();
	return 0;
}

/* ---- filters --------------------------------------------------------------------------- */

/* What is written so into a terminal the caller's shell reads as typed: ioctl_tty(2). The kernel looks at 32 bits of the request. */
static int make_terminal_filter(struct seccomp_program *ret, struct error *err)
{
	static const char *const names[] = { "ioctl", NULL };
	static const struct seccomp_condition stuffing = { .argument = 1, .comparison = SECCOMP_IS_MASKED_EQ, .value = TIOCSTI, .mask = UINT32_MAX };
	static const struct seccomp_condition pasting = { .argument = 1, .comparison = SECCOMP_IS_MASKED_EQ, .value = TIOCLINUX_COMMAND, .mask = UINT32_MAX };
	const struct seccomp_rule rules[] = {
		{ .names = (char *const *)names, .action = SECCOMP_RET_ERRNO | EPERM, .conditions = &stuffing, .condition_count = 1 },
		{ .names = (char *const *)names, .action = SECCOMP_RET_ERRNO | EPERM, .conditions = &pasting, .condition_count = 1 },
	};
	/* Of a policy that does not list them calls would end the process. */
	static const uint32_t others[] = { AUDIT_ARCH_I386, SECCOMP_ARCH_X32, AUDIT_ARCH_ARM };
	uint32_t architectures[ARRAY_SIZE(others)];
	struct seccomp_policy policy = { .default_action = SECCOMP_RET_ALLOW, .rules = rules, .rule_count = ARRAY_SIZE(rules), .architectures = architectures };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (seccomp_arch_runs(seccomp_arch_of_machine(), others[i]))
			architectures[policy.architecture_count++] = others[i];
	r = seccomp_compile(&policy, ret);
	return r < 0 ? error_errno(err, -r, "cannot compile the filter against writing into terminals") : 0;
}

static int make_filters(struct arena *arena, struct jail *jail, struct error *err)
{
	const char *asked = jail->request->filter;
	struct spec_seccomp *seccomp = NULL;
	int r = make_terminal_filter(&jail->terminal_filter, err);

	if (r < 0 || !asked)
		return r;
	if (str_equal(asked, "default"))
		seccomp = seccomp_default(arena, 0);
	else
		r = seccomp_file_read(arena, asked, 0, &seccomp, err);
	if (r == 0)
		r = seccomp_plan_make(seccomp, &jail->filter, err);
	if (r == 0 && jail->filter.has_notify)
		r = error_set(err, ERROR_UNSUPPORTED, 0, "cannot use the filter '%.200s': it asks somebody, and a jail has nobody who answers", asked);
	jail->has_filter = r == 0;
	return r;
}

/* ---- steps of the processes --------------------------------------------------------------- */

static int arrange(void *context, struct error *err)
{
	struct jail *jail = context;
	unsigned flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | (jail->request->flags & JAIL_NO_NETWORK ? CLONE_NEWNET : 0);
	_cleanup_free_ char *text = namespace_flags_text(flags);

	if (unshare((int)flags) == 0) {
		narrate("unshare(%s)", text);
		return 0;
	}
	if (errno != EPERM || (jail->request->flags & JAIL_NO_NETWORK))
		return error_errno(err, errno, "cannot make namespaces: unshare(%s)", text);
	jail->is_chroot = true;
	return 0;
}

static int drop_rights(const struct jail *jail, struct error *err)
{
	int r = caps_drop_bounding(0);

	if (r < 0)
		return error_errno(err, -r, "cannot drop the bounding set of capabilities");
	r = identity_assume(&jail->identity, err);
	if (r < 0)
		return r;
	/* Root keeps them over the change of ids, if he stays root; the exec gives him none beyond the bounding set. */
	r = caps_set_ambient(0);
	if (r == 0)
		r = caps_set(0, 0, 0);
	if (r == 0)
		r = relinquish_privileges();
	if (r < 0)
		return error_errno(err, -r, "cannot drop the capabilities");
	narrate("prctl(PR_CAPBSET_DROP) of all, capset(0, 0, 0), prctl(PR_SET_NO_NEW_PRIVS)");
	return 0;
}

/* One without a name, which nobody else can join. A kernel without keyrings has none to share. */
static int leave_keyring(struct error *err)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return error_errno(err, errno, "cannot make a session keyring");
	return 0;
}

static int prepare(void *context, struct error *err)
{
	const struct jail *jail = context;
	const struct jail_request *request = jail->request;
	int r = jail->is_chroot ? jail_root_change(request, &jail->seen, err) : jail_root_pivot(request, &jail->seen, err);

	if (r == 0 && (request->flags & JAIL_NO_NETWORK)) {
		r = netlink_set_loopback_up();
		if (r < 0)
			error_errno(err, -r, "cannot set the loopback link up");
	}
	if (r == 0)
		r = leave_keyring(err);
	if (r == 0)
		r = drop_rights(jail, err);
	/* As who it is, so that it is nowhere he may not go. */
	if (r == 0 && request->workdir && chdir(request->workdir) < 0)
		r = error_errno(err, errno, "cannot change to '%s' in the jail", request->workdir);
	if (r == 0) {
		umask(022);
		setenv("HOME", jail->identity.home ? jail->identity.home : "/", 1);
		narrate("seccomp(SECCOMP_SET_MODE_FILTER): %u instructions", jail->terminal_filter.length);
		if (jail->has_filter)
			narrate("seccomp(SECCOMP_SET_MODE_FILTER): %u instructions", jail->filter.length);
	}
	return r;
}

static int confine(void *context)
{
	const struct jail *jail = context;
	int r = seccomp_attach(&jail->terminal_filter, NULL);

	return r == 0 && jail->has_filter ? seccomp_attach(&jail->filter, NULL) : r;
}

/* ---- the whole ----------------------------------------------------------------------------- */

int jail_run(const struct jail_request *request, int *ret_status, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct jail jail = { .request = request };
	struct idmap_range uid, gid;
	struct launch launch = { .flags = LAUNCH_FIRST | LAUNCH_CLOSES, .arrange = arrange, .prepare = prepare, .confine = confine, .context = &jail,
		.args = request->args };
	int r = look(arena, &jail, err);

	if (r == 0)
		r = make_filters(arena, &jail, err);
	if (r == 0 && geteuid() != 0) {
		uid = (struct idmap_range){ jail.identity.uid, geteuid(), 1 };
		gid = (struct idmap_range){ jail.identity.gid, getegid(), 1 };
		launch.flags |= LAUNCH_USER_NAMESPACE;
		launch.map = (struct idmap){ &uid, &gid, 1, 1 };
		jail.identity.group_count = 0;
	}
	if (r == 0)
		r = launch_run(&launch, ret_status, err);
	seccomp_program_done(&jail.terminal_filter);
	seccomp_program_done(&jail.filter);
	return r;
}
