/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/doctor_subject.h"

#include "base/file.h"
#include "engine/boot.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define FILE_LIMIT (4u << 20) /* a big /etc/subuid; everything else is small */

/* ---- taking it ------------------------------------------------------------------------ */

static void take_limits(struct doctor_subject *subject)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		subject->open_files = limit.rlim_cur;
		subject->open_files_hard = limit.rlim_max;
	}
	if (getrlimit(RLIMIT_NPROC, &limit) == 0)
		subject->processes = limit.rlim_cur;
}

static int take_caller(struct arena *arena, struct doctor_subject *subject, struct error *err)
{
	struct boot_host host = { .fd = -EBADF };
	int r = boot_host_take(arena, &host, err);

	if (r < 0)
		return r;
	subject->host_fd = host.fd;
	subject->uid = host.uid;
	subject->gid = getegid();
	subject->user = host.user;
	subject->runtime_directory = getenv("XDG_RUNTIME_DIR");
	subject->config_home = host.config_home;
	subject->program = host.program;
	subject->has_no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	take_limits(subject);
	return 0;
}

/* PATH, or what of it is there already. */
static const char *existing(struct arena *arena, const char *path)
{
	char *head = arena_strdup(arena, path), *slash;

	while (access(head, F_OK) < 0 && (slash = strrchr(head, '/')) && slash > head)
		*slash = '\0';
	return access(head, F_OK) == 0 ? head : "/";
}

int doctor_subject_take(struct arena *arena, const struct directories *directories, struct doctor_subject *ret, struct error *err)
{
	struct doctor_subject subject = { .arena = arena, .directories = directories, .host_fd = -EBADF, .now = time(NULL), .is_live = true };
	int r = info_gather(arena, &subject.info, err);

	if (r < 0)
		return r;
	subject.kernel = subject.info.kernel;
	r = feature_probe(&subject.features);
	if (r < 0)
		return error_errno(err, -r, "cannot try what the kernel can do");
	subject.idmapped = geteuid() == 0 ? feature_probe_idmapped(existing(arena, directories->root)) : FEATURE_NOT_TRIED;
	if (cgroup_world_load(&subject.cgroups) < 0)
		subject.cgroups = (struct cgroup_world){ .count = 0 }; /* a host without any; the checks say so */
	r = take_caller(arena, &subject, err);
	if (r < 0)
		doctor_subject_done(&subject);
	else
		*ret = subject;
	return r;
}

void doctor_subject_done(struct doctor_subject *subject)
{
	cleanup_close(&subject->host_fd);
	cgroup_world_done(&subject->cgroups);
}

/* ---- looking ----------------------------------------------------------------------------- */

/* PATH as openat(2) takes it below the host's root. */
static const char *beneath(const char *path)
{
	path += strspn(path, "/");
	return *path ? path : ".";
}

const char *doctor_read(const struct doctor_subject *subject, const char *path)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (file_read_regular_at(subject->host_fd, beneath(path), FILE_LIMIT, &text) < 0)
		return NULL;
	return text.data ? arena_strdup(subject->arena, str_trim_end(text.data)) : "";
}

int64_t doctor_read_number(const struct doctor_subject *subject, const char *path)
{
	const char *text = doctor_read(subject, path);
	int64_t number;

	return text && str_to_i64(text, 10, &number) == 0 && number >= 0 ? number : -1;
}

bool doctor_stat(const struct doctor_subject *subject, const char *path, struct stat *ret)
{
	return fstatat(subject->host_fd, beneath(path), ret, 0) == 0;
}

bool doctor_exists(const struct doctor_subject *subject, const char *path)
{
	struct stat status;

	return doctor_stat(subject, path, &status);
}

const char *doctor_find_program(const struct doctor_subject *subject, const char *name)
{
	static const char *const directories[] = { "/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		const char *path = arena_printf(subject->arena, "%s/%s", directories[i], name);
		struct stat status;

		if (doctor_stat(subject, path, &status) && S_ISREG(status.st_mode) && (status.st_mode & 0111))
			return path;
	}
	return NULL;
}

bool doctor_has_systemd(const struct doctor_subject *subject)
{
	return doctor_exists(subject, "/run/systemd/system");
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* Whether a shell takes TEXT as simple words. */
static bool is_plain(const char *text, const char *more)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("_-./:=,@+%", *text) && !strchr(more, *text))
			return false;
	return true;
}

const char *doctor_quote(const struct doctor_subject *subject, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (*text && is_plain(text, ""))
		return text;
	buf_add_char(&out, '\'');
	for (; *text; text++)
		if (*text == '\'')
			buf_add_text(&out, "'\\''");
		else
			buf_add_char(&out, *text);
	buf_add_char(&out, '\'');
	return arena_strdup(subject->arena, out.data);
}

const char *doctor_as_root(const struct doctor_subject *subject, const char *command)
{
	const char *by = doctor_find_program(subject, "sudo") ? "sudo" : doctor_find_program(subject, "doas") ? "doas" : NULL;

	if (subject->uid == 0)
		return command;
	if (!by)
		return arena_printf(subject->arena, "su -c %s", doctor_quote(subject, command));
	if (is_plain(command, " "))
		return arena_printf(subject->arena, "%s %s", by, command);
	return arena_printf(subject->arena, "%s sh -c %s", by, doctor_quote(subject, command));
}

const char *doctor_set_sysctl(const struct doctor_subject *subject, const char *name, const char *value)
{
	const char *file = arena_printf(subject->arena, "/etc/sysctl.d/60-bivy-%s.conf", strrchr(name, '.') + 1);

	return doctor_as_root(subject, arena_printf(subject->arena, "mkdir -p /etc/sysctl.d && echo \"%s = %s\" >%s && sysctl -q -p %s", name, value, file, file));
}

const char *doctor_load_module(const struct doctor_subject *subject, const char *module)
{
	return doctor_as_root(subject,
		arena_printf(subject->arena, "modprobe %s && mkdir -p /etc/modules-load.d && echo %s >/etc/modules-load.d/bivy-%s.conf", module, module, module));
}

const char *doctor_own_line(const struct doctor_subject *subject, const char *command)
{
	const char *program = doctor_quote(subject, subject->program);

	if (directories_are_usual(subject->directories))
		return arena_printf(subject->arena, "%s %s", program, command);
	return arena_printf(subject->arena, "%s --root %s --run-root %s %s", program, doctor_quote(subject, subject->directories->root),
		doctor_quote(subject, subject->directories->run_root), command);
}

const char *doctor_user(const struct doctor_subject *subject)
{
	return subject->user ? subject->user : arena_printf(subject->arena, "%u", subject->uid);
}
