/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of ids of the host, each one container's, and of those that share its
 * user namespace. RUN_ROOT/ids is a file of which nothing but locks exists: byte
 * N locked (an open file description lock, fcntl(2)) means that range N is
 * somebody's, as long as that descriptor is open anywhere; so nothing is left by
 * whoever is killed. The lock is exclusive when a range is taken, and shared at
 * once. A range is chosen by chance, so that one is not given out again soon.
 */
#ifndef BIVY_ENGINE_ID_RANGE_H
#define BIVY_ENGINE_ID_RANGE_H

#include "engine/directories.h"

#include <stdint.h>

#define ID_RANGE_SIZE 65536u
#define ID_RANGE_FIRST 0x20000000u /* above what useradd(8) and /etc/subuid give out, and systemd-nspawn(1) */
#define ID_RANGE_COUNT 16384u

/* SIZE ids (a multiple of ID_RANGE_SIZE is taken); *RET_BASE is the first. Close *RET_FD to give them back. ERROR_UNAVAILABLE if all are taken. */
int id_range_take(const struct directories *directories, uint32_t size, uint32_t *ret_base, int *ret_fd, struct error *err) _must_check_;

/*
 * Holds the range from BASE on as well: it is somebody's until the last who has
 * it is gone. To be followed by a look whether he who had it before still does:
 * else it may have become a stranger's by now. ERROR_CONFLICT if one is just
 * taking it.
 */
int id_range_share(const struct directories *directories, uint32_t base, uint32_t size, int *ret_fd, struct error *err) _must_check_;

#endif
