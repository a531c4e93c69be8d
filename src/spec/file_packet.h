/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How BuildKit's clients send files (tonistiigi/fsutil): the sender tells of all
 * files in the order of their paths, by STAT, and one without a file is the last;
 * the receiver asks for those it wants the bytes of by their number, REQ; DATA
 * comes in parts, an empty one being the end. FIN is answered by FIN. Pure.
 */
#ifndef BIVY_SPEC_FILE_PACKET_H
#define BIVY_SPEC_FILE_PACKET_H

#include "base/memory.h"
#include "base/str.h"

#include <sys/types.h>

enum spec_file_packet_type {
	SPEC_FILE_STAT = 0,
	SPEC_FILE_REQ = 1,
	SPEC_FILE_DATA = 2,
	SPEC_FILE_FIN = 3,
	SPEC_FILE_ERR = 4,
};

struct spec_file_stat {
	char *path;      /* relative, clean: neither "..", "." nor empty parts */
	mode_t mode;     /* as stat(2) has it */
	uint32_t uid, gid;
	uint64_t size;
	int64_t time_ns; /* since 1970 */
	char *link;      /* of a symbolic link its target; of a file the path of another that it is the same as; or NULL */
};

struct spec_file_packet {
	enum spec_file_packet_type type;
	bool has_stat;
	struct spec_file_stat stat;
	uint32_t id;
	const unsigned char *data;
	size_t length;
};

/* .data is in BYTES, texts in the arena. -EBADMSG for what is none, or a path that leads elsewhere. */
int spec_file_packet_decode(struct arena *arena, const void *bytes, size_t length, struct spec_file_packet *ret) _must_check_;

void spec_file_packet_encode(const struct spec_file_packet *packet, struct buf *out);

#endif
