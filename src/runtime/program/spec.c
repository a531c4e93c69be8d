/* SPDX-License-Identifier: Apache-2.0 */
/* spec: a config.json to start from, as runc's: a shell with few rights. */
#include "base/file.h"
#include "base/json.h"
#include "runtime/program/program.h"
#include "spec/state.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

struct spec_options {
	const char *bundle;
	bool rootless;
};

static const struct option_entry entries[] = {
	{ "bundle", 'b', OPTION_STRING, OPTION_DIRECTORY, offsetof(struct spec_options, bundle), "DIR", "write it there; default: the working directory" },
	{ "rootless", 0, OPTION_FLAG, 0, offsetof(struct spec_options, rootless), NULL, "for a user without privileges: in a user namespace, without limits" },
	{ 0 },
};

static const char *const capabilities[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL };

/* MOUNT_ROOTLESS replaces the other one of the same destination where there is no privilege. */
enum mount_property {
	MOUNT_ROOTFUL = 1 << 0,
	MOUNT_ROOTLESS = 1 << 1,
	MOUNT_ALWAYS = MOUNT_ROOTFUL | MOUNT_ROOTLESS,
};

static const struct default_mount {
	unsigned properties;
	const char *destination, *type, *source;
	const char *options[8];
} default_mounts[] = {
	{ MOUNT_ALWAYS, "/proc", "proc", "proc", { NULL } },
	{ MOUNT_ALWAYS, "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	/* Group 5, tty, exists in a user namespace only if it is mapped. */
	{ MOUNT_ROOTFUL, "/dev/pts", "devpts", "devpts", { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	{ MOUNT_ROOTLESS, "/dev/pts", "devpts", "devpts", { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
	{ MOUNT_ALWAYS, "/dev/shm", "tmpfs", "shm", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ MOUNT_ALWAYS, "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ MOUNT_ROOTFUL, "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	/* A new sysfs needs rights over the network namespace, which stays the host's. */
	{ MOUNT_ROOTLESS, "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" } },
	{ MOUNT_ALWAYS, "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/sys/firmware",
	"/proc/scsi",
	NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus",
	"/proc/fs",
	"/proc/irq",
	"/proc/sys",
	"/proc/sysrq-trigger",
	NULL,
};

static void write_strings(struct json_writer *w, const char *key, const char *const *strings)
{
	json_write_open(w, key, '[');
	for (; *strings; strings++)
		json_write_string(w, NULL, *strings);
	json_write_close(w, ']');
}

static void write_process(struct json_writer *w)
{
	static const char *const args[] = { "sh", NULL };
	static const char *const env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", NULL };
	static const char *const sets[] = { "bounding", "effective", "permitted" };

	json_write_open(w, "process", '{');
	json_write_bool(w, "terminal", true);
	json_write_open(w, "user", '{');
	json_write_uint(w, "uid", 0);
	json_write_uint(w, "gid", 0);
	json_write_close(w, '}');
	write_strings(w, "args", args);
	write_strings(w, "env", env);
	json_write_string(w, "cwd", "/");
	json_write_open(w, "capabilities", '{');
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		write_strings(w, sets[i], capabilities);
	json_write_close(w, '}');
	json_write_open(w, "rlimits", '[');
	json_write_open(w, NULL, '{');
	json_write_string(w, "type", "RLIMIT_NOFILE");
	json_write_uint(w, "hard", 1024);
	json_write_uint(w, "soft", 1024);
	json_write_close(w, '}');
	json_write_close(w, ']');
	json_write_bool(w, "noNewPrivileges", true);
	json_write_close(w, '}');
}

static void write_mounts(struct json_writer *w, bool rootless)
{
	json_write_open(w, "mounts", '[');
	for (size_t i = 0; i < ARRAY_SIZE(default_mounts); i++) {
		const struct default_mount *mount = &default_mounts[i];

		if (!(mount->properties & (rootless ? MOUNT_ROOTLESS : MOUNT_ROOTFUL)))
			continue;
		json_write_open(w, NULL, '{');
		json_write_string(w, "destination", mount->destination);
		json_write_string(w, "type", mount->type);
		json_write_string(w, "source", mount->source);
		if (mount->options[0])
			write_strings(w, "options", mount->options);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_namespaces(struct json_writer *w, bool rootless)
{
	const char *types[8] = { "pid", "ipc", "uts", "mount" };
	size_t count = 4;
	struct statfs status;

	types[count++] = rootless ? "user" : "network";
	/* On a host with v1 a cgroup namespace hides the mounts that its users expect. */
	if (statfs("/sys/fs/cgroup", &status) == 0 && (unsigned long)status.f_type == CGROUP2_SUPER_MAGIC)
		types[count++] = "cgroup";
	json_write_open(w, "namespaces", '[');
	for (size_t i = 0; i < count; i++) {
		json_write_open(w, NULL, '{');
		json_write_string(w, "type", types[i]);
		json_write_close(w, '}');
	}
	json_write_close(w, ']');
}

static void write_mapping(struct json_writer *w, const char *key, uint32_t host_id)
{
	json_write_open(w, key, '[');
	json_write_open(w, NULL, '{');
	json_write_uint(w, "containerID", 0);
	json_write_uint(w, "hostID", host_id);
	json_write_uint(w, "size", 1);
	json_write_close(w, '}');
	json_write_close(w, ']');
}

static void write_resources(struct json_writer *w)
{
	json_write_open(w, "resources", '{');
	json_write_open(w, "devices", '[');
	json_write_open(w, NULL, '{');
	json_write_bool(w, "allow", false);
	json_write_string(w, "access", "rwm");
	json_write_close(w, '}');
	json_write_close(w, ']');
	json_write_close(w, '}');
}

static void write_config(struct json_writer *w, bool rootless)
{
	json_write_open(w, NULL, '{');
	json_write_string(w, "ociVersion", SPEC_OCI_VERSION);
	write_process(w);
	json_write_open(w, "root", '{');
	json_write_string(w, "path", "rootfs");
	json_write_bool(w, "readonly", true);
	json_write_close(w, '}');
	json_write_string(w, "hostname", "bivy");
	write_mounts(w, rootless);
	json_write_open(w, "linux", '{');
	if (rootless) {
		write_mapping(w, "uidMappings", geteuid());
		write_mapping(w, "gidMappings", getegid());
	} else {
		write_resources(w);
	}
	write_namespaces(w, rootless);
	write_strings(w, "maskedPaths", masked_paths);
	write_strings(w, "readonlyPaths", readonly_paths);
	json_write_close(w, '}');
	json_write_close(w, '}');
}

static int run_spec(struct call *call, struct error *err)
{
	const struct spec_options *options = call->request;
	_cleanup_free_ char *path = str_printf("%s%sconfig.json", options->bundle ? options->bundle : "", options->bundle ? "/" : "");
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct json_writer w = { .out = &text, .indent = 4 };
	int r;

	if (fd < 0) {
		r = error_errno(err, errno, "cannot make '%s'", path);
		if (err->code == EEXIST)
			error_hint(err, "remove it first");
		return r;
	}
	write_config(&w, options->rootless);
	buf_add_char(&text, '\n');
	r = fd_write_all(fd, text.data, text.length);
	if (r == 0)
		return 0;
	ignore_result(unlink(path)); /* the failed write is the one to report */
	return error_errno(err, -r, "cannot write '%s'", path);
}

const struct verb verb_spec = {
	.command = {
		.name = "spec",
		.summary = "write a config.json to start from",
		.description = "The configuration runs 'sh' in the directory 'rootfs' beside it, read-only, with a terminal and few rights. A file that "
			"exists is not overwritten.",
		.entries = entries,
	},
	.request_size = sizeof(struct spec_options),
	.properties = VERB_ABOUT_PROGRAM,
	.run = run_spec,
};
