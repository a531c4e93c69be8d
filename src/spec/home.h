/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said over the socket of a home's holder (home/holder.h), SOCK_SEQPACKET: who connects is welcomed, and may ask, in a packet of one
 * word, for what is answered by a reply.
 */
#ifndef BIVY_SPEC_HOME_H
#define BIVY_SPEC_HOME_H

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdint.h>

#define SPEC_HOME_SOCKET "home.sock" /* in the volatile directory */

/* The first packet to who connects. */
#define SPEC_HOME_WELCOME "bivy home 2"

/* Requests. */
#define SPEC_HOME_PORTS "ports"   /* what the firewall of the home publishes is listened for on the host: what fails is in the reply */
#define SPEC_HOME_UPLINK "uplink" /* the home's network namespace has a way out; or one failure without a port */

/* What the home's way out looks like from inside, whichever program it is: link "uplink" with these addresses, and a server of names. */
#define SPEC_HOME_LINK "uplink"
#define SPEC_HOME_MTU 65520   /* such a program has one packet for what the host sends as many: the larger, the faster */
#define SPEC_HOME_NETWORK4 "100.127.254.0" /* of those that providers have behind their customers (RFC 6598), seldom seen */
#define SPEC_HOME_ADDRESS4 "100.127.254.100"
#define SPEC_HOME_GATEWAY4 "100.127.254.2"
#define SPEC_HOME_DNS4 "100.127.254.3"
#define SPEC_HOME_PREFIX4 "24"
#define SPEC_HOME_ADDRESS6 "fd00::100" /* slirp4netns has no other network */
#define SPEC_HOME_GATEWAY6 "fd00::2"
#define SPEC_HOME_PREFIX6 "64"

#define SPEC_HOME_FAILURES 64         /* the most that a reply has */
#define SPEC_HOME_REPLY (128u << 10)  /* bytes of one */

struct spec_home_failure {
	char *host_ip;  /* or NULL: all addresses */
	char *protocol; /* or NULL: it is about no port */
	uint16_t port;
	struct error error;
};

struct spec_home_reply {
	struct spec_home_failure *failures;
	size_t count;
};

int spec_home_reply_decode(struct arena *arena, const char *text, size_t length, struct spec_home_reply *ret, struct error *err) _must_check_;
void spec_home_reply_encode(const struct spec_home_reply *reply, struct buf *out);

#endif
