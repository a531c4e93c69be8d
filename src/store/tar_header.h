/* SPDX-License-Identifier: Apache-2.0 */
/* The 512 bytes before each member of a tar archive: ustar (POSIX.1-1988), GNU's and star's variants of it, and V7's. */
#ifndef BIVY_STORE_TAR_HEADER_H
#define BIVY_STORE_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAR_BLOCK 512

struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char target[100];
	char magic[8]; /* and version */
	char user[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155]; /* ustar; others keep other things here */
	char rest[12];
};

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a header is one block");

enum tar_format { TAR_V7, TAR_USTAR, TAR_GNU, TAR_STAR };

enum tar_format tar_header_format(const struct tar_header *header);

/* Whether the checksum is right, be it the sum of signed or of unsigned bytes. */
bool tar_header_is_intact(const struct tar_header *header);

/* Writes the checksum of the rest. */
void tar_header_seal(struct tar_header *header);

bool tar_header_is_zero(const struct tar_header *header);

/* A number in a field: octal digits, or binary with the highest bit set. False if it is neither or does not fit. */
bool tar_number_parse(const char *field, size_t size, int64_t *ret);

/* Octal with leading zeros and a NUL behind. False, and the field full of zeros, if it does not fit. */
bool tar_number_format(char *field, size_t size, uint64_t number);

#endif
