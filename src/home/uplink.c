/* SPDX-License-Identifier: Apache-2.0 */
#include "home/uplink.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/str.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"
#include "host/netlink_route.h"
#include "host/netns_call.h"
#include "host/route_dump.h"
#include "host/syscalls.h"
#include "spec/home.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define TUN "/dev/net/tun"
#define PATHS "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin" /* behind $PATH */
#define START_MS 5000     /* until it is there */
#define LOOK_MS 3
#define REVIVAL_MS 2000
#define VERSION_LIMIT 256
#define ARGUMENTS 48
#define NETWORK_FILE "network" /* in the program's mount namespace */
#define FIRST_FD 3
#define AS_WORD(macro) AS_WORD_OF(macro)
#define AS_WORD_OF(value) #value
#define MTU AS_WORD(SPEC_HOME_MTU)

/* ---- which programs there are ---------------------------------------------------------------- */

static bool find_in(const char *path, const char *name, char ret[static PATH_MAX])
{
	while (*path) {
		size_t length = strcspn(path, ":");

		snprintf(ret, PATH_MAX, "%.*s/%s", (int)length, path, name);
		if (ret[0] == '/' && access(ret, X_OK) == 0)
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

static bool find_program(const char *name, char ret[static PATH_MAX])
{
	const char *path = getenv("PATH");

	return (path && find_in(path, name, ret)) || find_in(PATHS, name, ret);
}

/* What comes of a child's output until its end, at most LIMIT bytes. */
static void read_words(int fd, char *text, size_t limit)
{
	size_t length = 0;
	ssize_t n;

	while (length < limit - 1 && ((n = read(fd, text + length, limit - 1 - length)) > 0 || (n < 0 && errno == EINTR)))
		length += n > 0 ? (size_t)n : 0;
	text[length] = '\0';
}

/* Some end without writing what they have said (2025), which is to a terminal alone. */
static bool knows_version(const char *program)
{
	char text[VERSION_LIMIT] = "";
	int ends[2], status = -1;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl(program, program, "--version", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	if (pid > 0)
		read_words(ends[0], text, sizeof text);
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 && !strstr(text, "unknown version");
}

/* ---- how they are called ------------------------------------------------------------------------ */

/* Whether the host's packets of IP version 6 go anywhere: connect(2) of a datagram socket asks the routes and sends nothing. */
static bool host_has_ipv6(void)
{
	struct sockaddr_in6 far = { .sin6_family = AF_INET6, .sin6_port = htons(53) };
	_cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && inet_pton(AF_INET6, "2001:db8::1", &far.sin6_addr) == 1 && connect(fd, (struct sockaddr *)&far, sizeof far) == 0;
}

struct arguments {
	char *list[ARGUMENTS + 1];
	size_t count;
	bool has_ipv6;
	const char *network; /* a file that is the network namespace */
};

static void add(struct arguments *arguments, const char *const *words)
{
	for (; *words && arguments->count < ARGUMENTS; words++)
		arguments->list[arguments->count++] = (char *)*words;
}

#define ADD(arguments, ...) add(arguments, (const char *const[]){ __VA_ARGS__, NULL })

static void call_pasta(struct arguments *arguments)
{
	ADD(arguments, "pasta", "--foreground", "--quiet", "--config-net", "--ns-ifname", SPEC_HOME_LINK, "--mtu", MTU, "--address", SPEC_HOME_ADDRESS4,
		"--netmask", SPEC_HOME_PREFIX4, "--gateway", SPEC_HOME_GATEWAY4, "--dns-forward", SPEC_HOME_DNS4);
	if (arguments->has_ipv6)
		ADD(arguments, "--address", SPEC_HOME_ADDRESS6, "--gateway", SPEC_HOME_GATEWAY6);
	else
		ADD(arguments, "--ipv4-only");
	ADD(arguments, "--no-map-gw", "--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none", "--no-netns-quit", "--netns",
		arguments->network);
}

static void call_slirp4netns(struct arguments *arguments)
{
	ADD(arguments, "slirp4netns", "--configure", ("--mtu=" MTU), "--disable-host-loopback", "--enable-sandbox", "--enable-seccomp",
		("--cidr=" SPEC_HOME_NETWORK4 "/" SPEC_HOME_PREFIX4));
	if (arguments->has_ipv6)
		ADD(arguments, "--enable-ipv6");
	ADD(arguments, "--netns-type=path", arguments->network, SPEC_HOME_LINK);
}

/* In the order in which they are tried. */
static const struct candidate {
	const char *name;
	void (*call)(struct arguments *arguments);
	enum { ANY, RECENT, OLD } kind; /* RECENT: it can say its version */
} candidates[] = {
	{ "pasta", call_pasta, RECENT },
	{ "slirp4netns", call_slirp4netns, ANY },
	{ "pasta", call_pasta, OLD },
};

/* ---- a program that runs -------------------------------------------------------------------------- */

/*
 * A name for the namespace, in a mount namespace of the program's own. A descriptor would not do: pasta closes those that it is given, and has no
 * right to look at the holder's. What the host unmounts goes there, too.
 */
static int place_network(const char *directory, const char *network, int network_fd)
{
	char source[32];
	int fd;

	snprintf(source, sizeof source, "/proc/self/fd/%d", network_fd);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount("tmpfs", directory, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=500") < 0)
		return -errno;
	fd = open(network, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return -errno;
	close(fd);
	return mount(source, network, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

struct program {
	const char *path;
	const struct arguments *arguments;
	pid_t parent;
	int words_fd;
};

/* Nothing that it says may hold it up: what there is no room for is lost. */
_noreturn_ static void execute(const struct home_uplink *uplink, const struct program *program)
{
	static char *const environment[] = { (char *)"PATH=" PATHS, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), r;

	if (null < 0 || setpgid(0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != program->parent)
		_exit(127);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(program->words_fd, STDOUT_FILENO) < 0 || dup2(program->words_fd, STDERR_FILENO) < 0)
		_exit(127);
	signal(SIGPIPE, SIG_DFL); /* ignored, an earlier pasta takes it for a failure */
	r = place_network(uplink->directory, program->arguments->network, uplink->network_fd);
	if (r == 0 && sys_close_range(FIRST_FD, ~0U, 0) == 0)
		execve(program->path, program->arguments->list, environment);
	dprintf(STDERR_FILENO, "%s", error_words(r < 0 ? -r : errno));
	_exit(127);
}

static int launch(struct home_uplink *uplink, const char *path, const struct arguments *arguments)
{
	struct program program = { .path = path, .arguments = arguments, .parent = getpid() };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	program.words_fd = ends[1];
	pid = fork();
	if (pid == 0)
		execute(uplink, &program);
	close(ends[1]);
	uplink->pid = pid;
	uplink->output_fd = ends[0];
	uplink->started_ms = clock_monotonic_ms();
	if (pid > 0)
		uplink->process_fd = sys_pidfd_open(pid, 0);
	if (pid < 0 || uplink->process_fd < 0) {
		int r = -errno;

		home_uplink_stop(uplink);
		return r;
	}
	return 0;
}

void home_uplink_stop(struct home_uplink *uplink)
{
	if (uplink->pid > 0) {
		kill(uplink->pid, SIGKILL);
		while (waitpid(uplink->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	uplink->pid = 0;
	close_and_forget(&uplink->process_fd);
	close_and_forget(&uplink->output_fd);
}

/* ---- until it is there ------------------------------------------------------------------------------ */

static bool has_default_route(void)
{
	struct route_destination *routes = NULL;
	size_t count = 0;
	bool result = false;

	if (route_dump(&routes, &count) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		result |= routes[i].family == AF_INET && routes[i].prefix == 0 && str_equal(routes[i].interface_name, SPEC_HOME_LINK);
	free(routes);
	return result;
}

/* What slirp4netns leaves to announcements of a router, which a host that forwards does not hear, and what pasta has done itself. */
static int add_ipv6(int fd, int index)
{
	_cleanup_netlink_batch_ struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct netlink_address address;
	uint8_t gateway[16];
	int r = netlink_address_parse(SPEC_HOME_ADDRESS6 "/" SPEC_HOME_PREFIX6, &address);

	if (r == 0)
		r = netlink_add_address(fd, index, &address);
	if (r < 0 && r != -EEXIST)
		return r;
	if (inet_pton(AF_INET6, SPEC_HOME_GATEWAY6, gateway) != 1)
		return -EINVAL;
	netlink_batch_add_default_route(&batch, AF_INET6, index, gateway);
	r = netlink_batch_send(&batch, fd, NULL);
	return r == -EEXIST ? 0 : r;
}

/* 1: it is there; 0: not yet. CONTEXT tells whether there is IP version 6. */
static int call_look(void *context)
{
	_cleanup_close_ int fd = -EBADF;
	int index, r;

	if (!has_default_route())
		return 0;
	r = netlink_open(&fd);
	if (r == 0)
		r = netlink_get_index(fd, SPEC_HOME_LINK, &index);
	if (r == 0 && *(const bool *)context)
		r = add_ipv6(fd, index);
	return r < 0 ? r : 1;
}

static void take_last_line(struct home_uplink *uplink, char *text, size_t limit)
{
	char *line;

	read_words(uplink->output_fd, text, limit);
	for (size_t i = strlen(text); i > 0 && (text[i - 1] == '\n' || text[i - 1] == ' '); i--)
		text[i - 1] = '\0';
	line = strrchr(text, '\n');
	if (line)
		memmove(text, line + 1, strlen(line + 1) + 1);
}

static int await(struct home_uplink *uplink, const char *name, bool has_ipv6, struct error *err)
{
	struct pollfd ask = { .fd = uplink->process_fd, .events = POLLIN };
	char words[512];
	int result = 0, r = 0;

	while (r == 0 && result == 0 && clock_monotonic_ms() - uplink->started_ms < START_MS && poll(&ask, 1, LOOK_MS) <= 0)
		r = netns_call(uplink->network_fd, call_look, &has_ipv6, &result);
	if (r == 0 && result > 0)
		return 0;
	take_last_line(uplink, words, sizeof words);
	home_uplink_stop(uplink);
	if (r < 0 || result < 0)
		return error_errno(err, r < 0 ? -r : -result, "cannot set up the link '" SPEC_HOME_LINK "'");
	return error_set(err, ERROR_UNAVAILABLE, 0, "cannot connect the networks of containers with the host's: %s says '%s'", name, words);
}

static int try(struct home_uplink *uplink, const struct candidate *candidate, const char *program, struct error *err)
{
	_cleanup_free_ char *network = str_printf("%s/" NETWORK_FILE, uplink->directory);
	struct arguments arguments = { .has_ipv6 = host_has_ipv6(), .network = network };
	int r;

	candidate->call(&arguments);
	r = launch(uplink, program, &arguments);
	return r < 0 ? error_errno(err, -r, "cannot start '%s'", program) : await(uplink, candidate->name, arguments.has_ipv6, err);
}

static int check_tun(struct error *err)
{
	_cleanup_close_ int fd = open(TUN, O_RDWR | O_CLOEXEC);
	int r;

	if (fd >= 0)
		return 0;
	r = error_errno(err, errno, "cannot connect the networks of containers with the host's: cannot open '" TUN "'");
	if (r == -EACCES || r == -EPERM)
		error_hint(err, "`chmod 666 " TUN "`, by root, lets users have links of their own; '--network none' and '--network host' do without");
	else
		error_hint(err, "`modprobe tun`, by root, makes it; '--network none' and '--network host' do without");
	return r;
}

int home_uplink_start(struct home_uplink *uplink, struct error *err)
{
	char program[PATH_MAX];
	bool was_found = false;
	int r = -ENOENT;

	if (uplink->process_fd >= 0)
		return 0;
	for (size_t i = 0; r < 0 && i < ARRAY_SIZE(candidates); i++) {
		const struct candidate *candidate = &candidates[i];

		if (!find_program(candidate->name, program) || (candidate->kind != ANY && knows_version(program) != (candidate->kind == RECENT)))
			continue;
		if (!was_found && (r = check_tun(err)) < 0)
			return r;
		was_found = true;
		r = try(uplink, candidate, program, err);
	}
	if (was_found)
		return r;
	error_set(err, ERROR_UNSUPPORTED, 0, "cannot connect the networks of containers with the host's: neither pasta nor slirp4netns is installed");
	error_hint(err, "`apt install passt` or `apt install slirp4netns`; '--network none' and '--network host' do without");
	return -ENOENT;
}

void home_uplink_revive(struct home_uplink *uplink)
{
	bool was_short = clock_monotonic_ms() - uplink->started_ms < REVIVAL_MS;
	struct error err = ERROR_INIT;

	home_uplink_stop(uplink);
	if (!was_short)
		ignore_result(home_uplink_start(uplink, &err)); /* who needs it next is told */
}
