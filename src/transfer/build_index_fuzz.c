/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the file of an index: what is found in it, and what comes of adding to it, is of its records. */
#include "transfer/build_index.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER 16
#define RECORD (6 * 8 + BUILD_INDEX_HASH_SIZE)

/* What stat(2) would say of the file of a record. */
static struct stat status_of(const uint8_t *record)
{
	uint64_t words[6];

	memcpy(words, record, sizeof words);
	return (struct stat){ .st_dev = words[0], .st_ino = words[1], .st_size = (off_t)words[2], .st_mode = (mode_t)words[5],
		.st_mtim = { .tv_sec = (int64_t)words[3] / 1000000000, .tv_nsec = (int64_t)words[3] % 1000000000 },
		.st_ctim = { .tv_sec = (int64_t)words[4] / 1000000000, .tv_nsec = (int64_t)words[4] % 1000000000 } };
}

/* PATH has those bytes. */
static void try_file(const char *path, const uint8_t *data, size_t size)
{
	const struct timespec now = build_index_now();
	struct build_index *index = build_index_open(path);

	for (size_t at = HEADER; at + RECORD <= size; at += RECORD) {
		struct stat st = status_of(data + at);
		const uint8_t *hash = build_index_find(index, &st);
		uint8_t copy[BUILD_INDEX_HASH_SIZE] = { 0 };

		if (hash)
			memcpy(copy, hash, sizeof copy);
		st.st_ino++;
		build_index_add(index, &st, &now, copy);
	}
	build_index_save(index);
	build_index_free(index);
	build_index_free(build_index_open(path)); /* what was written */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[256];
	const char *directory = getenv("TMPDIR");
	_cleanup_close_ int fd = -EBADF;

	if (!path[0])
		snprintf(path, sizeof path, "%s/index.%d", directory && strlen(directory) < 200 ? directory : "/tmp", (int)getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || fd_write_all(fd, data, size) < 0)
		abort();
	try_file(path, data, size);
	unlink(path);
	return 0;
}
