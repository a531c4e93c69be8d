/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done from outside, in this order, each with its undo in clean_up():
 *
 *   1. a directory to work in
 *   2. a user namespace with its maps, kept by a process that sleeps
 *   3. the root: layers with mapped ids, and an overlay on them
 *   4. sources of bind mounts
 *   5. control groups and limits
 *   6. the process in its namespaces, which waits
 *   7. links, addresses and rules
 *   8. it goes on, and is waited for
 */
#include "runtime/script.h"
#include "host/syscalls.h"
#include "runtime/devices.h"
#include "runtime/hooks.h"
#include "runtime/mount_plan.h"
#include "runtime/script_text.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

static bool is_plain(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.:,=@%+-") == strlen(text);
}

void script_quote(struct buf *out, const char *text)
{
	if (is_plain(text)) {
		buf_add_text(out, text);
		return;
	}
	buf_add_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add_char(out, *text);
	}
	buf_add_char(out, '\'');
}

void script_add_document(struct buf *out, const char *variable, const char *mark, const char *text)
{
	_cleanup_free_ char *end = str_dup(mark);

	/* What is in the text, which images have written, does not end it. */
	while (strstr(text, end)) {
		char *longer = str_printf("%s_", end);

		free(end);
		end = longer;
	}
	buf_printf(out, "%s=$(cat <<'%s'\n%s%s\n)\n", variable, end, text, end);
}

/* ---- 1. ------------------------------------------------------------------------------------ */

static void add_head(const struct script *script)
{
	buf_printf(script->out, "#!/bin/bash\n# The container '%s' by hand: what bivy does with system calls, done with commands. Run it as root.\n",
		   script->request->name);
	buf_add_text(script->out, "# Names in the image are followed here; bivy resolves them beneath the root (openat2(2)). A start with bivy takes care of\n"
				  "# what is hostile, and of what is left when something is killed; this does neither.\n"
				  "set -euo pipefail\n"
				  "[ \"$(id -u)\" = 0 ] || { echo \"$0: needs root\" >&2; exit 1; }\n\n"
				  "# 1. a directory to work in, and what is taken away at the end\n"
				  "work=$(mktemp -d /run/by-hand.XXXXXX)\n"
				  "chmod 711 \"$work\"\n"
				  "holder= init=\n"
				  "groups=() links=() tables=()\n"
				  "clean_up() {\n"
				  "\tset +e\n"
				  "\t[ -z \"$init\" ] || kill -KILL \"$init\" 2>/dev/null\n"
				  "\t[ -z \"$holder\" ] || kill \"$holder\" 2>/dev/null\n"
				  "\twait 2>/dev/null\n"
				  "\tfor table in \"${tables[@]}\"; do nft delete table $table; done\n"
				  "\tfor link in \"${links[@]}\"; do ip link delete \"$link\" 2>/dev/null; done\n"
				  "\tawk -v work=\"$work/\" 'index($5, work) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r umount -l\n"
				  "\tfor group in \"${groups[@]}\"; do\n"
				  "\t\tfor try in 1 2 3 4 5 6 7 8 9; do rmdir \"$group\" 2>/dev/null && break; sleep 0.1; done\n"
				  "\tdone\n"
				  "\trm -rf --one-file-system \"$work\"\n"
				  "}\n"
				  "trap clean_up EXIT\n");
}

/* ---- 2. ------------------------------------------------------------------------------------- */

static void add_map(const struct script *script, const char *file, const struct idmap_range *ranges, size_t count)
{
	buf_add_text(script->out, "printf '");
	for (size_t i = 0; i < count; i++)
		buf_printf(script->out, "%u %u %u\\n", ranges[i].inside, ranges[i].outside, ranges[i].size);
	buf_printf(script->out, "' >\"/proc/$holder/%s\"\n", file);
}

static void add_user_namespace(const struct script *script)
{
	const struct idmap *ids = &script->plan->ids;

	buf_add_text(script->out, "\n# 2. a user namespace: its root is nobody on the host\n"
				  "unshare --user sleep infinity &\n"
				  "holder=$!\n"
				  "until [ \"$(readlink \"/proc/$holder/ns/user\")\" != \"$(readlink /proc/self/ns/user)\" ]; do sleep 0.01; done\n");
	add_map(script, "uid_map", ids->uids, ids->uid_count);
	add_map(script, "gid_map", ids->gids, ids->gid_count);
	buf_printf(script->out, "\n# mapped SOURCE TARGET: a bind mount whose files have the ids of that namespace; mount(8) has X-mount.idmap since 2.39\n"
				"mapped() {\n"
				"\tperl -e '\n"
				"\t\tmy ($source, $target, $pid, $none) = (@ARGV, \"\");\n"
				"\t\tmy $tree = syscall(%d, %d, $source, %u);  # open_tree(OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE)\n"
				"\t\tdie \"open_tree $source: $!\\n\" if $tree < 0;\n"
				"\t\topen my $ns, \"<\", \"/proc/$pid/ns/user\" or die \"$!\\n\";\n"
				"\t\tmy $attr = pack(\"Q4\", %llu, 0, 0, fileno $ns);  # MOUNT_ATTR_IDMAP\n"
				"\t\tsyscall(%d, $tree, $none, %u, $attr, 32) == 0 or die \"mount_setattr $source: $!\\n\";\n"
				"\t\tsyscall(%d, $tree, $none, %d, $target, %u) == 0 or die \"move_mount $target: $!\\n\";\n"
				"\t' \"$1\" \"$2\" \"$holder\"\n"
				"}\n",
		   SYS_open_tree, AT_FDCWD, (unsigned)(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE), (unsigned long long)MOUNT_ATTR_IDMAP,
		   SYS_mount_setattr, (unsigned)(AT_EMPTY_PATH | AT_RECURSIVE), SYS_move_mount, AT_FDCWD, (unsigned)MOVE_MOUNT_F_EMPTY_PATH);
}

/* ---- 3. -------------------------------------------------------------------------------------- */

static uint32_t outside_of_root(const struct idmap_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].inside == 0)
			return ranges[i].outside;
	return 0;
}

static void add_bind(const struct script *script, const char *source, const char *target)
{
	buf_add_text(script->out, script->has_user_namespace ? "mapped " : "mount --rbind ");
	script_quote(script->out, source);
	buf_printf(script->out, " \"$work/%s\"\n", target);
}

static void add_overlay(const struct script *script)
{
	char *const *lowers = script->request->lowers;
	_cleanup_buf_ struct buf list = BUF_INIT;
	const struct idmap *ids = &script->plan->ids;

	for (size_t i = 0; lowers[i]; i++) {
		_cleanup_free_ char *target = str_printf("lower/%zu", i);

		buf_printf(script->out, "mkdir -p \"$work/%s\"\n", target);
		add_bind(script, lowers[i], target);
		buf_printf(&list, "%s$work/%s", i ? ":" : "", target);
	}
	buf_add_text(script->out, "mkdir \"$work\"/{upper,work,root}\n");
	if (script->has_user_namespace)
		buf_printf(script->out, "chown %u:%u \"$work\"/{upper,work}\n", outside_of_root(ids->uids, ids->uid_count),
			   outside_of_root(ids->gids, ids->gid_count));
	buf_printf(script->out, "mount -t overlay overlay -o \"lowerdir=%s,upperdir=$work/upper,workdir=$work/work\" \"$work/root\"\n", list.data);
}

static void add_root(const struct script *script)
{
	buf_add_text(script->out, "\n# 3. the root: the image's layers, read only, below a directory for what changes\n");
	if (script->request->lowers && script->request->lowers[0]) {
		add_overlay(script);
		return;
	}
	buf_add_text(script->out, "mkdir \"$work/root\"\n");
	add_bind(script, script->request->directory ? script->request->directory : script->plan->rootfs_path, "root");
}

/* ---- 4. -------------------------------------------------------------------------------------- */

const struct script_source *script_find_source(const struct script *script, const struct mount_step *step)
{
	for (size_t i = 0; i < script->request->source_count; i++)
		if (str_equal(script->request->sources[i].path, step->source))
			return &script->request->sources[i];
	return NULL;
}

bool script_source_is_made(const struct script *script, const struct mount_step *step)
{
	return step->kind == MOUNT_STEP_BIND && (script_find_source(script, step) || (script->has_user_namespace && step->mount->idmap));
}

/* In place of what goes with the record: a file with that text, or an empty directory, of the container's root. */
static void make_source(const struct script *script, const struct script_source *source, size_t index)
{
	const struct idmap *ids = &script->plan->ids;

	if (source->text) {
		buf_add_text(script->out, "printf %s ");
		script_quote(script->out, source->text);
		buf_printf(script->out, " >\"$work/source/%zu\"\n", index);
	} else {
		buf_printf(script->out, "mkdir \"$work/source/%zu\"\n", index);
	}
	if (script->has_user_namespace)
		buf_printf(script->out, "chown %u:%u \"$work/source/%zu\"\n", outside_of_root(ids->uids, ids->uid_count),
			   outside_of_root(ids->gids, ids->gid_count), index);
}

static void map_source(const struct script *script, const struct mount_step *step, size_t index)
{
	buf_add_text(script->out, "if [ -d ");
	script_quote(script->out, step->source);
	buf_printf(script->out, " ]; then mkdir \"$work/source/%zu\"; else touch \"$work/source/%zu\"; fi\nmapped ", index, index);
	script_quote(script->out, step->source);
	buf_printf(script->out, " \"$work/source/%zu\"\n", index);
}

static void add_sources(const struct script *script)
{
	const struct mount_plan *mounts = script->plan->rootfs.plan;

	buf_add_text(script->out, "\n# 4. what is bound into it\nmkdir \"$work/source\"\n");
	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount_step *step = &mounts->steps[i];
		const struct script_source *source = step->kind == MOUNT_STEP_BIND ? script_find_source(script, step) : NULL;

		if (source)
			make_source(script, source, i);
		else if (script_source_is_made(script, step))
			map_source(script, step, i);
	}
}

/* ---- 5. --------------------------------------------------------------------------------------- */

/* What turns "all" into the rules, as the kernel's list takes them. */
static void add_device_rules(const struct script *script, const struct cgroup_group *group)
{
	const struct resource_plan *resources = &script->plan->resources;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct device_change *changes = NULL;
	struct device_list list;
	size_t count = 0;

	if (devices_normalise(arena, resources->device_rules, resources->device_rule_count, &list, NULL) == 0)
		devices_compare(arena, NULL, &list, &changes, &count);
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *path = cgroup_file_path(group, changes[i].allow ? "devices.allow" : "devices.deny");

		buf_printf(script->out, "echo '%s' >", changes[i].text);
		script_quote(script->out, path);
		buf_add_char(script->out, '\n');
	}
}

static void add_limit(const struct script *script, const struct resource_step *step)
{
	const struct cgroup_group *group = &script->plan->groups.groups[step->group];
	_cleanup_free_ char *path = NULL;

	if (step->kind == RESOURCE_CHECK_USAGE)
		return;
	if (step->kind == RESOURCE_DEVICES && group->is_v2) {
		buf_add_text(script->out, "# devices: a BPF program of the group (BPF_CGROUP_DEVICE), which no command of these can load\n");
		return;
	}
	if (step->kind == RESOURCE_DEVICES) {
		add_device_rules(script, group);
		return;
	}
	path = cgroup_file_path(group, step->file);
	buf_add_text(script->out, "echo ");
	script_quote(script->out, step->value);
	buf_add_text(script->out, " >");
	script_quote(script->out, path);
	buf_printf(script->out, "  # %s\n", step->field);
}

static void add_groups(const struct script *script)
{
	const struct cgroup_set *groups = &script->plan->groups;

	buf_add_text(script->out, "\n# 5. control groups, and the limits in them\n");
	for (size_t i = 0; i < groups->count; i++) {
		_cleanup_free_ char *path = cgroup_file_path(&groups->groups[i], NULL);

		buf_add_text(script->out, "group=");
		script_quote(script->out, path);
		buf_add_text(script->out, "\nmkdir -p \"$group\"; groups+=(\"$group\")\n");
		if (!groups->groups[i].is_v2 && (groups->groups[i].controllers & CGROUP_BIT(CGROUP_CPUSET)))
			buf_add_text(script->out, "for file in cpuset.cpus cpuset.mems; do\n"
						  "\tdirectory=${group%/*}\n"
						  "\tuntil [ -n \"$(cat \"$directory/$file\")\" ]; do directory=${directory%/*}; done\n"
						  "\t[ -n \"$(cat \"${group%/*}/$file\")\" ] || cat \"$directory/$file\" >\"${group%/*}/$file\"\n"
						  "\tcat \"$directory/$file\" >\"$group/$file\"\n"
						  "done\n");
	}
	for (size_t i = 0; i < script->plan->resources.count; i++)
		add_limit(script, &script->plan->resources.steps[i]);
}

/* ---- 6. ---------------------------------------------------------------------------------------- */

static const struct {
	int flag;
	const char *option;
} namespaces[] = {
	{ CLONE_NEWNS, "mount" }, { CLONE_NEWNET, "net" }, { CLONE_NEWIPC, "ipc" }, { CLONE_NEWUTS, "uts" },
	{ CLONE_NEWCGROUP, "cgroup" }, { CLONE_NEWTIME, "time" }, { CLONE_NEWPID, "pid" },
};

static void add_joins(const struct script *script)
{
	const struct spec_linux *linux_ = &script->plan->config->linux_;
	bool joins = script->has_user_namespace;

	for (size_t i = 0; i < linux_->namespace_count; i++)
		joins |= linux_->namespaces[i].path != NULL;
	if (!joins)
		return;
	buf_add_text(script->out, "nsenter");
	if (script->has_user_namespace)
		buf_add_text(script->out, " --user=\"/proc/$holder/ns/user\" --setuid 0 --setgid 0");
	for (size_t i = 0; i < linux_->namespace_count; i++)
		for (size_t j = 0; linux_->namespaces[i].path && j < ARRAY_SIZE(namespaces); j++)
			if (namespaces[j].flag == linux_->namespaces[i].flag) {
				buf_printf(script->out, " --%s=", namespaces[j].option);
				script_quote(script->out, linux_->namespaces[i].path);
			}
	buf_add_text(script->out, " -- \\\n\t\t");
}

static void add_limit_value(struct buf *out, uint64_t value)
{
	if (value == UINT64_MAX)
		buf_add_text(out, "unlimited");
	else
		buf_printf(out, "%llu", (unsigned long long)value);
}

static void add_process(const struct script *script)
{
	const struct spec_process *process = script->plan->config->process;

	buf_add_text(script->out, "\n# 6. the process, in its groups and namespaces; it waits until it is told to go on\n"
				  "mkfifo \"$work/go\"\n"
				  "(\n"
				  "\texec 3<>\"$work/go\"\n");
	for (size_t i = 0; i < process->rlimit_count; i++) {
		const char *name = process->rlimits[i].name;

		buf_add_text(script->out, "\tprlimit --pid $BASHPID --");
		for (name = str_starts_with(name, "RLIMIT_") ? name + strlen("RLIMIT_") : name; *name; name++)
			buf_add_char(script->out, *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name);
		buf_add_char(script->out, '=');
		add_limit_value(script->out, process->rlimits[i].soft);
		buf_add_char(script->out, ':');
		add_limit_value(script->out, process->rlimits[i].hard);
		buf_add_char(script->out, '\n');
	}
	if (process->has_oom_score_adj)
		buf_printf(script->out, "\techo %d >/proc/self/oom_score_adj\n", process->oom_score_adj);
	buf_add_text(script->out, "\tfor group in \"${groups[@]}\"; do echo $BASHPID >\"$group/cgroup.procs\"; done\n\texec ");
	add_joins(script);
	buf_add_text(script->out, "unshare");
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
		if (script->plan->new_namespaces & namespaces[i].flag)
			buf_printf(script->out, " --%s", namespaces[i].option);
	if (script->plan->new_namespaces & CLONE_NEWNS)
		buf_add_text(script->out, " --propagation unchanged");
	buf_add_text(script->out, " --fork --kill-child -- \\\n\t\tbash -c \"$inside\" inside \"$work\"");
	for (char **arg = process->args; *arg; arg++) {
		buf_add_char(script->out, ' ');
		script_quote(script->out, *arg);
	}
	buf_add_text(script->out, "\n) <&0 &\ninit=$!\nexec 4>\"$work/go\"\n");
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static int check(const struct plan *plan, struct error *err)
{
	for (int kind = 0; kind < HOOK_KIND_COUNT; kind++)
		if (plan->config->hooks.count[kind])
			return error_set(err, ERROR_UNSUPPORTED, 0, "hooks cannot be called by a script: they want the runtime's state");
	if (!plan->config->process || !plan->config->process->args)
		return error_set(err, ERROR_INVALID, 0, "there is no process to be explained");
	if (!(plan->new_namespaces & CLONE_NEWNS))
		return error_set(err, ERROR_UNSUPPORTED, 0, "a script needs a mount namespace of the container's own");
	if (plan->config->linux_.landlock)
		return error_set(err, ERROR_UNSUPPORTED, 0, "limits of Landlock cannot be set by a script");
	return plan->has_seccomp && plan->seccomp.has_notify ? error_set(err, ERROR_UNSUPPORTED, 0, "a script cannot be a filter's listener") : 0;
}

int runtime_script(const struct runtime *runtime, const struct script_request *request, struct buf *out, struct error *err)
{
	_cleanup_plan_ struct plan plan = { 0 };
	struct script script = { .plan = &plan, .request = request, .out = out };
	int r = plan_make(runtime, request->create, &plan, err);

	if (r == 0)
		r = check(&plan, err);
	if (r < 0)
		return r;
	script.has_user_namespace = plan.new_namespaces & CLONE_NEWUSER;
	add_head(&script);
	if (script.has_user_namespace)
		add_user_namespace(&script);
	add_root(&script);
	add_sources(&script);
	add_groups(&script);
	script_add_inside(&script);
	add_process(&script);
	script_add_network(&script);
	buf_add_text(out, "\n# 8. on it goes\necho go >&4\nexec 4>&-\nstatus=0\nwait \"$init\" || status=$?\ninit=\nexit \"$status\"\n");
	return 0;
}
