/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/net_devices.h"

#include "base/memory.h"
#include "base/str.h"
#include "host/netlink_address.h"
#include "host/netlink_link.h"
#include "host/syscalls.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sched.h>

/* Flags of an address that are somebody's wish; the others are the kernel's findings. */
#define KEPT_FLAGS (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN)

/* A link, before and after. */
struct move {
	const struct spec_net_device *device;
	const char *new_name;
	const char *name_there; /* while it is in the container */
	struct netlink_link before;
	struct netlink_address *addresses;
	size_t address_count;
};

/* The two sides: a socket in each, and the namespace that the other one moves links to. */
struct sides {
	int here_fd, here_netns_fd;
	int there_fd, there_netns_fd;
};

/* ---- sockets ---------------------------------------------------------------- */

static int open_sides(int netns_fd, struct sides *sides, struct error *err)
{
	int r;

	sides->there_netns_fd = netns_fd;
	sides->here_netns_fd = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (sides->here_netns_fd < 0)
		return error_errno(err, errno, "linux.netDevices: cannot open our own network namespace");
	r = netlink_open(&sides->here_fd);
	if (r < 0)
		return error_errno(err, -r, "linux.netDevices: cannot open a netlink socket");
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return error_errno(err, errno, "linux.netDevices: cannot enter the container's network namespace");
	r = netlink_open(&sides->there_fd);
	if (setns(sides->here_netns_fd, CLONE_NEWNET) < 0)
		return error_errno(err, errno, "linux.netDevices: cannot return from the container's network namespace");
	return r < 0 ? error_errno(err, -r, "linux.netDevices: cannot open a netlink socket in the container") : 0;
}

static void close_sides(struct sides *sides)
{
	close_and_forget(&sides->here_fd);
	close_and_forget(&sides->here_netns_fd);
	close_and_forget(&sides->there_fd);
}

/* ---- addresses ------------------------------------------------------------------ */

/* What goes with the link: runtime-spec names the global addresses; not what came by router advertisement. */
static bool is_carried(const struct netlink_address *address)
{
	return (address->flags & IFA_F_PERMANENT) && address->scope == RT_SCOPE_UNIVERSE;
}

/* What it gets back when it returns: all but what the kernel makes by itself. */
static bool is_own(const struct netlink_address *address)
{
	return (address->flags & IFA_F_PERMANENT) && !(address->family == AF_INET6 && address->scope == RT_SCOPE_LINK);
}

static int restore_addresses(int fd, int index, const struct move *move, bool (*is_wanted)(const struct netlink_address *address))
{
	for (size_t i = 0; i < move->address_count; i++) {
		struct netlink_address address = move->addresses[i];
		int r;

		if (!is_wanted(&address))
			continue;
		address.flags &= KEPT_FLAGS;
		r = netlink_add_address(fd, index, &address);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- moving ----------------------------------------------------------------------- */

static int look_at(const struct sides *sides, struct move *move, struct error *err)
{
	const char *name = move->device->name;
	int r = netlink_get_link(sides->here_fd, name, &move->before);

	if (r == 0)
		r = netlink_get_addresses(sides->here_fd, move->before.index, &move->addresses, &move->address_count);
	return r < 0 ? error_errno(err, -r, "linux.netDevices: cannot find the link '%s'", name) : 0;
}

/*
 * A move that failed may have come half the way: the kernel first moves the
 * link and then renames it. Where it still is here, it is as it was.
 */
static void find_after_failure(const struct sides *sides, struct move *move)
{
	struct netlink_link link;

	if (netlink_get_link(sides->here_fd, move->device->name, &link) == 0) {
		if (move->before.flags & IFF_UP)
			ignore_result(netlink_set_link_up(sides->here_fd, link.index)); /* the first failure is what counts */
		return;
	}
	move->name_there = move->device->name;
}

static int move_there(const struct sides *sides, struct move *move, struct error *err)
{
	struct netlink_link after;
	int r;

	/* Names of links that are up may not change. */
	r = netlink_set_link_down(sides->here_fd, move->before.index);
	if (r == 0)
		r = netlink_move_link(sides->here_fd, move->before.index, sides->there_netns_fd, move->new_name);
	if (r < 0) {
		find_after_failure(sides, move);
		return error_errno(err, -r, "linux.netDevices: cannot move the link '%s' as '%s'", move->device->name, move->new_name);
	}
	move->name_there = move->new_name;
	r = netlink_get_link(sides->there_fd, move->new_name, &after);
	if (r == 0)
		r = restore_addresses(sides->there_fd, after.index, move, is_carried);
	if (r == 0)
		r = netlink_set_link_up(sides->there_fd, after.index);
	return r < 0 ? error_errno(err, -r, "linux.netDevices: cannot set up the link '%s' in the container", move->new_name) : 0;
}

/* As it was before, as far as the kernel lets us; the error that led here is already told. */
static void move_back(const struct sides *sides, const struct move *move)
{
	struct netlink_link there, here;

	if (netlink_get_link(sides->there_fd, move->name_there, &there) < 0 || netlink_set_link_down(sides->there_fd, there.index) < 0 ||
	    netlink_move_link(sides->there_fd, there.index, sides->here_netns_fd, move->device->name) < 0)
		return;
	if (netlink_get_link(sides->here_fd, move->device->name, &here) < 0)
		return;
	ignore_result(restore_addresses(sides->here_fd, here.index, move, is_own));
	if (move->before.flags & IFF_UP)
		ignore_result(netlink_set_link_up(sides->here_fd, here.index));
}

static int move_all(const struct sides *sides, struct move *moves, size_t count, struct error *err)
{
	int r = 0;

	/* All are looked at before the first one goes. */
	for (size_t i = 0; r == 0 && i < count; i++)
		r = look_at(sides, &moves[i], err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = move_there(sides, &moves[i], err);
	for (size_t i = count; r < 0 && i-- > 0;)
		if (moves[i].name_there)
			move_back(sides, &moves[i]);
	return r;
}

int net_devices_move(const struct spec_net_device *devices, size_t count, int netns_fd, struct error *err)
{
	struct sides sides = { -EBADF, -EBADF, -EBADF, -EBADF };
	_cleanup_free_ struct move *moves = NULL;
	int r;

	if (count == 0)
		return 0;
	moves = memory_new(count, sizeof *moves);
	for (size_t i = 0; i < count; i++) {
		moves[i].device = &devices[i];
		moves[i].new_name = devices[i].new_name ? devices[i].new_name : devices[i].name;
	}
	r = open_sides(netns_fd, &sides, err);
	if (r == 0)
		r = move_all(&sides, moves, count, err);
	for (size_t i = 0; i < count; i++)
		free(moves[i].addresses);
	close_sides(&sides);
	return r;
}
