/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keeper, who may do next to nothing, asks of the maker (maker.h), and
 * what the maker tells: packets on two pairs of sockets, of fixed heads, with
 * text that the maker passes on and never reads, and descriptors along.
 *
 * Deeds go one way and are done in the order in which they come. Those that
 * have an answer are waited for; the others cannot fail in a way that the keeper
 * would do something about.
 */
#ifndef BIVY_SUPERVISOR_DEED_H
#define BIVY_SUPERVISOR_DEED_H

#include "base/error.h"
#include "spec/supervision.h"

#include <stdbool.h>
#include <stdint.h>

enum deed_type {
	/* Answered: */
	DEED_NOTHING,      /* what came before is done */
	DEED_START,        /* the container's process; .numbers: columns, rows of its terminal. Number: its pid; descriptors: its terminal, and that one's other end, if it could be opened; or our ends of its streams, in the order in, out, err */
	DEED_SIGNAL,       /* the container's process, by .numbers[0]; number: 1 if it had to be ended in place of that signal (first_process.h) */
	DEED_PAUSE,
	DEED_RESUME,
	DEED_IS_GONE,      /* number: whether the container's process has ended, if it was not reaped yet */
	DEED_REMOVE,       /* what the runtime made, after the end; .numbers[0]: the container is started again */
	DEED_CLOSE,        /* all that the container has, the socket and the lock; .numbers[0]: of its networks the links alone, who cleans up does the rest; nothing is started any more */
	/* Not answered: */
	DEED_EXEC,         /* text: the request; descriptors: where the child tells how that went (session_start.h), the process's streams and further ones, in their order */
	DEED_SIGNAL_FD,    /* the process whose pidfd comes along, by .numbers[0] */
	DEED_KILL_SESSION, /* the process .numbers[0], which must be a child that leads a session, with all in it */
	DEED_WRITE_STATE,  /* text, into the bundle's directory */
	DEED_WRITE_RECORD, /* text, into the record */
	DEED_ADD_EVENT,    /* text: a line */
	DEED_RENAME,       /* text: the container's name */
	DEED_REMEMBER,     /* the networks that it is in */
	DEED_FINISH,       /* what takes a while after DEED_CLOSE, and nobody waits for */
	DEED_COMPRESS,     /* files in the directory of logs; text: format and names, each ended by NUL; descriptor: what is locked as long as that lasts */
	DEED_FORGET,       /* what the runtime made is read again when it is needed */
	DEED_MORE,         /* text that goes before the next deed's: a packet holds DEED_PIECE bytes; deed_send() and deed_receive() see to it */
	DEED_TYPES,
};

#define DEED_NUMBERS 2
#define DEED_FDS (SPEC_SUPERVISION_FDS + 1)
#define DEED_PIECE (64u << 10)     /* bytes of text in a packet */
#define DEED_TEXT_LIMIT (8u << 20) /* in a deed: more than a document of SPEC_SUPERVISION_LIMIT makes of an event */

struct deed {
	uint32_t type; /* enum deed_type */
	int32_t numbers[DEED_NUMBERS];
};

/* A deed as it has come: behind .length bytes of .text is a NUL. deed_packet_done(). */
struct deed_packet {
	struct deed deed;
	char *text;
	size_t length;
	int fds[DEED_FDS]; /* CLOEXEC; those that are taken become -EBADF */
	size_t count;
};

#define DEED_PACKET_INIT ((struct deed_packet){ .text = NULL })

/* What comes along with a deed. */
struct deed_luggage {
	const void *text;
	size_t length;
	const int *fds; /* stay the sender's */
	size_t count;
};

/* LUGGAGE may be NULL. Waits until the other side takes it; -errno, -EPIPE if there is nobody, -EMSGSIZE. */
int deed_send(int socket, const struct deed *deed, const struct deed_luggage *luggage) _must_check_;

/* Waits for one. -EPIPE if there will be none; -EBADMSG for what is none, of which nothing is kept. */
int deed_receive(int socket, struct deed_packet *ret) _must_check_;
void deed_packet_done(struct deed_packet *packet);
#define _cleanup_deed_packet_ _cleanup_(deed_packet_done)

/* Whether a deed of that type gets an answer. */
bool deed_is_answered(uint32_t type);

struct deed_answer {
	int32_t result; /* 0; or -errno, and .error says why */
	int32_t number;
	int fds[3];     /* CLOEXEC, the receiver's; the first .count of them are there */
	size_t count;
	struct error error;
};

/* Its descriptors stay the sender's. */
int deed_answer_send(int socket, const struct deed_answer *answer) _must_check_;
/* Waits. As deed_receive(). */
int deed_answer_receive(int socket, struct deed_answer *ret) _must_check_;

/* What the maker tells unasked, on a socket of its own. */
enum deed_notice_type {
	DEED_ENDED,      /* a child: .pid, .status as of waitpid(2); of the container's process also .oom_killed and the limit that it came to */
	DEED_HOST_STOPS, /* the maker was asked to end */
	DEED_WARNING,    /* .text */
};

#define DEED_WARNING_BYTES 500

struct deed_notice {
	uint32_t type;
	int32_t pid, status;
	int32_t oom_killed;
	int64_t oom_limit;
	char text[DEED_WARNING_BYTES];
};

/* Does not wait: -EAGAIN if there is no room, -EPIPE if there is nobody. */
int deed_notice_send(int socket, const struct deed_notice *notice) _must_check_;
/* Does not wait: -EAGAIN if there is none; -EPIPE; -EBADMSG. */
int deed_notice_receive(int socket, struct deed_notice *ret) _must_check_;

#endif
