/* SPDX-License-Identifier: Apache-2.0 */
#include "host/namespace_kind.h"

#include "host/syscalls.h"

#include <sched.h>

#define KIND(name_, file_, flag_) { name_, file_, flag_, #flag_ }

const struct namespace_kind namespace_kinds[NAMESPACE_KINDS] = {
	KIND("user", "user", CLONE_NEWUSER),
	KIND("cgroup", "cgroup", CLONE_NEWCGROUP),
	KIND("ipc", "ipc", CLONE_NEWIPC),
	KIND("uts", "uts", CLONE_NEWUTS),
	KIND("net", "net", CLONE_NEWNET),
	KIND("pid", "pid", CLONE_NEWPID),
	KIND("time", "time", CLONE_NEWTIME),
	KIND("mount", "mnt", CLONE_NEWNS),
};

char *namespace_flags_text(unsigned flags)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < NAMESPACE_KINDS; i++)
		if (flags & namespace_kinds[i].flag)
			buf_printf(&text, "%s%s", text.length ? "|" : "", namespace_kinds[i].flag_name);
	if (!text.length)
		buf_add_text(&text, "0");
	return buf_take(&text);
}
