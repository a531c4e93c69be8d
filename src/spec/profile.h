/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container uses: the document that `--learn` writes and `--profile`
 * holds a container to. People read, change and compare it: one entry a line,
 * all of them sorted.
 *
 *	{
 *	  "format": 1,
 *	  "runs": 2,
 *	  "systemCalls": [ "accept4", … ],
 *	  "capabilities": { "CAP_NET_BIND_SERVICE": "kernel", … },
 *	  "writes": [ "/run", "/var/log/app.log" ],
 *	  "binds": [ "tcp:80" ],
 *	  "connects": [ "tcp:443", "udp:53" ]
 *	}
 *
 * A list that is not there restricts nothing; an empty one allows nothing.
 */
#ifndef BIVY_SPEC_PROFILE_H
#define BIVY_SPEC_PROFILE_H

#include "base/error.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

#define SPEC_PROFILE_LIMIT (512u << 10)  /* bytes of a document */
#define SPEC_PROFILE_CALLS 1024          /* system calls */
#define SPEC_PROFILE_WRITES 512          /* paths; of more, what is above them is taken for them */
#define SPEC_PROFILE_PORTS 256           /* of each list; of more, all of the protocol */
#define SPEC_PROFILE_CAPABILITIES 64

/* How a capability was found to be used; a better word takes the place of a worse one. */
enum spec_profile_source {
	SPEC_PROFILE_ASSUMED, /* the container had it, and could not be seen not to use it */
	SPEC_PROFILE_CALLS_TELL, /* a system call with such arguments needs it */
	SPEC_PROFILE_KERNEL,  /* the kernel was asked for it, and granted it */
};

#define SPEC_PROFILE_ANY_PORT (-1)

struct spec_profile_port {
	bool udp;
	int32_t port; /* or SPEC_PROFILE_ANY_PORT; 0, of binds: one that the kernel chooses */
};

struct spec_profile_ports {
	bool is_given;
	struct spec_profile_port *list; /* sorted, none twice */
	size_t count;
};

struct spec_profile {
	struct arena *arena;  /* of all its parts */
	uint64_t runs;        /* that were learned from */
	bool has_calls, has_capabilities, has_writes;
	char **calls;         /* names; sorted, none twice; NULL-terminated, or NULL */
	size_t call_count;
	uint64_t capabilities; /* bit N: capability N */
	uint8_t sources[SPEC_PROFILE_CAPABILITIES]; /* enum spec_profile_source of each */
	char **writes;        /* absolute paths without ".", ".." and "//", none beneath another; likewise */
	size_t write_count;
	struct spec_profile_ports binds, connects;
};

/* One that allows nothing at all: all lists are there, and empty. In the arena, as all that is added to it. */
struct spec_profile *spec_profile_new(struct arena *arena);

/* Each is true if that was not covered before. A name that is no word of [a-z0-9_], a path that is not as above, are passed over. */
bool spec_profile_add_call(struct spec_profile *profile, const char *name);
bool spec_profile_add_capability(struct spec_profile *profile, unsigned number, enum spec_profile_source source);
bool spec_profile_add_write(struct spec_profile *profile, const char *path);
bool spec_profile_add_port(struct spec_profile *profile, struct spec_profile_ports *ports, struct spec_profile_port port);

/* Adds all of FROM to INTO. What one of them does not restrict, INTO does not either. */
void spec_profile_merge(struct spec_profile *into, const struct spec_profile *from);

bool spec_profile_has_call(const struct spec_profile *profile, const char *name);

/* Whether PATH is TOP or beneath it; both as in .writes. */
bool spec_profile_is_beneath(const char *path, const char *top);

/* NAME stands for the document in messages. ERROR_INVALID for what is none; names of capabilities and their sources must be known ones. */
int spec_profile_decode(struct arena *arena, const char *name, const char *text, size_t length, struct spec_profile **ret, struct error *err) _must_check_;

/* For people, with a newline at the end. */
void spec_profile_encode(const struct spec_profile *profile, struct buf *out);

/* As a member KEY of what W writes. */
void spec_profile_write(struct json_writer *w, const char *key, const struct spec_profile *profile);

/* Of another document, internal to spec. */
struct decoder;
int decode_profile(const struct decoder *d, const struct json *value, struct spec_profile **ret) _must_check_;

#endif
