/* SPDX-License-Identifier: Apache-2.0 */
/* Steps 2, 4 and 5 of primitive/launch.h. */
#include "primitive/unshare.h"

#include "base/file.h"
#include "base/log.h"
#include "base/narration.h"
#include "host/mount.h"
#include "host/netlink_link.h"
#include "host/syscalls.h"
#include "host/user_namespace.h"
#include "primitive/launch.h"
#include "primitive/pin.h"
#include "spec/subid.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <pwd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#ifndef NS_GET_MNTNS_ID /* since 6.11 */
#define NS_GET_MNTNS_ID _IOR(NSIO, 0x5, uint64_t)
#endif

#define MAP_LINES (SPEC_SUBID_LIMIT + 1) /* that the kernel takes */
#define ID_LIMIT UINT32_MAX /* the last number is nobody: (uid_t)-1 */

struct work {
	const struct unshare_request *request;
	struct pin pin;
	uint64_t mounts_id; /* of the mount namespace that the pin is in; 0: the kernel does not tell */
	bool is_kept;
};

/* ---- who is who --------------------------------------------------------------------- */

int unshare_parse_range(const char *text, struct idmap_range *ret, struct error *err)
{
	_cleanup_free_ char *copy = str_dup(text);
	uint64_t numbers[3];
	char *rest = copy;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const char *word = strsep(&rest, ":");

		if (!word || str_to_u64(word, 10, &numbers[i]) < 0 || numbers[i] > ID_LIMIT)
			return error_set(err, ERROR_INVALID, 0, "expected INSIDE:OUTSIDE:COUNT, such as 0:100000:65536");
	}
	if (rest || numbers[2] == 0 || numbers[0] + numbers[2] > ID_LIMIT || numbers[1] + numbers[2] > ID_LIMIT)
		return error_set(err, ERROR_INVALID, 0, "expected INSIDE:OUTSIDE:COUNT, such as 0:100000:65536");
	*ret = (struct idmap_range){ .inside = (uint32_t)numbers[0], .outside = (uint32_t)numbers[1], .size = (uint32_t)numbers[2] };
	return 0;
}

static struct idmap_range *single(struct arena *arena, uint32_t inside, uint32_t outside)
{
	struct idmap_range *range = arena_alloc(arena, 1, sizeof *range);

	*range = (struct idmap_range){ inside, outside, 1 };
	return range;
}

/* OWN as root, and behind it what FILE grants. */
static struct idmap_range *granted(struct arena *arena, const char *file, uint32_t own, size_t *ret_count)
{
	const struct passwd *user = getpwuid(getuid());
	struct idmap_range *ranges = arena_alloc(arena, MAP_LINES, sizeof *ranges);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_subid *list = NULL;
	size_t count = 0, used = 1;
	uint32_t next = 1;

	ranges[0] = (struct idmap_range){ 0, own, 1 };
	if (file_read_at(AT_FDCWD, file, SPEC_SUBID_FILE_LIMIT, &text) == 0 && text.data)
		spec_subid_read(arena, text.data, user ? user->pw_name : getenv("USER"), getuid(), &list, &count);
	for (size_t i = 0; i < count && list[i].count <= ID_LIMIT - next; i++) {
		ranges[used++] = (struct idmap_range){ next, list[i].first, list[i].count };
		next += list[i].count;
	}
	*ret_count = used;
	return ranges;
}

/* All that are somebody here, as they are; a line of a map is not to go beyond one of ours. */
static struct idmap_range *existing(struct arena *arena, bool is_gid, size_t *ret_count)
{
	struct idmap_range *ranges = arena_alloc(arena, MAP_LINES, sizeof *ranges);
	uint32_t size = user_namespace_size(), next = 0;
	size_t used = 0;

	for (uint32_t run; next < size && used < MAP_LINES && (run = user_namespace_run(is_gid, next, size - next)) > 0; next += run)
		ranges[used++] = (struct idmap_range){ next, next, run };
	*ret_count = used;
	return ranges;
}

static int map_auto(struct arena *arena, struct idmap *map, struct error *err)
{
	if (geteuid() == 0) {
		map->uids = existing(arena, false, &map->uid_count);
		map->gids = existing(arena, true, &map->gid_count);
		return 0;
	}
	map->uids = granted(arena, "/etc/subuid", getuid(), &map->uid_count);
	map->gids = granted(arena, "/etc/subgid", getgid(), &map->gid_count);
	if (map->uid_count > 1 && map->gid_count > 1)
		return 0;
	error_set(err, ERROR_DENIED, 0, "no subordinate ids are granted to this user in /etc/sub%cid", map->uid_count > 1 ? 'g' : 'u');
	error_hint(err, "`bivy doctor ids` has the line that grants some; --map-root needs none");
	return -EPERM;
}

static int make_map(struct arena *arena, const struct unshare_request *request, struct idmap *ret, struct error *err)
{
	enum unshare_mapping mapping = request->mapping;
	struct idmap map = { 0 };

	if (mapping == UNSHARE_MAP_USUAL)
		mapping = geteuid() == 0 ? UNSHARE_MAP_AUTO : UNSHARE_MAP_ROOT;
	switch (mapping) {
	case UNSHARE_MAP_USUAL:
	case UNSHARE_MAP_ROOT:
		map = (struct idmap){ single(arena, 0, geteuid()), single(arena, 0, getegid()), 1, 1 };
		break;
	case UNSHARE_MAP_SELF:
		map = (struct idmap){ single(arena, geteuid(), geteuid()), single(arena, getegid(), getegid()), 1, 1 };
		break;
	case UNSHARE_MAP_AUTO:
		*ret = map;
		return map_auto(arena, ret, err);
	case UNSHARE_MAP_GIVEN:
		map = request->map;
		if (!map.gid_count) {
			map.gids = map.uids;
			map.gid_count = map.uid_count;
		}
		break;
	case UNSHARE_MAP_NONE:
		break;
	}
	*ret = map;
	return 0;
}

/* ---- in between ------------------------------------------------------------------------- */

static int write_offsets(const struct unshare_request *request, struct error *err)
{
	const struct {
		const char *clock;
		const struct unshare_offset *offset;
	} clocks[] = { { "monotonic", &request->monotonic }, { "boottime", &request->boottime } };

	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		char text[64];
		int r;

		if (!clocks[i].offset->is_given)
			continue;
		snprintf(text, sizeof text, "%s %lld 0", clocks[i].clock, (long long)clocks[i].offset->seconds);
		r = file_put_at(AT_FDCWD, "/proc/self/timens_offsets", text);
		if (r < 0)
			return error_errno(err, -r, "cannot set the %s clock: cannot write '%s' to '/proc/self/timens_offsets'", clocks[i].clock, text);
		narrate("write(\"/proc/self/timens_offsets\"): %s", text);
	}
	return 0;
}

static int fail_unshare(unsigned flags, int code, struct error *err)
{
	_cleanup_free_ char *text = namespace_flags_text(flags);
	int r = error_errno(err, code, "cannot make namespaces: unshare(%s)", text);

	if (code == EPERM)
		error_hint(err, "that takes privileges; in a user namespace of one's own everybody has them: --user");
	else if (code == ENOSPC)
		error_hint(err, "there are as many as /proc/sys/user/max_*_namespaces allows");
	else if (code == EINVAL)
		error_hint(err, "the kernel was built without one of them: see /proc/self/ns");
	return r;
}

/* Of the mount namespace that this process is in; 0: it cannot be told. */
static uint64_t id_of_mounts(void)
{
	_cleanup_close_ int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	uint64_t id = 0;

	return fd >= 0 && ioctl(fd, NS_GET_MNTNS_ID, &id) == 0 ? id : 0;
}

/*
 * A mount namespace can be mounted in one with a lower id alone, so that none keeps itself. COMPAT(6.18): each processor gives out ids of
 * batches of its own, and a new namespace may have a lower one than that which it is to be kept in. Then it is made again on other processors.
 */
static void renew_mounts(const struct work *work)
{
	cpu_set_t allowed, one;

	if (!work->mounts_id || sched_getaffinity(0, sizeof allowed, &allowed) < 0)
		return;
	for (size_t i = 0; i < CPU_SETSIZE && id_of_mounts() < work->mounts_id; i++) {
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		if (CPU_ISSET(i, &allowed) && sched_setaffinity(0, sizeof one, &one) == 0 && unshare(CLONE_NEWNS) < 0)
			break;
	}
	ignore_result(sched_setaffinity(0, sizeof allowed, &allowed)); /* it was so before */
}

static int arrange(void *context, struct error *err)
{
	const struct work *work = context;
	const struct unshare_request *request = work->request;
	unsigned flags = unshare_namespaces(request) & ~(unsigned)CLONE_NEWUSER;
	_cleanup_free_ char *text = namespace_flags_text(flags);

	if (flags && unshare((int)flags) < 0)
		return fail_unshare(flags, errno, err);
	if (flags)
		narrate("unshare(%s)", text);
	if (request->keep && (flags & CLONE_NEWNS))
		renew_mounts(work);
	return write_offsets(request, err);
}

/* ---- the child --------------------------------------------------------------------------- */

static int set_propagation(const struct unshare_request *request, struct error *err)
{
	int r;

	if (!(unshare_namespaces(request) & CLONE_NEWNS) || !request->propagation)
		return 0;
	r = mount_set_propagation("/", request->propagation | MS_REC);
	return r < 0 ? error_errno(err, -r, "cannot set the propagation of the mounts") : 0;
}

static int mount_proc(const struct unshare_request *request, struct error *err)
{
	if (!request->mounts_proc)
		return 0;
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		int r = error_errno(err, errno, "cannot mount proc on '/proc'");

		if (r == -EPERM)
			error_hint(err, "the kernel allows that only where no part of the present /proc is covered, as it is in containers");
		return r;
	}
	narrate("mount(\"proc\", \"/proc\", MS_NOSUID|MS_NODEV|MS_NOEXEC)");
	return 0;
}

static int set_names(const struct unshare_request *request, struct error *err)
{
	if (request->hostname) {
		if (sethostname(request->hostname, strlen(request->hostname)) < 0)
			return error_errno(err, errno, "cannot set the host name to '%.64s'", request->hostname);
		narrate("sethostname(\"%s\")", request->hostname);
	}
	if (unshare_namespaces(request) & CLONE_NEWNET) {
		int r = netlink_set_loopback_up();

		if (r < 0)
			return error_errno(err, -r, "cannot set the loopback link up");
		narrate("ioctl(SIOCSIFFLAGS, \"lo\"): up");
	}
	return 0;
}

static int prepare(void *context, struct error *err)
{
	const struct unshare_request *request = ((const struct work *)context)->request;
	int r = set_propagation(request, err);

	if (r == 0)
		r = mount_proc(request, err);
	if (r == 0)
		r = set_names(request, err);
	if (r == 0 && request->directory && chdir(request->directory) < 0)
		r = error_errno(err, errno, "cannot change to the directory '%s'", request->directory);
	return r;
}

unsigned unshare_namespaces(const struct unshare_request *request)
{
	unsigned flags = request->namespaces;

	if (request->mounts_proc)
		flags |= CLONE_NEWNS | CLONE_NEWPID;
	if (request->hostname)
		flags |= CLONE_NEWUTS;
	if (request->monotonic.is_given || request->boottime.is_given)
		flags |= CLONE_NEWTIME;
	if (request->mapping == UNSHARE_MAP_GIVEN)
		flags |= CLONE_NEWUSER;
	return flags;
}

/* ---- what is kept ----------------------------------------------------------------------------- */

static unsigned kept_namespaces(const struct unshare_request *request)
{
	return unshare_namespaces(request) & ~(unsigned)CLONE_NEWPID;
}

static int keep(void *context, pid_t child, struct error *err)
{
	struct work *work = context;
	int r = pin_add(&work->pin, child, kept_namespaces(work->request), err);

	if (r == 0)
		r = pin_commit(&work->pin, err);
	work->is_kept = r == 0;
	return r;
}

static int begin_to_keep(struct work *work, struct error *err)
{
	const struct unshare_request *request = work->request;

	if (!request->keep)
		return 0;
	if (!kept_namespaces(request))
		return error_set(err, ERROR_INVALID, 0, "a pid namespace alone cannot be kept: it ends with its first process");
	work->mounts_id = id_of_mounts();
	return pin_begin(request->directories, request->keep, &work->pin, err);
}

/* A command that did not begin leaves nothing. */
static void keep_nothing(struct work *work)
{
	struct error err = ERROR_INIT;

	if (work->is_kept && pin_release(work->request->directories, work->request->keep, &err) < 0)
		log_warning("%s, ignoring", err.message);
}

/* ---- the whole ------------------------------------------------------------------------------ */

int unshare_run(const struct unshare_request *request, int *ret_status, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	unsigned flags = unshare_namespaces(request);
	struct work work = { .request = request, .pin = PIN_INIT };
	struct launch launch = { .arrange = arrange, .prepare = prepare, .visit = request->keep ? keep : NULL, .context = &work,
		.args = request->args };
	int r = 0;

	if (flags & CLONE_NEWPID)
		launch.flags |= LAUNCH_FIRST;
	if (flags & CLONE_NEWUSER) {
		launch.flags |= LAUNCH_USER_NAMESPACE;
		r = make_map(arena, request, &launch.map, err);
	}
	if (r == 0)
		r = begin_to_keep(&work, err);
	if (r < 0)
		return r;
	/* Processes of neither kind have to be somebody else's children. */
	if (!(flags & (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWTIME)) && !request->keep) {
		launch.arrange = NULL;
		r = arrange(&work, err);
		return r < 0 ? r : launch_become(&launch, err);
	}
	r = launch_run(&launch, ret_status, err);
	if (r < 0)
		keep_nothing(&work);
	pin_abort(&work.pin);
	return r;
}
