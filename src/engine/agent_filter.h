/* SPDX-License-Identifier: Apache-2.0 */
/* What a step of a build may ask an agent of its user's for (draft-ietf-sshm-ssh-agent, 3 and 4). Pure. */
#ifndef BIVY_ENGINE_AGENT_FILTER_H
#define BIVY_ENGINE_AGENT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one connection, in the direction of the agent; begins with zeros. */
struct agent_filter {
	uint32_t left;     /* bytes of the message that are still to come; 0: its length comes */
	uint8_t header[4]; /* its length */
	unsigned header_length;
	bool has_type;     /* has come */
};

/*
 * The next LENGTH bytes that the step says. Messages that ask for keys, for a
 * signature, or that are extensions, which are about the connection, stay as
 * they are. All others (keys added or removed, libraries of tokens loaded, a
 * lock) become messages of a type that no agent knows, and so fail; their
 * length stays.
 */
void agent_filter_pass(struct agent_filter *filter, char *bytes, size_t length);

#endif
