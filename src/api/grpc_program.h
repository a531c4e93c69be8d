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
struct api_grpc_program {
	pid_t pid;
	int client; /* the connection: bivy-http still has it open, so it is for us to end */
};
int api_grpc_start(struct api_call *call, enum api_grpc_way way, int peer, struct api_grpc_program *ret, struct error *err) _must_check_;

/* Waits for its end, and ends the connection. */
void api_grpc_end(struct api_grpc_program *program);

#endif
