/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seccomp_file.h"

#include "base/file.h"
#include "spec/seccomp_profile.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>

static struct spec_seccomp_facts facts_of(uint64_t capabilities)
{
	struct spec_seccomp_facts facts = {
		.capabilities = capabilities,
#if defined(__x86_64__)
		.machine = "amd64",
		.architecture = "SCMP_ARCH_X86_64",
#elif defined(__aarch64__)
		.machine = "arm64",
		.architecture = "SCMP_ARCH_AARCH64",
#else
		.machine = "",
		.architecture = "",
#endif
	};
	struct utsname name;

	if (uname(&name) == 0)
		ignore_result(sscanf(name.release, "%u.%u", &facts.kernel_major, &facts.kernel_minor)); /* 0.0 is older than all */
	return facts;
}

int seccomp_file_read(struct arena *arena, const char *path, uint64_t capabilities, struct spec_seccomp **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct spec_seccomp_facts facts = facts_of(capabilities);
	int r;

	if (path[0] == '{') {
		r = spec_seccomp_profile_decode(arena, path, strlen(path), &facts, ret, err);
		return r < 0 ? error_wrap(err, "cannot use the filter that is given") : 0;
	}
	r = file_read_at(AT_FDCWD, path, SPEC_SECCOMP_PROFILE_LIMIT, &text);
	if (r < 0)
		return error_errno(err, -r, "cannot read the filter '%.200s'", path);
	r = spec_seccomp_profile_decode(arena, text.data ? text.data : "", text.length, &facts, ret, err);
	return r < 0 ? error_wrap(err, "cannot use the filter '%.200s'", path) : 0;
}
