/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume_backing.h"
#include "base/file.h"
#include "base/options.h"
#include "base/quantity.h"
#include "host/loop_device.h"
#include "host/mount.h"
#include "host/project_quota.h"
#include "host/user_namespace.h"
#include "spec/config.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MKFS "mkfs.ext4"
#define SMALLEST_IMAGE (1u << 20)
/* Where administration programs lie that PATH of an ordinary shell does not have. */
#define PROGRAM_PATH "/usr/sbin:/sbin:/usr/bin:/bin"

/* ---- options ------------------------------------------------------------------------- */

/* The value of "NAME=VALUE" among the words of the option "o", in the arena; or NULL. "" for NAME alone. */
static const char *find_word(struct arena *arena, const struct spec_volume *volume, const char *name)
{
	const char *o = spec_volume_option(volume, "o");
	char *rest = o ? arena_strdup(arena, o) : NULL, *word;
	size_t length = strlen(name);

	while ((word = strsep(&rest, ",")))
		if (strncmp(word, name, length) == 0 && (word[length] == '=' || !word[length]))
			return word + length + (word[length] == '=');
	return NULL;
}

static bool has_word(const struct spec_volume *volume, const char *name)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	return find_word(arena, volume, name) != NULL;
}

static bool is_bind(const struct spec_volume *volume)
{
	const char *type = spec_volume_option(volume, "type");

	return (str_is_empty(type) || str_equal(type, "none") || str_equal(type, "bind")) && !str_is_empty(spec_volume_option(volume, "device"));
}

static bool is_file_system(const struct spec_volume *volume)
{
	return !str_is_empty(spec_volume_option(volume, "type")) && !is_bind(volume);
}

bool volume_backing_is_mounted(const struct spec_volume *volume)
{
	return is_file_system(volume) || volume->has_image;
}

bool volume_backing_is_read_only(const struct spec_volume *volume)
{
	return volume->read_only || has_word(volume, "ro");
}

const char *volume_backing_path(struct arena *arena, const char *path, const struct spec_volume *volume)
{
	return is_bind(volume) ? spec_volume_option(volume, "device") : arena_printf(arena, "%s/" VOLUME_DATA, path);
}

static int check_key(const char *key, struct error *err)
{
	static const char *const keys[] = { "device", "o", "size", "type" };
	const char *nearest;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (str_equal(key, keys[i]))
			return 0;
	nearest = options_nearest(key, keys, ARRAY_SIZE(keys));
	error_set(err, ERROR_INVALID, 0, "there is no option '%.100s' of a volume: expected type, device, o or size", key);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -EINVAL;
}

static int read_size(struct arena *arena, struct spec_volume *volume, struct error *err)
{
	const char *text = spec_volume_option(volume, "size");

	if (!text)
		text = find_word(arena, volume, "size");
	if (!text)
		return 0;
	if (quantity_parse_size(text, &volume->size) < 0 || volume->size == 0)
		return error_set(err, ERROR_INVALID, 0, "'%.100s' is no size of a volume: expected one such as 10g", text);
	return 0;
}

/* Of the directory itself, as Podman has it. */
struct owner {
	uint32_t uid, gid;
};

static int read_id(struct arena *arena, const struct spec_volume *volume, const char *name, uint32_t *ret, struct error *err)
{
	const char *text = find_word(arena, volume, name);
	uint64_t id;

	if (!text)
		return 0;
	if (str_to_u64(text, 10, &id) < 0 || id >= UINT32_MAX)
		return error_set(err, ERROR_INVALID, 0, "'%s=%.100s': expected a number", name, text);
	*ret = (uint32_t)id;
	return 0;
}

static int read_owner(struct arena *arena, const struct spec_volume *volume, struct owner *ret, struct error *err)
{
	int r = read_id(arena, volume, "uid", &ret->uid, err);

	return r < 0 ? r : read_id(arena, volume, "gid", &ret->gid, err);
}

static int check_bind(const struct spec_volume *volume, struct error *err)
{
	const char *device = spec_volume_option(volume, "device");

	if (volume->size)
		return error_set(err, ERROR_INVALID, 0, "a volume that is the directory '%.200s' has no size of its own", device);
	if (device[0] != '/')
		return error_set(err, ERROR_INVALID, 0, "'device=%.200s': expected an absolute path", device);
	return 0;
}

/* What is left of "o" must be a file system's own. */
static int check_words(struct arena *arena, const struct spec_volume *volume, struct error *err)
{
	static const char *const own[] = { "size", "uid", "gid", "ro", "rw", "bind", "rbind" };
	const char *o = spec_volume_option(volume, "o");
	char *rest = o ? arena_strdup(arena, o) : NULL, *word;

	while ((word = strsep(&rest, ","))) {
		size_t i = 0;

		while (i < ARRAY_SIZE(own) && !(strcspn(word, "=") == strlen(own[i]) && str_starts_with(word, own[i])))
			i++;
		if (*word && i == ARRAY_SIZE(own))
			return error_set(err, ERROR_INVALID, 0, "'o=%.100s' is for a volume with a type", word);
	}
	return 0;
}

int volume_backing_check(struct spec_volume *volume, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct owner owner = { 0, 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < volume->option_count; i++)
		r = check_key(volume->options[i].key, err);
	if (r == 0)
		r = read_size(arena, volume, err);
	if (r == 0)
		r = read_owner(arena, volume, &owner, err);
	if (r < 0 || is_bind(volume))
		return r < 0 ? r : check_bind(volume, err);
	if (!is_file_system(volume))
		return check_words(arena, volume, err);
	if (volume->size && !str_equal(spec_volume_option(volume, "type"), "tmpfs"))
		return error_set(err, ERROR_INVALID, 0, "a size is for volumes of this host, and of type=tmpfs");
	return 0;
}

/* ---- making ---------------------------------------------------------------------------- */

static void execute_mkfs(const char *path, const char *features)
{
	char *const arguments[] = { (char *)MKFS, (char *)"-q", (char *)"-F", (char *)"-m", (char *)"0", (char *)"-E", (char *)features, (char *)path, NULL };
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0 || dup2(null_fd, STDOUT_FILENO) < 0 || dup2(null_fd, STDERR_FILENO) < 0 || setenv("PATH", PROGRAM_PATH, 1) < 0)
		_exit(126);
	execvp(MKFS, arguments);
	_exit(errno == ENOENT ? 127 : 126);
}

static int run_mkfs(const char *path, uint32_t uid, uint32_t gid)
{
	_cleanup_free_ char *features = str_printf("lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=%u:%u", uid, gid);
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		execute_mkfs(path, features);
	if (child < 0)
		return -errno;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -ENOENT;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static int make_image(int fd, const struct spec_volume *volume, const struct owner *owner, struct error *err)
{
	_cleanup_close_ int image_fd = openat(fd, VOLUME_IMAGE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	_cleanup_free_ char *path = str_printf("/proc/self/fd/%d", image_fd);
	int r;

	if (volume->size < SMALLEST_IMAGE)
		return error_set(err, ERROR_INVALID, 0, "a volume of its own size has at least 1m here");
	if (image_fd < 0 || ftruncate(image_fd, (off_t)volume->size) < 0 || fcntl(image_fd, F_SETFD, 0) < 0)
		return error_errno(err, errno, "cannot make a file of %llu bytes", (unsigned long long)volume->size);
	r = run_mkfs(path, owner->uid, owner->gid);
	if (r == -ENOENT) {
		error_set(err, ERROR_UNSUPPORTED, ENOENT, "cannot limit its size: its file system keeps no limits of projects, and there is no " MKFS);
		error_hint(err, "install e2fsprogs, or mount the file system with 'prjquota'");
		return -EOPNOTSUPP;
	}
	return r < 0 ? error_errno(err, -r, "cannot make a file system: " MKFS " failed") : 0;
}

static int limit(int fd, struct spec_volume *volume, uint32_t project, const struct owner *owner, struct error *err)
{
	_cleanup_close_ int data_fd = openat(fd, VOLUME_DATA, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (data_fd < 0)
		return error_errno(err, errno, "cannot open it");
	if (!project_quota_is_kept(data_fd)) {
		volume->has_image = true;
		return make_image(fd, volume, owner, err);
	}
	r = project_quota_set(data_fd, project, volume->size);
	if (r < 0)
		return error_errno(err, -r, "cannot limit its size");
	volume->project = project;
	return 0;
}

int volume_backing_make(int fd, struct spec_volume *volume, uint32_t project, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct owner owner = { 0, 0 };
	int r = read_owner(arena, volume, &owner, err);

	if (r < 0)
		return r;
	if (mkdirat(fd, VOLUME_DATA, 0755) < 0 || fchmodat(fd, VOLUME_DATA, 0755, 0) < 0)
		return error_errno(err, errno, "cannot make its directory");
	if (is_file_system(volume))
		return 0;
	if (fchownat(fd, VOLUME_DATA, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, errno, "cannot set its owner");
	return volume->size ? limit(fd, volume, project, &owner, err) : 0;
}

/* ---- mounting ------------------------------------------------------------------------------ */

/* Kernels know servers by number only (mount.nfs(8) and mount.cifs(8) do what this does). */
static const char *resolve_address(struct arena *arena, const char *name)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char text[256];
	int r = getaddrinfo(name, NULL, &hints, &found);

	if (r == 0)
		r = getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
	if (found)
		freeaddrinfo(found);
	return r == 0 ? arena_strdup(arena, text) : NULL;
}

/* The words of "o" as a list; an address in numbers, and no "size" that is given twice. */
static int make_words(struct arena *arena, const struct spec_volume *volume, char ***ret, struct error *err)
{
	const char *o = spec_volume_option(volume, "o"), *size = spec_volume_option(volume, "size");
	char *rest = arena_strdup(arena, o ? o : ""), *word;
	char **words = arena_alloc(arena, strlen(rest) + 3, sizeof *words);
	size_t count = 0;

	while ((word = strsep(&rest, ","))) {
		const char *address = str_starts_with(word, "addr=") ? resolve_address(arena, word + strlen("addr=")) : NULL;

		if (str_starts_with(word, "addr=") && !address)
			return error_set(err, ERROR_NOT_FOUND, 0, "there is no host '%.200s'", word + strlen("addr="));
		if (*word && !(size && str_starts_with(word, "size=")))
			words[count++] = address ? arena_printf(arena, "addr=%s", address) : word;
	}
	if (size)
		words[count++] = arena_printf(arena, "size=%llu", (unsigned long long)volume->size);
	*ret = words;
	return 0;
}

static int mount_file_system(const struct spec_volume *volume, int *ret_fd, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_mount options = { .destination = (char *)"/", .type = (char *)spec_volume_option(volume, "type") };
	const char *device = spec_volume_option(volume, "device");
	char **words = NULL;
	int r = make_words(arena, volume, &words, err);

	if (r < 0)
		return r;
	spec_mount_set_options(arena, &options, words);
	return mount_new_filesystem(&(const struct mount_request){ .type = options.type, .source = device ? device : options.type,
		.flags = options.set_flags, .data = options.data }, ret_fd, err);
}

/* Without the directory that it begins with: what a volume gets of an image goes into an empty one. */
static void remove_lost_and_found(int mount_fd)
{
	ignore_result(unlinkat(mount_fd, "lost+found", AT_REMOVEDIR)); /* e2fsck(8) makes it when it has something for it */
}

static int mount_image(int fd, const struct spec_volume *volume, int *ret_fd, struct error *err)
{
	_cleanup_close_ int image_fd = openat(fd, VOLUME_IMAGE, O_RDWR | O_CLOEXEC | O_NOFOLLOW), loop_fd = -EBADF;
	char path[LOOP_DEVICE_PATH];
	int r = image_fd < 0 ? -errno : loop_device_open(image_fd, path, &loop_fd);

	if (r < 0) {
		error_errno(err, -r, "cannot make its file a device");
		if (!user_namespace_is_first())
			error_hint(err, "that takes root of the host; an ordinary user has volumes without a size");
		else if (r == -ENOENT || r == -ENODEV || r == -ENXIO)
			error_hint(err, "volumes with a size are loop devices, a module of the kernel: modprobe loop");
		return r;
	}
	r = mount_new_filesystem(&(const struct mount_request){ .type = "ext4", .source = path, .flags = MS_NOATIME }, ret_fd, err);
	if (r == 0 && !volume->read_only)
		remove_lost_and_found(*ret_fd);
	return r;
}

int volume_backing_open(int fd, const struct spec_volume *volume, struct error *err)
{
	_cleanup_close_ int mount_fd = -EBADF;
	int r;

	if (!volume_backing_is_mounted(volume) || mount_is_root_at(fd, VOLUME_DATA))
		return 0;
	r = volume->has_image ? mount_image(fd, volume, &mount_fd, err) : mount_file_system(volume, &mount_fd, err);
	if (r < 0)
		return r;
	r = mount_attach_at(mount_fd, fd, VOLUME_DATA);
	return r < 0 ? error_errno(err, -r, "cannot mount it") : 0;
}

int volume_backing_close(int fd)
{
	return mount_detach_at(fd, VOLUME_DATA);
}
