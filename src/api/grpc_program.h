/* SPDX-License-Identifier: Apache-2.0 */
/* bivy-grpc (server/grpc_link.h), which speaks gRPC on a connection that has changed its protocol to that. */
#ifndef BIVY_API_GRPC_PROGRAM_H
#define BIVY_API_GRPC_PROGRAM_H

#include "api/call.h"

enum api_grpc_way {
	API_GRPC_SERVE, /* the client calls: PEER gets a packet with a socket for each call */
	API_GRPC_ASK,   /* the client is called, by who connects to PEER */
};

/*
 * Answers 101 and starts it: the connection is its own, PEER it inherits. It ends
 * with the connection, or with us.
 */
int api_grpc_start(struct api_call *call, enum api_grpc_way way, int peer, pid_t *ret_pid, struct error *err) _must_check_;

#endif
