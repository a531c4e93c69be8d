/* SPDX-License-Identifier: Apache-2.0 */
/* The plan in words, for `--explain`: in the order in which it would be carried out. */
#include "base/memory.h"
#include "runtime/hooks.h"
#include "runtime/landlock_limits.h"
#include "runtime/plan.h"
#include "runtime/seccomp_plan.h"

#include <sched.h>

static void explain_groups(const struct plan *plan, struct buf *out)
{
	buf_add_text(out, "control groups:\n");
	for (size_t i = 0; i < plan->groups.count; i++)
		buf_printf(out, "  make %s%s\n", plan->groups.groups[i].mount, plan->groups.groups[i].path);
	resources_print(&plan->resources, &plan->groups, out);
	intel_rdt_explain(&plan->rdt, out);
}

static void explain_namespaces(const struct plan *plan, struct buf *out)
{
	const struct spec_linux *linux_ = &plan->config->linux_;

	buf_add_text(out, "namespaces:\n");
	for (size_t i = 0; i < linux_->namespace_count; i++) {
		const struct spec_namespace *entry = &linux_->namespaces[i];

		if (entry->path)
			buf_printf(out, "  join %s '%s'\n", entry->name, entry->path);
		else
			buf_printf(out, "  new %s\n", entry->name);
	}
	for (size_t i = 0; i < plan->ids.uid_count; i++)
		buf_printf(out, "  map uids %u+%u to %u\n", plan->ids.uids[i].inside, plan->ids.uids[i].size, plan->ids.uids[i].outside);
	for (size_t i = 0; i < plan->ids.gid_count; i++)
		buf_printf(out, "  map gids %u+%u to %u\n", plan->ids.gids[i].inside, plan->ids.gids[i].size, plan->ids.gids[i].outside);
	for (size_t i = 0; i < linux_->net_device_count; i++)
		buf_printf(out, "  move link '%s' as '%s'\n", linux_->net_devices[i].name,
			linux_->net_devices[i].new_name ? linux_->net_devices[i].new_name : linux_->net_devices[i].name);
}

static void explain_hooks(const struct plan *plan, struct buf *out)
{
	for (int kind = 0; kind < HOOK_KIND_COUNT; kind++)
		for (size_t i = 0; i < plan->config->hooks.count[kind]; i++)
			buf_printf(out, "hook %s: '%s'\n", hooks_kind_name((enum spec_hook_kind)kind), plan->config->hooks.hooks[kind][i].path);
}

static void explain_process(const struct plan *plan, struct buf *out)
{
	const struct spec_process *process = plan->config->process;

	buf_add_text(out, "process:\n");
	buf_printf(out, "  user %u:%u, directory '%s'%s%s\n", process->user.uid, process->user.gid, process->cwd,
		process->no_new_privileges ? ", no new privileges" : "", process->terminal ? ", with a terminal" : "");
	if (process->capabilities)
		buf_printf(out, "  capabilities: bounding %#llx, effective %#llx, permitted %#llx, inheritable %#llx, ambient %#llx\n",
			(unsigned long long)process->capabilities->bounding, (unsigned long long)process->capabilities->effective,
			(unsigned long long)process->capabilities->permitted, (unsigned long long)process->capabilities->inheritable,
			(unsigned long long)process->capabilities->ambient);
	for (size_t i = 0; i < process->rlimit_count; i++)
		buf_printf(out, "  limit %s %llu:%llu\n", process->rlimits[i].name, (unsigned long long)process->rlimits[i].soft,
			(unsigned long long)process->rlimits[i].hard);
	if (plan->has_seccomp)
		seccomp_plan_print(plan->config->linux_.seccomp, &plan->seccomp, "  ", out);
	if (plan->config->linux_.landlock)
		landlock_limits_print(plan->config->linux_.landlock, "  ", out);
	buf_add_text(out, "  execute");
	for (char **arg = process->args; *arg; arg++)
		buf_printf(out, " '%s'", *arg);
	buf_add_char(out, '\n');
}

void plan_explain(const struct plan *plan, struct buf *out)
{
	buf_printf(out, "container '%s' from bundle '%s'\n", plan->request->id, plan->bundle);
	explain_groups(plan, out);
	explain_namespaces(plan, out);
	rootfs_explain(&plan->rootfs, out);
	explain_hooks(plan, out);
	explain_process(plan, out);
}
