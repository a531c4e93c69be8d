/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a client's, as BuildKit's clients send them (spec/file_packet.h),
 * into a directory. All of it is the caller's, as what is in contexts is root's.
 *
 * Internal to the engine's build modules.
 */
#ifndef BIVY_ENGINE_BUILD_RECEIVE_H
#define BIVY_ENGINE_BUILD_RECEIVE_H

#include "base/error.h"

#include <stdint.h>

struct build_receive {
	int call;         /* to the client (client_session.h): FileSync.DiffCopy */
	int directory_fd; /* empty */
	void (*tell)(void *context, uint64_t bytes); /* how many have come, now and then; or NULL */
	void *context;
};

/*
 * To the end of the call. A path resolves beneath the directory and through no
 * link, and is made once. Devices and sockets are left out.
 */
int build_receive(const struct build_receive *receive, struct error *err) _must_check_;

#endif
