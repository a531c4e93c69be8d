/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a forwarder share: the loop, listening sockets, and whose they are. */
#ifndef BIVY_NET_FORWARDER_LOOP_H
#define BIVY_NET_FORWARDER_LOOP_H

#include "net/forwarder.h"

#include <stdbool.h>
#include <stdint.h>

#define FORWARDER_BUCKETS 16384

struct forwarder;
struct forwarder_listener;
struct forwarder_connection;
struct forwarder_flows;

/* Something that epoll(7) tells of: the first member of what it is about. */
struct forwarder_watch {
	void (*ready)(struct forwarder *forwarder, struct forwarder_watch *watch, uint32_t events);
	int fd;
	bool is_watched;
};

/* A container; it lasts as long as it has something of either. */
struct forwarder_owner {
	struct forwarder_owner *next;
	char id[FORWARDER_OWNER_SIZE];
	struct forwarder_listener *listeners;
	struct forwarder_connection *connections;
};

struct forwarder_listener {
	struct forwarder_watch watch;
	struct forwarder_listener *next, *previous; /* of its owner */
	struct forwarder_listener *next_alike;      /* in its bucket */
	struct forwarder_owner *owner;
	int protocol;
	union forwarder_address at, target, gateway;
	size_t flow_count;
	bool is_gone; /* closed; the memory goes at the end of the round */
	struct forwarder_listener *next_gone;
};

struct forwarder {
	struct forwarder_watch control;
	int epoll_fd;
	int route_fd; /* netlink */
	bool is_over;
	bool has_route; /* answers to transparent sockets come home (forwarder_route.h); else all clients appear as the gateway */
	struct forwarder_owner *owners;
	struct forwarder_listener *listeners[FORWARDER_BUCKETS]; /* by protocol and address */
	size_t listener_count;
	struct forwarder_listener *gone;

	struct forwarder_connection *ready, **ready_end; /* those that go on in the next round */
	struct forwarder_connection *ended;              /* closed; the memory goes at the end of the round */
	struct forwarder_pipe *pipes;                    /* empty ones */
	size_t pipe_count, spare_pipes;

	size_t watch_count;  /* descriptors that are watched */
	size_t client_limit; /* and how many may be besides listening sockets before clients have to wait */
	bool is_full;        /* no descriptors for one more: listening sockets of TCP are not looked at */
	int64_t full_until_ms;

	struct forwarder_flows *flows;
	int64_t now_ms;
};

/* -errno. EVENTS as epoll_ctl(2) takes them. */
int forwarder_watch(struct forwarder *forwarder, struct forwarder_watch *watch, uint32_t events) _must_check_;

/* Closes its descriptor, which may have been closed before; no events come any more but those of this round. */
void forwarder_close(struct forwarder *forwarder, struct forwarder_watch *watch);

/* Whether there are descriptors for one more connection. */
bool forwarder_has_room(const struct forwarder *forwarder);

/* No client is taken for a moment, which ends by itself or with forwarder_resume(). */
void forwarder_pause(struct forwarder *forwarder);
void forwarder_resume(struct forwarder *forwarder);

/* Frees OWNER if it has nothing any more. */
void forwarder_owner_release(struct forwarder *forwarder, struct forwarder_owner *owner);

#endif
