/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/git.h"

#include "base/file.h"
#include "transfer/program.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define OUTPUT_LIMIT (64u << 20) /* bytes */

/* Who asks may be behind a proxy, and show with ssh who he is. */
static const char *const kept[] = {
	"PATH", "HOME", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "http_proxy", "https_proxy", "HTTPS_PROXY",
	"all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
};

static const char *const settings[][2] = {
	{ "GIT_CONFIG_NOSYSTEM", "1" },
	{ "GIT_CONFIG_GLOBAL", "/dev/null" },
	{ "GIT_ATTR_NOSYSTEM", "1" },
	{ "GIT_TERMINAL_PROMPT", "0" },
	{ "GIT_ALLOW_PROTOCOL", "http:https:git:ssh" }, /* no files of this machine, no programs */
	{ "GIT_SSH_COMMAND", "ssh -o BatchMode=yes" },
};

static const char *const options[] = {
	"git", "-c", "core.hooksPath=/dev/null", "-c", "core.attributesFile=/dev/null", "-c", "core.excludesFile=/dev/null", "-c", "core.fsmonitor=false",
	"-c", "core.autocrlf=false", "-c", "core.symlinks=true", "-c", "credential.helper=", "-c", "init.templateDir=", "-c", "init.defaultBranch=main",
	"-c", "advice.detachedHead=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false",
};

void git_prepare(void)
{
	char *values[ARRAY_SIZE(kept)];

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		const char *value = getenv(kept[i]);

		values[i] = value ? str_dup(value) : NULL;
	}
	clearenv();
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		if (values[i])
			setenv(kept[i], values[i], 1);
		free(values[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		setenv(settings[i][0], settings[i][1], 1);
	umask(022);
}

void git_authorize(const char *url, const char *authorization)
{
	const char *scheme = strstr(url, "://");
	_cleanup_free_ char *key = NULL, *value = NULL;

	if (!authorization[0] || !scheme)
		return;
	/* Not among the arguments, which are seen by all. git(1): since 2.31. */
	key = str_printf("http.%.*s/.extraHeader", (int)(scheme + 3 + strcspn(scheme + 3, "/?#") - url), url);
	value = str_printf("Authorization: %s", authorization);
	setenv("GIT_CONFIG_COUNT", "1", 1);
	setenv("GIT_CONFIG_KEY_0", key, 1);
	setenv("GIT_CONFIG_VALUE_0", value, 1);
}

static int read_output(int fd, struct buf *out, struct error *err)
{
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_read_all(fd, OUTPUT_LIMIT, out);

	if (r == 0)
		buf_add_text(out, "");
	return r < 0 ? error_errno(err, -r, "cannot read what git prints") : 0;
}

int git_run(const char *directory, const char *const *arguments, struct buf *out, struct error *err)
{
	_cleanup_close_ int fd = out ? memfd_create("git", MFD_CLOEXEC) : -EBADF;
	const char *all[ARRAY_SIZE(options) + GIT_ARGUMENT_LIMIT + 1] = { NULL };
	const struct program program = { .arguments = all, .directory = directory, .output_fd = out ? fd : -1 };
	int r;

	if (out && fd < 0)
		return error_errno(err, errno, "cannot keep what git prints");
	memcpy(all, options, sizeof options);
	for (size_t i = 0; i < GIT_ARGUMENT_LIMIT && arguments[i]; i++)
		all[ARRAY_SIZE(options) + i] = arguments[i];
	r = program_run(&program, err);
	if (r == -ENOENT) {
		error_set(err, ERROR_UNSUPPORTED, 0, "git is not installed here");
		error_hint(err, "install it, or name an archive of the repository by its URL");
		return r;
	}
	return r == 0 && out ? read_output(fd, out, err) : r;
}

/* ---- references ------------------------------------------------------------------------------ */

/* In order of preference; "^{}" is the commit that an annotated tag is for. */
static const char *const forms[] = { "%s^{}", "%s", "refs/tags/%s^{}", "refs/tags/%s", "refs/heads/%s" };

static bool find_name(struct arena *arena, const char *text, const char *name, struct git_reference *ret)
{
	size_t length = strlen(name);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t commit = strcspn(line, "\t\n");

		if (line[commit] != '\t' || strcspn(line + commit + 1, "\n") != length || strncmp(line + commit + 1, name, length) != 0)
			continue;
		ret->commit = arena_strndup(arena, line, commit);
		if (length > 3 && str_equal(name + length - 3, "^{}"))
			length -= 3;
		ret->name = arena_strndup(arena, name, length);
		return true;
	}
	return false;
}

bool git_find_reference(struct arena *arena, const char *text, const char *reference, struct git_reference *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const char *percent = strstr(forms[i], "%s");
		const char *name = arena_printf(arena, "%.*s%s%s", (int)(percent - forms[i]), forms[i], reference, percent + 2);

		if (find_name(arena, text, name, ret))
			return true;
	}
	return false;
}
