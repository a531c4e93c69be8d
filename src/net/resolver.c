/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dnsmasq(8) is given, and how it is held: user nobody, no way to gain
 * privileges, a mount namespace in which all is read-only, and of what is ours
 * it sees its own directory and the names alone. That is below /tmp, which every
 * host has and where it may go as nobody, however closed our directories are.
 *
 *   RUN_ROOT/resolvers/KEY/lock     held (flock) by who starts or ends it
 *                         config    what it was started with
 *                         pid       its own note, which it could change: read once
 *                         process   ours: its number and start time
 *                         users/ID  containers that ask it, of one that is not everyone's
 */
#include "net/resolver.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/str.h"
#include "host/mount.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"
#include "host/pidfd.h"
#include "host/syscalls.h"
#include "host/user_namespace.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define STOP_TRIES 10
#define PLACE "/tmp"
#define OWN PLACE "/own"
#define USERS "users"
#define NOBODY 65534u
#define CONFIG_LIMIT (256u << 10)
#define NAMES_LIMIT 64
#define STOP_MS 2000
#define OUTPUT_LIMIT 4096

static const char *const programs[] = { "/usr/sbin/dnsmasq", "/usr/bin/dnsmasq", "/usr/local/sbin/dnsmasq", "/sbin/dnsmasq" };

/* ---- which one runs --------------------------------------------------------------- */

/*
 * One whose number we had no time to write down. Its own note can say anything: the process that it names is ours if it
 * sees this directory as its own, which nobody else does.
 */
static int open_unnoted_process(int dir_fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_free_ char *own = NULL;
	_cleanup_close_ int fd = -EBADF;
	struct stat here, there;
	uint64_t pid = 0;

	if (file_read_regular_at(dir_fd, "pid", 32, &text) < 0 || !text.data || str_to_u64(str_trim_end(text.data), 10, &pid) < 0 || pid == 0 || pid > INT_MAX)
		return -ESRCH;
	fd = sys_pidfd_open((pid_t)pid, 0);
	own = str_printf("/proc/%d/root" OWN, (int)pid);
	if (fd < 0 || stat(own, &there) < 0 || fstat(dir_fd, &here) < 0 || there.st_dev != here.st_dev || there.st_ino != here.st_ino)
		return -ESRCH;
	return TAKE_FD(fd);
}

/* A pidfd of the one of DIRECTORY, or a negative errno. */
static int open_process(int dir_fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	unsigned long long start = 0;
	int pid = 0;

	if (file_read_regular_at(dir_fd, "process", 64, &text) < 0 || !text.data || sscanf(text.data, "%d %llu", &pid, &start) != 2 || pid <= 0)
		return open_unnoted_process(dir_fd);
	return pidfd_open_same(pid, start);
}

bool net_resolver_is_running(const char *directory)
{
	_cleanup_close_ int dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), fd = -EBADF;

	if (dir_fd >= 0)
		fd = open_process(dir_fd);
	return fd >= 0;
}

static int lock_directory(int dir_fd, int *ret_fd)
{
	_cleanup_close_ int fd = openat(dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static bool is_removed(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && status.st_nlink == 0;
}

/* Ends it and waits for that: its addresses are free then. */
static int end_process(int dir_fd)
{
	_cleanup_close_ int fd = open_process(dir_fd);
	int r;

	if (fd < 0)
		return fd == -ESRCH ? 0 : fd;
	if (sys_pidfd_send_signal(fd, SIGTERM) < 0 && errno != ESRCH)
		return -errno;
	r = pidfd_wait_gone(fd, STOP_MS);
	if (r != -ETIMEDOUT)
		return r;
	if (sys_pidfd_send_signal(fd, SIGKILL) < 0 && errno != ESRCH)
		return -errno;
	return pidfd_wait_gone(fd, STOP_MS);
}

/* ---- its configuration ---------------------------------------------------------------- */

/* A name or path that could end its line would say more than it should. */
static bool has_line_end(char *const *texts)
{
	for (; texts && *texts; texts++)
		if (strpbrk(*texts, "\r\n"))
			return true;
	return false;
}

static void add_lines(struct buf *out, const char *option, char *const *values)
{
	for (; values && *values; values++)
		buf_printf(out, "%s=%s\n", option, *values);
}

static void write_config(const struct net_resolver *resolver, struct buf *out)
{
	/* Where there is no nobody, it stays who it is: then it has no more rights than that user. */
	buf_add_text(out, user_namespace_size() > NOBODY ? "user=nobody\n" : "user=\ngroup=\n");
	buf_add_text(out, "pid-file=" OWN "/pid\n"
			  "bind-interfaces\nno-hosts\n"
			  /* Names without dots are those of containers: nobody else is asked for them. */
			  "domain-needed\n"
			  "cache-size=1000\ndns-forward-max=1000\n");
	add_lines(out, "listen-address", resolver->addresses);
	for (size_t i = 0; resolver->names[i]; i++)
		buf_printf(out, "hostsdir=" PLACE "/%zu\n", i);
	if (resolver->servers || !resolver->resolv_conf)
		buf_add_text(out, "no-resolv\n");
	else
		buf_printf(out, "resolv-file=%s\n", resolver->resolv_conf);
	add_lines(out, "server", resolver->servers);
	/* What is not told apart above: directories are called by numbers. */
	for (size_t i = 0; resolver->names[i]; i++)
		buf_printf(out, "# %s\n", resolver->names[i]);
}

static bool is_same_config(int dir_fd, const struct buf *config)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return file_read_regular_at(dir_fd, "config", CONFIG_LIMIT, &text) == 0 && text.data && str_equal(text.data, config->data);
}

/* ---- the process, from fork to exec: says on standard error what failed --------------------- */

static _noreturn_ void give_up(const char *what)
{
	dprintf(STDERR_FILENO, "%s: %s", what, error_words(errno));
	_exit(127);
}

/* In the new namespace: a mount of another cannot be bound. */
static int open_source(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		give_up(path);
	return fd;
}

static void bind_directory(int fd, const char *target)
{
	char source[64];

	snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
	if (mkdir(target, 0755) < 0 || mount(source, target, NULL, MS_BIND, NULL) < 0)
		give_up(target);
	close(fd);
}

/* Its own directory and those with names, which may be below PLACE: opened before that is covered. */
static void show_directories(const struct net_resolver *resolver)
{
	int fds[NAMES_LIMIT], own_fd = open_source(resolver->directory);
	size_t count = 0;

	for (; resolver->names[count]; count++)
		fds[count] = open_source(resolver->names[count]);
	if (mount("tmpfs", PLACE, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=64k") < 0)
		give_up(PLACE);
	bind_directory(own_fd, OWN);
	for (size_t i = 0; i < count; i++) {
		char target[32];

		snprintf(target, sizeof target, PLACE "/%zu", i);
		bind_directory(fds[i], target);
	}
}

/* Its view of the host. */
static void confine(const struct net_resolver *resolver)
{
	_cleanup_close_ int root_fd = -EBADF, own_fd = -EBADF;
	struct stat status;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		give_up("a mount namespace");
	show_directories(resolver);
	/* It would tell the system's log of every container that comes and goes. */
	if (stat("/dev/log", &status) == 0)
		ignore_result(mount("/dev/null", "/dev/log", NULL, MS_BIND, NULL));
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0 || (errno = -mount_set_attributes(root_fd, &(struct mount_attributes){
				    .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, .recursive = true })) != 0)
		give_up("a read-only file system");
	own_fd = open(OWN, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (own_fd < 0 || (errno = -mount_set_attributes(own_fd, &(struct mount_attributes){ .clear = MOUNT_ATTR_RDONLY })) != 0)
		give_up(OWN);
}

static _noreturn_ void run_program(const char *program, const struct net_resolver *resolver, int error_fd)
{
	static char *const environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	char *const arguments[] = { (char *)"dnsmasq", (char *)"--conf-file=" OWN "/config", NULL };
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0 || dup2(error_fd, STDERR_FILENO) < 0)
		_exit(127);
	if (dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0)
		give_up("/dev/null");
	confine(resolver);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		give_up("no new privileges");
	execve(program, arguments, environment);
	give_up(program);
}

/* ---- its addresses ---------------------------------------------------------------------------- */

static bool has_address(const struct netlink_address *list, size_t count, const struct netlink_address *address)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].family == address->family && memcmp(list[i].local, address->local, address->length) == 0)
			return true;
	return false;
}

/* "10.66.3.2" of the interface; one that it has already, with whatever prefix, stays as it is. */
static int change_address(int fd, int index, const char *text, bool remove)
{
	_cleanup_free_ char *whole = str_printf("%s/%d", text, strchr(text, ':') ? 128 : 32);
	_cleanup_free_ struct netlink_address *list = NULL;
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_address address;
	size_t count = 0;
	int r = netlink_address_parse(whole, &address);

	if (r == 0)
		r = netlink_get_addresses(fd, index, &list, &count);
	if (r < 0 || has_address(list, count, &address) != remove)
		return r;
	if (remove)
		netlink_batch_remove_address(&batch, index, &address);
	else
		netlink_batch_add_address(&batch, index, &address);
	r = netlink_batch_send(&batch, fd, NULL);
	return r == -EADDRNOTAVAIL ? 0 : r; /* the gateway's, with its own prefix */
}

static int change_addresses(const char *interface, char *const *addresses, bool remove, struct error *err)
{
	_cleanup_close_ int fd = -EBADF;
	struct netlink_link link;
	int r = netlink_open(&fd);

	if (r == 0)
		r = netlink_get_link(fd, interface, &link);
	if (r == -ENODEV && remove)
		return 0;
	for (; r == 0 && addresses && *addresses; addresses++)
		r = change_address(fd, link.index, *addresses, remove);
	return r < 0 ? error_errno(err, -r, "cannot change the addresses of '%s'", interface) : 0;
}

/* Those that were added for it: "INTERFACE ADDRESS" lines, removed with it. */
static int remove_own_addresses(int dir_fd, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char *lines, *line;
	int r = 0;

	if (file_read_regular_at(dir_fd, "address", CONFIG_LIMIT, &text) < 0 || !text.data)
		return 0;
	lines = text.data;
	while (r == 0 && (line = strsep(&lines, "\n"))) {
		char *interface = strsep(&line, " "), *addresses[2] = { line, NULL };

		if (line)
			r = change_addresses(interface, addresses, true, err);
	}
	return r;
}

/* ---- starting ------------------------------------------------------------------------------- */

static const char *find_program(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (access(programs[i], X_OK) == 0)
			return programs[i];
	return NULL;
}

/* What it said last, without its name in front. */
static int explain_failure(char *output, struct error *err)
{
	char *line = output, *next;
	bool is_taken;

	str_trim_end(output);
	while ((next = strchr(line, '\n')))
		line = next + 1;
	line += str_starts_with(line, "dnsmasq: ") ? strlen("dnsmasq: ") : 0;
	is_taken = strstr(line, "ddress already in use");
	error_set(err, is_taken ? ERROR_CONFLICT : ERROR_INTERNAL, 0, "cannot start the name server: %.600s", *line ? line : "it ended without a word");
	if (is_taken)
		error_hint(err, "a name server of the host listens on all its addresses: tell that one which are its own");
	return -EINVAL;
}

/* The first process ends when the one that stays is ready: what it says until then is why it is not. */
static int run_to_readiness(const char *program, const struct net_resolver *resolver, struct error *err)
{
	_cleanup_close_ int read_fd = -EBADF, write_fd = -EBADF;
	_cleanup_buf_ struct buf output = BUF_INIT;
	int pipe_fds[2], status = 0;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot start the name server");
	read_fd = pipe_fds[0];
	write_fd = pipe_fds[1];
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "cannot start the name server");
	if (pid == 0)
		run_program(program, resolver, write_fd);
	close_and_forget(&write_fd);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "cannot wait for the name server");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	/* Whoever inherited the pipe has ended, too. */
	ignore_result(fd_read_all(read_fd, OUTPUT_LIMIT, &output)); /* what there is of it */
	return explain_failure(output.data ? output.data : (char[]){ "" }, err);
}

static int note_process(int dir_fd, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT, note = BUF_INIT;
	uint64_t pid = 0, start = 0;
	int r = file_read_regular_at(dir_fd, "pid", 32, &text);

	if (r == 0)
		r = str_to_u64(str_trim_end(text.data ? text.data : (char[]){ "" }), 10, &pid);
	if (r == 0)
		r = pidfd_start_time((pid_t)pid, &start);
	if (r == 0) {
		buf_printf(&note, "%llu %llu\n", (unsigned long long)pid, (unsigned long long)start);
		r = file_replace_at(dir_fd, "process", note.data, note.length, 0600);
	}
	return r < 0 ? error_errno(err, -r, "cannot tell the process of the name server") : 0;
}

/* The note of one that is not any more is in nobody's way. */
static int run_noted(const char *program, int dir_fd, const struct net_resolver *resolver, struct error *err)
{
	int r = unlinkat(dir_fd, "process", 0) < 0 && errno != ENOENT ? error_errno(err, errno, "cannot start the name server in '%s'", resolver->directory) : 0;

	if (r == 0)
		r = run_to_readiness(program, resolver, err);
	return r < 0 ? r : note_process(dir_fd, err);
}

static int start(int dir_fd, const struct net_resolver *resolver, const struct buf *config, struct error *err)
{
	const char *program = find_program();
	int r;

	if (!program) {
		error_set(err, ERROR_NOT_FOUND, 0, "there is no dnsmasq, which resolves the names of containers");
		error_hint(err, "the package dnsmasq-base has it");
		return -EINVAL;
	}
	r = end_process(dir_fd);
	if (r == 0 && resolver->own_address) {
		_cleanup_free_ char *note = str_printf("%s %s\n", resolver->interfaces[0], resolver->own_address);

		r = file_replace_at(dir_fd, "address", note, strlen(note), 0600);
	}
	if (r == 0)
		r = file_replace_at(dir_fd, "config", config->data, config->length, 0600);
	if (r < 0)
		return error_errno(err, -r, "cannot start the name server in '%s'", resolver->directory);
	if (resolver->own_address)
		r = change_addresses(resolver->interfaces[0], (char *[]){ (char *)resolver->own_address, NULL }, false, err);
	if (r == 0)
		r = run_noted(program, dir_fd, resolver, err);
	return r;
}

char *net_resolver_users(const char *directory)
{
	return str_printf("%s/" USERS, directory);
}

/* Under the lock, so that nobody ends it as unused meanwhile. */
static int add_user(int dir_fd, const char *id)
{
	_cleanup_free_ char *path = str_printf(USERS "/%s", id);
	_cleanup_close_ int fd = -EBADF;

	if (mkdirat(dir_fd, USERS, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : 0;
}

int net_resolver_start(const struct net_resolver *resolver, struct error *err)
{
	_cleanup_close_ int dir_fd = -EBADF, lock_fd = -EBADF, process_fd = -EBADF;
	_cleanup_buf_ struct buf config = BUF_INIT;
	int r;

	if (has_line_end(resolver->names) || has_line_end(resolver->addresses) || has_line_end(resolver->servers))
		return error_set(err, ERROR_INVALID, 0, "a name server cannot be given more than one line");
	if (strv_length(resolver->names) > NAMES_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "a name server for more than %d networks", NAMES_LIMIT);
	write_config(resolver, &config);
	/* Again, if the one whose lock we waited for has removed it. */
	do {
		close_and_forget(&lock_fd);
		close_and_forget(&dir_fd);
		r = file_make_directories(resolver->directory, 0700);
		dir_fd = r < 0 ? -EBADF : open(resolver->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (r == 0)
			r = dir_fd < 0 ? -errno : lock_directory(dir_fd, &lock_fd);
	} while (r == -ENOENT || (r == 0 && is_removed(lock_fd)));
	if (r == 0 && resolver->own_address && resolver->user)
		r = add_user(dir_fd, resolver->user);
	if (r < 0)
		return error_errno(err, -r, "cannot make '%s'", resolver->directory);
	process_fd = open_process(dir_fd);
	/* Its address may have gone with a link that was made anew. */
	if (process_fd >= 0 && is_same_config(dir_fd, &config))
		return resolver->own_address ? change_addresses(resolver->interfaces[0], (char *[]){ (char *)resolver->own_address, NULL }, false, err) : 0;
	return start(dir_fd, resolver, &config, err);
}

/* The directories that a configuration names, in their order; NULL-terminated, the strings in TEXT, which is changed. */
static char **read_names(char *text)
{
	char **names = memory_new(NAMES_LIMIT + 1, sizeof *names), *line;
	size_t count = 0;

	while (count < NAMES_LIMIT && (line = strsep(&text, "\n")))
		if (str_starts_with(line, "# /"))
			names[count++] = line + strlen("# ");
	return names;
}

int net_resolver_revive(const char *directory, struct error *err)
{
	_cleanup_close_ int dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), lock_fd = -EBADF, process_fd = -EBADF;
	_cleanup_buf_ struct buf config = BUF_INIT;
	_cleanup_free_ char **names = NULL;
	const char *program = find_program();
	int r = dir_fd < 0 ? -errno : lock_directory(dir_fd, &lock_fd);

	if (r == -ENOENT || !program)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot open '%s'", directory);
	process_fd = open_process(dir_fd);
	if (process_fd >= 0 || file_read_regular_at(dir_fd, "config", CONFIG_LIMIT, &config) < 0 || !config.data)
		return 0;
	names = read_names(config.data);
	return run_noted(program, dir_fd, &(struct net_resolver){ .directory = directory, .names = names }, err);
}

/* ---- its end -------------------------------------------------------------------------------- */

static int visit_name(void *context _unused_, const char *name)
{
	return name[0] == '.' ? 0 : 1;
}

static bool is_empty(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 || file_each_name(fd, visit_name, NULL) == 0;
}

/* Whether nobody asks it any more, or, of one that everyone asks, it reads names, and there are none. */
static bool is_unused(const char *directory, int dir_fd)
{
	_cleanup_free_ char *users = net_resolver_users(directory);
	_cleanup_buf_ struct buf config = BUF_INIT;
	_cleanup_free_ char **names = NULL;
	bool has_any = false;

	if (faccessat(dir_fd, USERS, F_OK, 0) == 0)
		return is_empty(users);
	if (file_read_regular_at(dir_fd, "config", CONFIG_LIMIT, &config) < 0 || !config.data)
		return false;
	names = read_names(config.data);
	for (size_t i = 0; names[i] && !has_any; i++)
		has_any = !is_empty(names[i]);
	return names[0] && !has_any;
}

static int remove_user(void *context, const char *name)
{
	return name[0] != '.' && unlinkat(*(int *)context, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_users(int dir_fd)
{
	_cleanup_close_ int fd = openat(dir_fd, USERS, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? -errno : file_each_name(fd, remove_user, &fd);

	if (r == 0 && unlinkat(dir_fd, USERS, AT_REMOVEDIR) < 0)
		r = -errno;
	return r == -ENOENT ? 0 : r;
}

/* -ENOTEMPTY, ERR being as it was: somebody else has just begun with the directory. */
static int try_to_stop(const char *directory, bool only_unused, struct error *err)
{
	static const char *const files[] = { "config", "pid", "process", "address" };
	_cleanup_close_ int dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), lock_fd = -EBADF;
	int r = dir_fd < 0 ? -errno : lock_directory(dir_fd, &lock_fd);

	if (r == -ENOENT || (r == 0 && only_unused && !is_unused(directory, dir_fd)))
		return 0;
	if (r == 0)
		r = end_process(dir_fd);
	if (r == 0 && remove_own_addresses(dir_fd, err) < 0)
		return error_wrap(err, "cannot end the name server in '%s'", directory);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		if (unlinkat(dir_fd, files[i], 0) < 0 && errno != ENOENT)
			r = -errno;
	if (r == 0)
		r = remove_users(dir_fd);
	if (r == 0 && unlinkat(dir_fd, "lock", 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && rmdir(directory) < 0 && errno != ENOENT)
		r = -errno;
	if (r == -ENOTEMPTY)
		return r;
	return r < 0 ? error_errno(err, -r, "cannot end the name server in '%s'", directory) : 0;
}

static int stop(const char *directory, bool only_unused, struct error *err)
{
	int r = -ENOTEMPTY;

	for (int i = 0; r == -ENOTEMPTY && i < STOP_TRIES; i++)
		r = try_to_stop(directory, only_unused, err);
	return r == -ENOTEMPTY ? error_errno(err, ENOTEMPTY, "cannot end the name server in '%s'", directory) : r;
}

int net_resolver_stop(const char *directory, struct error *err)
{
	return stop(directory, false, err);
}

static int stop_if_unused(void *context, const char *name)
{
	_cleanup_free_ char *directory = str_printf("%s/%s", (const char *)context, name);

	if (name[0] != '.')
		ignore_result(stop(directory, true, NULL)); /* it goes with its network at the latest */
	return 0;
}

/* Who reads NAMES, RUN_ROOT/networks/ID/names, and nothing else that has names, has nobody to serve any more; or RUN_ROOT/resolvers/KEY/users. */
static void stop_unused(const char *names)
{
	_cleanup_free_ char *path = str_dup(names), *resolvers = NULL;
	_cleanup_close_ int fd = -EBADF;

	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(path, '/');

		if (!slash)
			return;
		*slash = '\0';
	}
	resolvers = str_printf("%s/resolvers", path);
	fd = open(resolvers, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		ignore_result(file_each_name(fd, stop_if_unused, resolvers)); /* likewise */
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Written under a name that dnsmasq passes over, for it reads what is closed in the directory. */
static int replace_names(const char *directory, const char *id, const struct buf *text)
{
	_cleanup_close_ int dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), fd = -EBADF;
	_cleanup_free_ char *scratch = str_printf(".%s", id);
	int r;

	if (dir_fd < 0)
		return -errno;
	fd = openat(dir_fd, scratch, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0)
		return -errno;
	r = fd_write_all(fd, text->data ? text->data : "", text->length);
	return r == 0 && renameat(dir_fd, scratch, dir_fd, id) < 0 ? -errno : r;
}

/* "10.66.3.2/24" without the prefix, and a name that is one word. */
static bool is_word(const char *text)
{
	return *text && !strpbrk(text, " \t\r\n#");
}

int net_names_write(const char *directory, const char *id, char *const *addresses, char *const *names, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	for (; addresses && *addresses; addresses++) {
		if (!is_word(*addresses))
			return error_set(err, ERROR_INVALID, 0, "'%.100s' is not an address", *addresses);
		buf_printf(&text, "%.*s", (int)strcspn(*addresses, "/"), *addresses);
		for (char *const *name = names; name && *name; name++) {
			if (!is_word(*name))
				return error_set(err, ERROR_INVALID, 0, "'%.100s' cannot be the name of a host", *name);
			buf_printf(&text, " %s", *name);
		}
		buf_add_char(&text, '\n');
	}
	r = replace_names(directory, id, &text);
	return r < 0 ? error_errno(err, -r, "cannot write '%s/%s'", directory, id) : 0;
}

int net_names_remove(const char *directory, const char *id)
{
	_cleanup_close_ int dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_free_ char *scratch = str_printf(".%s", id);

	if (dir_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if ((unlinkat(dir_fd, scratch, 0) < 0 && errno != ENOENT) || (unlinkat(dir_fd, id, 0) < 0 && errno != ENOENT))
		return -errno;
	if (is_empty(directory))
		stop_unused(directory);
	return 0;
}
