/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beside the leases there is a file for each family with the address that was
 * given out last, so that one that became free rests before it is somebody
 * else's. flock(2) on the directory is held while one of them is looked at and
 * changed: taking over a dead one's is more than one step.
 */
#include "net/leases.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/str.h"
#include "spec/image_digest.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>

#define ID_BYTES 32
#define ENCODED '='

static const char *last_name(int family)
{
	return family == AF_INET ? ".last4" : ".last6";
}

static uint64_t host_count(const struct net_subnet *subnet)
{
	unsigned bits = (subnet->family == AF_INET ? 32 : 128) - subnet->prefix;

	return bits < 64 ? UINT64_C(1) << bits : UINT64_MAX;
}

/* ---- which addresses nobody gets ----------------------------------------------------- */

static bool is_same(const struct net_subnet *a, const struct net_subnet *b)
{
	return a->family == b->family && memcmp(a->address, b->address, a->family == AF_INET ? 4 : 16) == 0;
}

/* The network's own address and that of all its hosts; subnets of two addresses have neither (RFC 3021). */
static bool is_special(const struct net_subnet *subnet, const struct net_subnet *address)
{
	uint64_t count = host_count(subnet);
	struct net_subnet special = *subnet;

	if (count <= 2)
		return false;
	if (net_subnet_address(subnet, 0, &special) == 0 && is_same(&special, address))
		return true;
	return subnet->family == AF_INET && net_subnet_address(subnet, count - 1, &special) == 0 && is_same(&special, address);
}

static bool is_reserved(const struct net_subnet *reserved, size_t count, const struct net_subnet *address)
{
	for (size_t i = 0; i < count; i++)
		if (is_same(&reserved[i], address))
			return true;
	return false;
}

/* ---- one lease ------------------------------------------------------------------------ */

/* ID as its lease has it. */
static void encode(const char *id, struct buf *out)
{
	unsigned char bytes[ID_BYTES];

	if (!spec_digest_is_hex(id, 2 * ID_BYTES)) {
		buf_add_text(out, id);
		return;
	}
	for (size_t i = 0; i < ID_BYTES; i++)
		bytes[i] = (unsigned char)(str_hex_digit(id[2 * i]) << 4 | str_hex_digit(id[2 * i + 1]));
	buf_add_char(out, ENCODED);
	base64_encode(bytes, ID_BYTES, out);
}

/* The other way round, of LENGTH bytes in OWNER itself; "" of what stands for no id. */
static void decode(char owner[static NET_LEASE_OWNER_LIMIT], size_t length)
{
	_cleanup_buf_ struct buf bytes = BUF_INIT;

	owner[length] = '\0';
	if (owner[0] != ENCODED)
		return;
	if (base64_decode(owner + 1, length - 1, &bytes) < 0 || bytes.length != ID_BYTES) {
		owner[0] = '\0';
		return;
	}
	for (size_t i = 0; i < ID_BYTES; i++)
		snprintf(owner + 2 * i, 3, "%02x", (unsigned char)bytes.data[i]);
}

bool net_lease_owner(int dir_fd, const char *name, char owner[static NET_LEASE_OWNER_LIMIT])
{
	ssize_t length = readlinkat(dir_fd, name, owner, NET_LEASE_OWNER_LIMIT - 1);

	decode(owner, length < 0 ? 0 : (size_t)length);
	return *owner != '\0';
}

/* 0 or -errno. */
static int make(int dir_fd, const char *name, const char *id)
{
	_cleanup_buf_ struct buf target = BUF_INIT;

	encode(id, &target);
	return symlinkat(target.data, dir_fd, name) < 0 ? -errno : 0;
}

/* Makes NAME ID's: 0, or -EEXIST with the owner. The directory is locked. */
static int take(int dir_fd, const char *name, const char *id, net_lease_is_alive *is_alive, void *context, char owner[static NET_LEASE_OWNER_LIMIT])
{
	int r = make(dir_fd, name, id);

	if (r != -EEXIST)
		return r;
	if (net_lease_owner(dir_fd, name, owner) && (str_equal(owner, id) || is_alive(context, owner)))
		return str_equal(owner, id) ? 0 : -EEXIST;
	return unlinkat(dir_fd, name, 0) < 0 ? -errno : make(dir_fd, name, id);
}

/* ---- any address ----------------------------------------------------------------------- */

static bool read_last(int dir_fd, int family, struct net_subnet *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return file_read_regular_at(dir_fd, last_name(family), INET6_ADDRSTRLEN, &text) == 0 && text.data && net_address_parse(text.data, ret, NULL) == 0;
}

/* Only a hint: losing it harms nobody. */
static void write_last(int dir_fd, const struct net_subnet *address, const char *text)
{
	_cleanup_close_ int fd = openat(dir_fd, last_name(address->family), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0)
		ignore_result(fd_write_all(fd, text, strlen(text)));
}

/* The number of ADDRESS in RANGE, of which it is a part. */
static uint64_t host_number(const struct net_subnet *range, const struct net_subnet *address)
{
	unsigned bytes = range->family == AF_INET ? 4 : 16;
	uint64_t number = 0;

	for (unsigned i = bytes > 8 ? bytes - 8 : 0; i < bytes; i++)
		number = number << 8 | (address->address[i] ^ range->address[i]);
	return number;
}

struct search {
	int dir_fd;
	const struct net_subnet *subnet, *range, *reserved;
	size_t reserved_count;
	const char *id;
	net_lease_is_alive *is_alive;
	void *context;
};

/* The address NUMBER of the range: 0, -EEXIST, or another failure. */
static int try_number(const struct search *search, uint64_t number, struct net_subnet *ret, char text[INET6_ADDRSTRLEN + 4])
{
	char owner[NET_LEASE_OWNER_LIMIT];
	int r = net_subnet_address(search->range, number, ret);

	if (r < 0)
		return r;
	if (is_special(search->subnet, ret) || is_reserved(search->reserved, search->reserved_count, ret))
		return -EEXIST;
	net_subnet_format(ret, false, text);
	return take(search->dir_fd, text, search->id, search->is_alive, search->context, owner);
}

static int take_any(const struct search *search, struct net_subnet *ret, char text[INET6_ADDRSTRLEN + 4], struct error *err)
{
	uint64_t count = host_count(search->range), first = 0;
	char range[INET6_ADDRSTRLEN + 4];
	struct net_subnet last;

	if (read_last(search->dir_fd, search->range->family, &last) && net_subnet_contains(search->range, &last))
		first = host_number(search->range, &last) + 1;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t number = first + i < count ? first + i : first + i - count;
		int r = try_number(search, number, ret, text);

		if (r == 0)
			write_last(search->dir_fd, ret, text);
		if (r != -EEXIST)
			return r < 0 ? error_errno(err, -r, "cannot take the address %s", text) : 0;
	}
	net_subnet_format(search->range, true, range);
	return error_set(err, ERROR_UNAVAILABLE, 0, "all addresses of %s are taken", range);
}

/* ---- a certain one ---------------------------------------------------------------------- */

int net_lease_check(const struct net_subnet *subnet, const struct net_subnet *reserved, size_t reserved_count, const struct net_subnet *wanted,
		    struct error *err)
{
	char whole[INET6_ADDRSTRLEN + 4], text[INET6_ADDRSTRLEN + 4];

	net_subnet_format(wanted, false, text);
	net_subnet_format(subnet, true, whole);
	if (!net_subnet_contains(subnet, wanted))
		return error_set(err, ERROR_INVALID, 0, "the address %s is not in the subnet %s", text, whole);
	if (is_special(subnet, wanted))
		return error_set(err, ERROR_INVALID, 0, "the address %s is that of the network %s itself", text, whole);
	if (is_reserved(reserved, reserved_count, wanted))
		return error_set(err, ERROR_CONFLICT, 0, "the address %s is in use by the network itself", text);
	return 0;
}

static int take_wanted(const struct search *search, const struct net_subnet *wanted, struct net_subnet *ret, char text[INET6_ADDRSTRLEN + 4],
		       struct error *err)
{
	char owner[NET_LEASE_OWNER_LIMIT];
	int r = net_lease_check(search->subnet, search->reserved, search->reserved_count, wanted, err);

	if (r < 0)
		return r;
	net_subnet_format(wanted, false, text);
	r = take(search->dir_fd, text, search->id, search->is_alive, search->context, owner);
	if (r == -EEXIST)
		return error_set(err, ERROR_CONFLICT, 0, "the address %s is in use by the container %.12s", text, owner);
	if (r < 0)
		return error_errno(err, -r, "cannot take the address %s", text);
	*ret = *wanted;
	return 0;
}

/* ---- the two -------------------------------------------------------------------------------- */

/* Waits for the directory's lock, on a description of its own: the caller's DIR_FD may be shared. */
static int lock(int dir_fd, int *ret_fd)
{
	_cleanup_close_ int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int net_lease_take(int dir_fd, const struct net_subnet *subnet, const struct net_subnet *range, const struct net_subnet *reserved,
		   size_t reserved_count, const struct net_subnet *wanted, const char *id, net_lease_is_alive *is_alive, void *context,
		   struct net_subnet *ret, char **ret_name, struct error *err)
{
	_cleanup_close_ int lock_fd = -EBADF;
	struct search search = { dir_fd, subnet, range, reserved, reserved_count, id, is_alive, context };
	struct net_subnet found = *subnet;
	char text[INET6_ADDRSTRLEN + 4] = "";
	int r = lock(dir_fd, &lock_fd);

	if (r < 0)
		return error_errno(err, -r, "cannot lock the addresses of the network");
	r = wanted ? take_wanted(&search, wanted, &found, text, err) : take_any(&search, &found, text, err);
	if (r < 0)
		return r;
	found.prefix = subnet->prefix;
	*ret = found;
	*ret_name = str_dup(text);
	return 0;
}

int net_lease_release(int dir_fd, const char *name, const char *id)
{
	_cleanup_close_ int lock_fd = -EBADF;
	char owner[NET_LEASE_OWNER_LIMIT];
	int r = lock(dir_fd, &lock_fd);

	if (r < 0)
		return r;
	if (net_lease_owner(dir_fd, name, owner) && str_equal(owner, id) && unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* The directory of a lease's PATH; *RET_NAME is what it is called in there. */
static int open_directory(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *directory = slash ? str_printf("%.*s", (int)(slash - path), path) : NULL;
	int fd;

	if (!directory)
		return -EINVAL;
	*ret_name = slash + 1;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

static int release_path(const char *path, const char *id)
{
	const char *name = NULL;
	_cleanup_close_ int fd = open_directory(path, &name);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return net_lease_release(fd, name, id);
}

static int give_path(const char *path, const char *from, const char *to)
{
	const char *name = NULL;
	char owner[NET_LEASE_OWNER_LIMIT];
	_cleanup_close_ int fd = open_directory(path, &name), lock_fd = -EBADF;
	int r = fd < 0 ? fd : lock(fd, &lock_fd);

	if (r < 0)
		return r;
	if (!net_lease_owner(fd, name, owner) || !str_equal(owner, from))
		return -ESTALE;
	return unlinkat(fd, name, 0) < 0 ? -errno : make(fd, name, to);
}

int net_leases_give(char *const *paths, const char *from, const char *to)
{
	int r = 0;

	for (; r == 0 && paths && *paths; paths++)
		r = give_path(*paths, from, to);
	return r;
}

int net_leases_release(char *const *paths, const char *id, struct error *err)
{
	int result = 0;

	for (; paths && *paths; paths++) {
		int r = release_path(*paths, id);

		if (r < 0 && r != -ENOENT && result == 0)
			result = error_errno(err, -r, "cannot give the address '%s' back", *paths);
	}
	return result;
}
