/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done in the new namespaces: by a shell up to the pivot, then by
 * perl(1), which is in memory by then and needs nothing of the old root.
 */
#include "host/syscalls.h"
#include "runtime/cgroup_view.h"
#include "runtime/mount_plan.h"
#include "runtime/script_text.h"
#include "spec/mount_options.h"
#include "spec/names.h"

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>

struct inside {
	const struct script *script;
	struct buf text;
};

/* "$root"'/PATH' */
static void add_path(struct inside *in, const char *path)
{
	buf_add_text(&in->text, "\"$root\"");
	script_quote(&in->text, path);
}

/* ---- mounts -------------------------------------------------------------------------------- */

static void make_directory(struct inside *in, const char *path)
{
	buf_add_text(&in->text, "mkdir -p ");
	add_path(in, path);
	buf_add_char(&in->text, '\n');
}

static const struct {
	unsigned long flag;
	uint64_t attribute; /* the same of mount_setattr(2), or 0 */
} shown_flags[] = {
	{ MS_RDONLY, MOUNT_ATTR_RDONLY }, { MS_NOSUID, MOUNT_ATTR_NOSUID }, { MS_NODEV, MOUNT_ATTR_NODEV }, { MS_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ MS_NOATIME, 0 }, { MS_NODIRATIME, 0 }, { MS_STRICTATIME, 0 }, { MS_SYNCHRONOUS, 0 }, { MS_DIRSYNC, 0 },
};

static void add_file_system(struct inside *in, const struct mount_step *step)
{
	const struct spec_mount *mount = step->mount;
	bool has_any = false;

	make_directory(in, step->path);
	if (mount->tmpcopyup) {
		buf_add_text(&in->text, "exec 5<");
		add_path(in, step->path);
		buf_add_char(&in->text, '\n');
	}
	buf_printf(&in->text, "mount -t %s", mount->type);
	for (size_t i = 0; i < ARRAY_SIZE(shown_flags); i++) {
		if (!(mount->set_flags & shown_flags[i].flag) || (shown_flags[i].flag == MS_RDONLY && step->late_readonly))
			continue;
		buf_printf(&in->text, "%s%s", has_any ? "," : " -o ", spec_mount_flag_word(shown_flags[i].flag));
		has_any = true;
	}
	if (!str_is_empty(mount->data)) {
		buf_add_text(&in->text, has_any ? "," : " -o ");
		script_quote(&in->text, mount->data);
	}
	buf_add_char(&in->text, ' ');
	script_quote(&in->text, mount->source ? mount->source : mount->type);
	buf_add_char(&in->text, ' ');
	add_path(in, step->path);
	buf_add_char(&in->text, '\n');
	if (mount->tmpcopyup) {
		buf_add_text(&in->text, "find /proc/self/fd/5/ -mindepth 1 -maxdepth 1 -exec cp -a -t ");
		add_path(in, step->path);
		buf_add_text(&in->text, " {} +\nexec 5<&-\n");
	}
}

static const char *propagation_word(unsigned long flags)
{
	const char *word = spec_name_of(SPEC_PROPAGATIONS, (uint32_t)flags);

	return word ? word : "slave";
}

/* Of a bind: flags need a remount. The recursive ones are set on the uppermost mount alone, which is all that mount(8) 2.38 can. */
static void add_flags(struct inside *in, const struct mount_step *step)
{
	const struct spec_mount *mount = step->mount;
	bool has_any = false;

	for (size_t i = 0; i < ARRAY_SIZE(shown_flags); i++) {
		if (!(mount->set_flags & shown_flags[i].flag) && !(mount->recursive_set & shown_flags[i].attribute))
			continue;
		buf_printf(&in->text, has_any ? ",%s" : "mount -o remount,bind,%s", spec_mount_flag_word(shown_flags[i].flag));
		has_any = true;
	}
	if (!has_any)
		return;
	buf_add_char(&in->text, ' ');
	add_path(in, step->path);
	buf_add_char(&in->text, '\n');
}

static void add_bind(struct inside *in, const struct mount_step *step, size_t index)
{
	if (script_source_is_made(in->script, step)) {
		buf_printf(&in->text, "source=\"$work/source/%zu\"\n", index);
	} else {
		buf_add_text(&in->text, "source=");
		script_quote(&in->text, step->source);
		buf_add_char(&in->text, '\n');
	}
	buf_printf(&in->text, "bind %s \"$source\" ", step->mount->set_flags & MS_REC ? "--rbind" : "--bind");
	script_quote(&in->text, step->path);
	buf_add_char(&in->text, '\n');
	for (size_t i = 0; i < step->mount->propagation_count; i++) {
		buf_printf(&in->text, "mount --make-%s ", propagation_word(step->mount->propagation[i]));
		add_path(in, step->path);
		buf_add_char(&in->text, '\n');
	}
	add_flags(in, step);
}

static void add_group_views(struct inside *in, const struct mount_step *step)
{
	make_directory(in, step->path);
	buf_add_text(&in->text, "target=");
	add_path(in, step->path);
	buf_add_char(&in->text, '\n');
	cgroup_view_script(&in->script->plan->groups, step->mount->set_flags & MS_RDONLY, &in->text);
}

static void add_device(struct inside *in, const struct mount_step *step)
{
	const struct spec_device *device = step->device;

	if (step->bound_device) {
		buf_add_text(&in->text, "bind --bind ");
		script_quote(&in->text, step->path);
		buf_add_char(&in->text, ' ');
		script_quote(&in->text, step->path);
		buf_add_char(&in->text, '\n');
		return;
	}
	buf_printf(&in->text, "mknod -m %04o ", device->mode & 07777);
	add_path(in, step->path);
	if (device->type == 'p')
		buf_add_text(&in->text, " p\n");
	else
		buf_printf(&in->text, " %c %lld %lld\n", device->type, (long long)device->major, (long long)device->minor);
}

static void add_link(struct inside *in, const struct mount_step *step)
{
	if (str_equal(step->path, "/dev/core")) {
		buf_add_text(&in->text, "[ ! -e ");
		script_quote(&in->text, step->source);
		buf_add_text(&in->text, " ] || ");
	}
	buf_add_text(&in->text, "ln -sf ");
	script_quote(&in->text, step->source);
	buf_add_char(&in->text, ' ');
	add_path(in, step->path);
	buf_add_char(&in->text, '\n');
}

static void add_sysctl(struct inside *in, const struct mount_step *step)
{
	buf_add_text(&in->text, "printf %s ");
	script_quote(&in->text, step->sysctl->value);
	buf_add_text(&in->text, " >\"$root/proc/sys/$(printf %s ");
	script_quote(&in->text, step->sysctl->key);
	buf_add_text(&in->text, strchr(step->sysctl->key, '/') ? ")\"\n" : " | tr . /)\"\n");
}

static void add_call(struct inside *in, const char *function, const char *path)
{
	buf_printf(&in->text, "%s ", function);
	script_quote(&in->text, path);
	buf_add_char(&in->text, '\n');
}

static void add_step(struct inside *in, const struct mount_step *step, size_t index)
{
	switch (step->kind) {
	case MOUNT_STEP_FILESYSTEM:
		add_file_system(in, step);
		break;
	case MOUNT_STEP_BIND:
		add_bind(in, step, index);
		break;
	case MOUNT_STEP_REMOUNT:
		add_flags(in, step);
		break;
	case MOUNT_STEP_CGROUP:
		add_group_views(in, step);
		break;
	case MOUNT_STEP_DEVICE:
		add_device(in, step);
		break;
	case MOUNT_STEP_LINK:
		add_link(in, step);
		break;
	case MOUNT_STEP_SYSCTL:
		add_sysctl(in, step);
		break;
	case MOUNT_STEP_LATE_READONLY:
	case MOUNT_STEP_READONLY_PATH:
		add_call(in, "read_only", step->path);
		break;
	case MOUNT_STEP_MASKED_PATH:
		add_call(in, "mask", step->path);
		break;
	case MOUNT_STEP_READONLY_ROOT:
		buf_add_text(&in->text, "mount -o remount,bind,ro \"$root\"\n");
		break;
	case MOUNT_STEP_PROPAGATION:
		break; /* perl does it, after the pivot */
	}
}

/* ---- perl: pivot, privileges, exec ----------------------------------------------------------------- */

/* A word of perl in single quotes. */
static void quote_perl(struct buf *out, const char *text)
{
	buf_add_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *text);
	}
	buf_add_char(out, '\'');
}

static void add_pivot(struct buf *out, const struct spec_config *config)
{
	unsigned long propagation = config->linux_.rootfs_propagation & (MS_SHARED | MS_UNBINDABLE | MS_REC);

	buf_printf(out, "sub call { my ($what, $number, @arguments) = @_; syscall($number, @arguments) >= 0 or die \"$what: $!\\n\" }\n"
			"my ($dot, $none) = (\".\", \"\");\n"
			"chdir shift or die \"the root: $!\\n\";\n"
			"call(\"pivot_root\", %d, $dot, $dot);\n"
			"call(\"umount2\", %d, $dot, %d);  # MNT_DETACH\n"
			"chdir \"/\" or die \"/: $!\\n\";\n",
		   SYS_pivot_root, SYS_umount2, MNT_DETACH);
	if (propagation & (MS_SHARED | MS_UNBINDABLE))
		buf_printf(out, "my $slash = \"/\";\ncall(\"mount\", %d, $none, $slash, $none, %lu, 0);  # propagation of the root\n", SYS_mount, propagation);
}

static void add_user(struct buf *out, const struct spec_process *process)
{
	const struct spec_user *user = &process->user;

	buf_add_text(out, "my $groups = pack(\"L*\"");
	for (size_t i = 0; i < user->additional_gid_count; i++)
		buf_printf(out, ", %u", user->additional_gids[i]);
	buf_printf(out, ");\ncall(\"setgroups\", %d, %zu, $groups);\n", SYS_setgroups, user->additional_gid_count);
	buf_printf(out, "call(\"setresgid\", %d, %u, %u, %u);\n", SYS_setresgid, user->gid, user->gid, user->gid);
	buf_printf(out, "call(\"setresuid\", %d, %u, %u, %u);\n", SYS_setresuid, user->uid, user->uid, user->uid);
	buf_printf(out, "umask %04o;\n", user->has_umask ? user->umask : 022);
}

/* The filter is loaded with CAP_SYS_ADMIN effective, which the exec takes away, as runtime/process.c does. */
static void add_capabilities(const struct script *script, struct buf *out)
{
	static const struct spec_capabilities nothing;
	const struct spec_process *process = script->plan->config->process;
	const struct spec_capabilities *wanted = process->capabilities ? process->capabilities : &nothing;
	uint64_t extra = script->plan->has_seccomp && !process->no_new_privileges ? 1ULL << CAP_SYS_ADMIN : 0;
	uint64_t effective = wanted->effective | extra, permitted = wanted->permitted | extra, inheritable = wanted->inheritable;
	uint32_t value = 0;

	buf_printf(out, "call(\"prctl\", %d, %d, $_, 0, 0, 0) for (", SYS_prctl, PR_CAPBSET_DROP);
	for (size_t i = 0, count = 0; spec_name_at(SPEC_CAPABILITIES, i, &value); i++)
		if (!(wanted->bounding & (1ULL << value)))
			buf_printf(out, "%s%u", count++ ? ", " : "", value);
	buf_printf(out, ");  # PR_CAPBSET_DROP\ncall(\"prctl\", %d, %d, 1, 0, 0, 0);  # PR_SET_KEEPCAPS\n", SYS_prctl, PR_SET_KEEPCAPS);
	add_user(out, process);
	buf_printf(out, "my ($head, $sets) = (pack(\"L2\", %#x, 0), pack(\"L6\", %#x, %#x, %#x, %#x, %#x, %#x));  # effective, permitted, inheritable\n",
		   _LINUX_CAPABILITY_VERSION_3, (unsigned)effective, (unsigned)permitted, (unsigned)inheritable, (unsigned)(effective >> 32),
		   (unsigned)(permitted >> 32), (unsigned)(inheritable >> 32));
	buf_printf(out, "call(\"capset\", %d, $head, $sets);\n", SYS_capset);
	for (size_t i = 0; spec_name_at(SPEC_CAPABILITIES, i, &value); i++)
		if (wanted->ambient & wanted->permitted & wanted->inheritable & (1ULL << value))
			buf_printf(out, "call(\"prctl\", %d, %d, %d, %u, 0, 0);  # PR_CAP_AMBIENT_RAISE\n", SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, value);
}

static void add_filter(const struct seccomp_program *program, struct buf *out)
{
	const unsigned char *bytes = (const unsigned char *)program->filter;

	buf_printf(out, "my $filter = pack(\"H*\", \"");
	for (size_t i = 0; i < program->length * sizeof *program->filter; i++)
		buf_printf(out, "%02x", bytes[i]);
	buf_printf(out, "\");\nmy $program = pack(\"S x![P] P\", %u, $filter);\n", program->length);
	buf_printf(out, "call(\"seccomp\", %d, %d, %u, $program);  # SECCOMP_SET_MODE_FILTER, %u instructions\n", SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		   program->flags & ~(uint32_t)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, program->length);
}

static void add_perl(const struct script *script, struct buf *out)
{
	const struct spec_config *config = script->plan->config;
	const struct spec_process *process = config->process;

	add_pivot(out, config);
	if (process->no_new_privileges)
		buf_printf(out, "call(\"prctl\", %d, %d, 1, 0, 0, 0);  # PR_SET_NO_NEW_PRIVS\n", SYS_prctl, PR_SET_NO_NEW_PRIVS);
	buf_add_text(out, "chdir ");
	quote_perl(out, process->cwd);
	buf_add_text(out, " or die \"the working directory: $!\\n\";\n");
	add_capabilities(script, out);
	buf_add_text(out, "%ENV = (");
	for (char **entry = process->env; entry && *entry; entry++) {
		const char *equals = strchr(*entry, '=');
		_cleanup_free_ char *name = equals ? str_printf("%.*s", (int)(equals - *entry), *entry) : NULL;

		if (!name)
			continue;
		quote_perl(out, name);
		buf_add_text(out, " => ");
		quote_perl(out, equals + 1);
		buf_add_text(out, ", ");
	}
	buf_add_text(out, ");\n");
	buf_printf(out, "if (!length($ENV{HOME} // \"\")) {\n"
			"\t$ENV{HOME} = \"/\";\n"
			"\tmy $users;\n"
			"\tmy @lines = open($users, \"<\", \"/etc/passwd\") ? <$users> : ();\n"
			"\tfor (reverse @lines) { my @fields = split /:/; $ENV{HOME} = $fields[5] if @fields > 5 && $fields[2] eq %u }\n"
			"}\n", process->user.uid);
	if (script->plan->has_seccomp)
		add_filter(&script->plan->seccomp, out);
	buf_add_text(out, "exec { $ARGV[0] } @ARGV or die \"$ARGV[0]: $!\\n\";\n");
}

/* ---- functions ------------------------------------------------------------------------------------- */

/* Flags that a mount of a procfs or sysfs has may not be taken from it in a user namespace. */
static const char functions[] =
	"# bind HOW SOURCE PATH: what is at SOURCE is at PATH of the root, which is made if it is missing\n"
	"bind() {\n"
	"\tmkdir -p \"$(dirname \"$root$3\")\"\n"
	"\t[ -e \"$root$3\" ] || if [ -d \"$2\" ]; then mkdir \"$root$3\"; else touch \"$root$3\"; fi\n"
	"\tmount \"$1\" \"$2\" \"$root$3\"\n"
	"}\n"
	"read_only() {\n"
	"\t[ -e \"$root$1\" ] || return 0\n"
	"\tmount --rbind \"$root$1\" \"$root$1\"\n"
	"\tcase $1 in /proc* | /sys*) mount -o remount,bind,ro,nosuid,noexec,nodev \"$root$1\" ;; *) mount -o remount,bind,ro \"$root$1\" ;; esac\n"
	"}\n"
	"mask() {\n"
	"\tif [ -d \"$root$1\" ]; then mount -t tmpfs -o ro,nosuid,nodev,noexec,mode=0555 tmpfs \"$root$1\"\n"
	"\telif [ -e \"$root$1\" ]; then mount --bind \"$root/dev/null\" \"$root$1\"; fi\n"
	"}\n";

/* ---- the whole --------------------------------------------------------------------------------------- */

static void add_names(struct inside *in)
{
	const struct plan *plan = in->script->plan;

	if (plan->config->hostname) {
		buf_add_text(&in->text, "hostname ");
		script_quote(&in->text, plan->config->hostname);
		buf_add_char(&in->text, '\n');
	}
	if (plan->new_namespaces & CLONE_NEWNET)
		buf_add_text(&in->text, "ip link set lo up\n");
}

void script_add_inside(const struct script *script)
{
	const struct mount_plan *mounts = script->plan->rootfs.plan;
	_cleanup_buf_ struct buf perl = BUF_INIT;
	struct inside in = { .script = script, .text = BUF_INIT };

	buf_add_text(&in.text, "set -eu\nwork=$1 root=$1/root\nshift\n");
	buf_add_text(&in.text, functions);
	buf_add_text(&in.text, "read -r _ <&3  # the host has done its part\nexec 3<&-\numask 022\n");
	add_names(&in);
	buf_add_text(&in.text, "mount --make-rslave /\nmount --rbind \"$root\" \"$root\"\n");
	for (size_t i = 0; i < mounts->count; i++)
		add_step(&in, &mounts->steps[i], i);
	add_perl(script, &perl);
	buf_add_text(&in.text, "# perl is in memory when the old root goes, and can make the calls that have no command\n");
	script_add_document(&in.text, "last", "LAST", perl.data);
	buf_add_text(&in.text, "exec perl -e \"$last\" \"$root\" \"$@\"\n");
	buf_add_text(script->out, "\n# what is done in its namespaces: mounts up to the pivot, then privileges\n");
	script_add_document(script->out, "inside", "INSIDE", in.text.data);
	buf_done(&in.text);
}
