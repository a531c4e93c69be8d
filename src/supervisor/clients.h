/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is connected to the supervisor: requests and what they are answered. A
 * request that takes time keeps its client's next one waiting, nobody else's.
 */
#ifndef BIVY_SUPERVISOR_CLIENTS_H
#define BIVY_SUPERVISOR_CLIENTS_H

#include "supervisor/keeper.h"

#define CLIENTS_LIMIT 256 /* at once; more are turned away */

struct client {
	struct client *next;
	struct keeper *keeper;
	int socket;        /* -EBADF: gone, to be freed */
	bool is_first;     /* the connection that the supervisor was born with */
	bool is_attached;  /* to the container's own process */
	bool cleans;       /* does the exit command's work */
	bool feeds;        /* .in goes to the process's input, and its end was not seen yet */
	bool awaits;       /* the answer to .request is to come */
	enum spec_request request;
	uint32_t width, height;
	struct flow in;    /* to the process's input */
};

/* SOCKET is the client's from now on. */
void clients_add(struct keeper *keeper, int socket, bool is_first);

void clients_watch(struct keeper *keeper);
/* Frees those that are gone. */
void clients_step(struct keeper *keeper);
void clients_done(struct keeper *keeper);

/* Sends; a client that does not take it is dropped. */
void clients_send(struct client *client, const struct spec_message *message);
void clients_send_error(struct client *client, const struct error *err);

/* Answers what a client awaits. */
void clients_answer(struct client *client, const struct spec_message *reply);
/* The same for all that await REQUEST. */
void clients_answer_all(struct keeper *keeper, enum spec_request request, const struct spec_message *reply);

/* The process has ended: event and answers. */
void clients_tell_end(struct keeper *keeper, bool comes_again);
/* It was started (again). */
void clients_tell_start(struct keeper *keeper);
/* It could not be started again: those who wait for that hear why. */
void clients_tell_failed_start(struct keeper *keeper, const struct error *err);
/* The supervisor ends: a request that has just come is heard, too. */
void clients_hear_last(struct keeper *keeper);
/* The supervisor ends, and all that it had is gone. */
void clients_tell_gone(struct keeper *keeper);

/* The process has an input: what clients have for it goes there. */
void clients_connect_inputs(struct keeper *keeper);
/* The process's input is closed next: nobody writes there any more. */
void clients_close_inputs(struct keeper *keeper);

/* Whether a client is there that cleans up. */
bool clients_is_cleaning(const struct keeper *keeper);

#endif
