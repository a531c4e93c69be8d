/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/boot.h"

#include "base/file.h"
#include "base/str.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BOOT_NAME "bivy" /* of what is for the usual directories */
#define NAME_LIMIT 200u /* of a unit's name; systemd.unit(5) has 256 */
#define SPOOL_LIMIT (1u << 20)

/* ---- looking ---------------------------------------------------------------------------- */

static const char *beneath(const char *path)
{
	return path + strspn(path, "/");
}

static bool exists(const struct boot_host *host, const char *path)
{
	/* Links of runlevels and targets are there whatever they lead to. */
	return faccessat(host->fd, beneath(path), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool has_program(const struct boot_host *host, const char *name)
{
	static const char *const directories[] = { "usr/bin", "usr/sbin", "bin", "sbin", "usr/local/bin" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		_cleanup_free_ char *path = str_printf("%s/%s", directories[i], name);

		if (faccessat(host->fd, path, X_OK, 0) == 0)
			return true;
	}
	return false;
}

/* "bivy", or with the root in it, if the directories are not the usual ones. */
static const char *name_of(struct arena *arena, const struct directories *directories)
{
	char *name;

	if (directories_are_usual(directories))
		return BOOT_NAME;
	name = arena_printf(arena, BOOT_NAME "%.*s", (int)NAME_LIMIT, directories->root);
	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '-';
	return name;
}

/* ---- commands and their quoting ------------------------------------------------------------ */

/* For ExecStart=: systemd.service(5), "Command lines"; specifiers and variables are not meant. */
static void add_for_systemd(struct buf *out, const char *word)
{
	buf_add_text(out, " \"");
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			buf_add_char(out, '\\');
		else if (*word == '%' || *word == '$')
			buf_add_char(out, *word);
		buf_add_char(out, *word);
	}
	buf_add_char(out, '"');
}

/* For sh. */
static void add_for_shell(struct buf *out, const char *word)
{
	buf_add_text(out, " '");
	for (; *word; word++)
		if (*word == '\'')
			buf_add_text(out, "'\\''");
		else
			buf_add_char(out, *word);
	buf_add_char(out, '\'');
}

/* Our own, with its directories: what calls it has neither HOME nor XDG_RUNTIME_DIR. In cron's line no '%' counts as itself. */
static const char *command_of(struct arena *arena, const struct boot_host *host, const struct directories *directories, void (*add)(struct buf *, const char *))
{
	const char *const words[] = { host->program, "--root", directories->root, "--run-root", directories->run_root, "system", "start" };
	_cleanup_buf_ struct buf out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		add(&out, words[i]);
	return arena_strdup(arena, out.data + 1);
}

/* ---- the ways ---------------------------------------------------------------------------------- */

static const char *unit_text(struct arena *arena, const char *command, bool is_user)
{
	return arena_printf(arena,
		"# Made by `bivy system start --install`; `--uninstall` removes it.\n"
		"[Unit]\n"
		"Description=Containers of bivy that are to run again\n"
		"Documentation=man:bivy-system-start(1)\n"
		"%s"
		"\n[Service]\n"
		"Type=oneshot\n"
		"RemainAfterExit=yes\n"
		"ExecStart=%s\n"
		"# The supervisors that it starts are not its own to end.\n"
		"KillMode=process\n"
		"TasksMax=infinity\n"
		"%s"
		"\n[Install]\n"
		"WantedBy=%s\n",
		is_user ? "" : "After=local-fs.target network-online.target time-sync.target\nWants=network-online.target\n", command,
		is_user ? "# Groups of containers are below its own.\nDelegate=yes\n" : "", is_user ? "default.target" : "multi-user.target");
}

static void plan_systemd(struct arena *arena, const struct boot_host *host, const struct directories *directories, struct boot_plan *plan)
{
	const char *path = arena_printf(arena, "/etc/systemd/system/%s.service", plan->name);
	bool is_packaged = exists(host, arena_printf(arena, "/usr/lib/systemd/system/%s.service", plan->name)) ||
			   exists(host, arena_printf(arena, "/lib/systemd/system/%s.service", plan->name)) ||
			   exists(host, arena_printf(arena, "/usr/local/lib/systemd/system/%s.service", plan->name));
	size_t i = 0, k = 0;

	plan->way = "systemd";
	plan->is_installed = exists(host, arena_printf(arena, "/etc/systemd/system/multi-user.target.wants/%s.service", plan->name));
	if (!is_packaged)
		plan->install[i++] = (struct boot_step){ .path = path, .mode = 0644, .text = unit_text(arena, command_of(arena, host, directories, add_for_systemd), false) };
	plan->install[i++] = (struct boot_step){ .line = arena_printf(arena, "systemctl daemon-reload && systemctl enable %s.service", plan->name) };
	plan->remove[k++] = (struct boot_step){ .line = arena_printf(arena, "systemctl disable %s.service", plan->name) };
	if (!is_packaged)
		plan->remove[k++] = (struct boot_step){ .path = path };
}

static void plan_user_systemd(struct arena *arena, const struct boot_host *host, const struct directories *directories, struct boot_plan *plan)
{
	const char *units = arena_printf(arena, "%s/systemd/user", host->config_home), *path = arena_printf(arena, "%s/%s.service", units, plan->name);
	bool lingers = host->user && exists(host, arena_printf(arena, "/var/lib/systemd/linger/%s", host->user));

	plan->way = "systemd of the user";
	plan->is_installed = lingers && exists(host, arena_printf(arena, "%s/default.target.wants/%s.service", units, plan->name));
	plan->install[0] = (struct boot_step){ .path = path, .mode = 0644, .text = unit_text(arena, command_of(arena, host, directories, add_for_systemd), true) };
	plan->install[1] = (struct boot_step){ .line = arena_printf(arena, "systemctl --user daemon-reload && systemctl --user enable %s.service", plan->name) };
	plan->install[2] = (struct boot_step){ .line = "loginctl enable-linger" };
	/* Whether the user lingers for something else as well, nobody knows: that stays. */
	plan->remove[0] = (struct boot_step){ .line = arena_printf(arena, "systemctl --user disable %s.service", plan->name) };
	plan->remove[1] = (struct boot_step){ .path = path };
}

static void plan_openrc(struct arena *arena, const struct boot_host *host, const struct directories *directories, struct boot_plan *plan)
{
	const char *path = arena_printf(arena, "/etc/init.d/%s", plan->name);
	const char *text = arena_printf(arena,
		"#!/sbin/openrc-run\n"
		"# Made by `bivy system start --install`; `--uninstall` removes it.\n"
		"description=\"Containers of bivy that are to run again\"\n\n"
		"depend() {\n\tneed localmount\n\tuse net\n\tafter bootmisc firewall\n}\n\n"
		"start() {\n\tebegin \"Starting containers of bivy\"\n\t%s\n\teend $?\n}\n\n"
		"# The containers have supervisors of their own, which nobody ends here.\n"
		"stop() {\n\treturn 0\n}\n",
		command_of(arena, host, directories, add_for_shell));

	plan->way = "OpenRC";
	plan->is_installed = exists(host, arena_printf(arena, "/etc/runlevels/default/%s", plan->name));
	plan->install[0] = (struct boot_step){ .path = path, .mode = 0755, .text = text };
	plan->install[1] = (struct boot_step){ .line = arena_printf(arena, "rc-update add %s default", plan->name) };
	plan->remove[0] = (struct boot_step){ .line = arena_printf(arena, "rc-update del %s default", plan->name) };
	plan->remove[1] = (struct boot_step){ .path = path };
}

/* Whether a table of cron's has the line with MARK: as a file where we may read it, else as crontab(1) says. */
static bool cron_has(struct arena *arena, const struct boot_host *host, const char *mark)
{
	static const char *const spools[] = { "/var/spool/cron/crontabs", "/var/spool/cron", "/etc/crontabs" };
	int status;

	for (size_t i = 0; host->user && i < ARRAY_SIZE(spools); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		if (file_read_regular_at(host->fd, beneath(arena_printf(arena, "%s/%s", spools[i], host->user)), SPOOL_LIMIT, &text) == 0 && text.data)
			return strstr(text.data, mark);
	}
	if (!host->is_live)
		return false;
	status = system(arena_printf(arena, "crontab -l 2>/dev/null | grep -qF '%s'", mark));
	return status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void plan_cron(struct arena *arena, const struct boot_host *host, const struct directories *directories, struct boot_plan *plan)
{
	const char *mark = arena_printf(arena, "# %s: system start", plan->name);
	const char *command = command_of(arena, host, directories, add_for_shell);
	const char *kept = arena_printf(arena, "crontab -l 2>/dev/null | grep -vF '%s'", mark);
	_cleanup_buf_ struct buf quoted = BUF_INIT;

	/* crontab(5): a '%' is the end of the line, whatever quotes say. */
	if (strchr(command, '%'))
		return;
	add_for_shell(&quoted, arena_printf(arena, "@reboot %s %s", command, mark));
	plan->way = "cron";
	plan->is_installed = cron_has(arena, host, mark);
	plan->install[0] = (struct boot_step){ .line = arena_printf(arena, "{ %s; printf \"%%s\\n\"%s; } | crontab -", kept, quoted.data) };
	plan->remove[0] = (struct boot_step){ .line = arena_printf(arena, "{ %s; } | crontab -", kept) };
}

struct boot_plan boot_plan_make(struct arena *arena, const struct boot_host *host, const struct directories *directories)
{
	struct boot_plan plan = { .name = name_of(arena, directories) };

	if (exists(host, "/run/systemd/system") && host->uid == 0)
		plan_systemd(arena, host, directories, &plan);
	else if (exists(host, "/run/systemd/system") && host->config_home)
		plan_user_systemd(arena, host, directories, &plan);
	else if (exists(host, "/run/openrc") && host->uid == 0)
		plan_openrc(arena, host, directories, &plan);
	else if (has_program(host, "crontab"))
		plan_cron(arena, host, directories, &plan);
	return plan;
}

/* ---- doing -------------------------------------------------------------------------------------- */

int boot_host_take(struct arena *arena, struct boot_host *ret, struct error *err)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct boot_host host = { .uid = geteuid(), .is_live = true };
	const struct passwd *entry = getpwuid(host.uid);
	char program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

	if (length < 0)
		return error_errno(err, errno, "cannot read '/proc/self/exe'");
	program[length] = '\0';
	host.program = arena_strdup(arena, program);
	host.user = entry ? arena_strdup(arena, entry->pw_name) : NULL;
	host.config_home = config && config[0] == '/' ? config : home && home[0] == '/' ? arena_printf(arena, "%s/.config", home) : NULL;
	host.fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (host.fd < 0)
		return error_errno(err, errno, "cannot open '/'");
	*ret = host;
	return 0;
}

static int write_file(const struct boot_step *step, struct error *err)
{
	_cleanup_free_ char *directory = str_dup(step->path);
	int r;

	*strrchr(directory, '/') = '\0';
	r = file_make_directories(directory, 0755);
	if (r == 0)
		r = file_replace_at(AT_FDCWD, step->path, step->text, strlen(step->text), step->mode);
	return r < 0 ? error_errno(err, -r, "cannot write '%s'", step->path) : 0;
}

static int run_line(const struct boot_step *step, struct error *err)
{
	int status = system(step->line);

	if (status < 0)
		return error_errno(err, errno, "cannot start '/bin/sh'");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, ERROR_INTERNAL, 0, "'%s' failed", step->line);
	return 0;
}

static int do_steps(const struct boot_step *steps, void (*tell)(void *context, const char *text), void *context, struct error *err)
{
	for (size_t i = 0; i < BOOT_STEPS && (steps[i].path || steps[i].line); i++) {
		const struct boot_step *step = &steps[i];
		_cleanup_free_ char *text = step->line ? str_dup(step->line) : str_printf("%s %s", step->text ? "writes" : "removes", step->path);
		int r = 0;

		tell(context, text);
		if (step->line)
			r = run_line(step, err);
		else if (step->text)
			r = write_file(step, err);
		else if (unlink(step->path) < 0 && errno != ENOENT)
			r = error_errno(err, errno, "cannot remove '%s'", step->path);
		if (r < 0)
			return r;
	}
	return 0;
}

static int refuse_nothing(struct error *err)
{
	error_set(err, ERROR_UNSUPPORTED, 0, "there is neither systemd nor OpenRC nor cron here to start something at boot");
	error_hint(err, "have whatever does that call 'bivy system start'");
	return -EOPNOTSUPP;
}

int boot_install(const struct boot_plan *plan, void (*tell)(void *context, const char *text), void *context, struct error *err)
{
	return plan->way ? do_steps(plan->install, tell, context, err) : refuse_nothing(err);
}

int boot_remove(const struct boot_plan *plan, void (*tell)(void *context, const char *text), void *context, struct error *err)
{
	return plan->way ? do_steps(plan->remove, tell, context, err) : refuse_nothing(err);
}
