/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/file_packet.h"
#include "spec/protobuf.h"

#include <sys/stat.h>

/* What modes are called on the way: those of Go's os.FileMode. */
static const struct {
	uint32_t theirs;
	mode_t ours;
} kinds[] = {
	{ UINT32_C(1) << 31, S_IFDIR }, { UINT32_C(1) << 27, S_IFLNK }, { UINT32_C(1) << 26 | UINT32_C(1) << 21, S_IFCHR },
	{ UINT32_C(1) << 26, S_IFBLK }, { UINT32_C(1) << 25, S_IFIFO }, { UINT32_C(1) << 24, S_IFSOCK }, { 0, S_IFREG },
}, bits[] = {
	{ UINT32_C(1) << 23, S_ISUID }, { UINT32_C(1) << 22, S_ISGID }, { UINT32_C(1) << 20, S_ISVTX },
};
#define KINDS (UINT32_C(0x8f) << 24 | UINT32_C(1) << 21)
#define PERMISSIONS 0777

static mode_t mode_of(uint32_t theirs)
{
	mode_t mode = theirs & PERMISSIONS;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (theirs & bits[i].theirs)
			mode |= bits[i].ours;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if ((theirs & KINDS) == kinds[i].theirs)
			return mode | kinds[i].ours;
	return mode;
}

static uint32_t theirs_of(mode_t mode)
{
	uint32_t theirs = mode & PERMISSIONS;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (mode & bits[i].ours)
			theirs |= bits[i].theirs;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if ((mode & S_IFMT) == kinds[i].ours)
			theirs |= kinds[i].theirs;
	return theirs;
}

/* Relative, and all of it names. */
static bool is_clean(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (length == 0 || (length == 1 && path[0] == '.') || (length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[length])
			return true;
		path += length + 1;
	}
}

/* Some senders begin paths with a '/'. */
static char *decode_path(struct arena *arena, const struct protobuf_field *field)
{
	char *path = protobuf_text(arena, field);

	while (path && *path == '/')
		path++;
	return path && is_clean(path) ? path : NULL;
}

static int decode_stat(struct arena *arena, struct protobuf message, struct spec_file_stat *ret)
{
	struct protobuf_field field;
	const char *link = NULL;
	int r;

	while ((r = protobuf_next(&message, &field)) > 0) {
		if (field.number == 1 && !(ret->path = decode_path(arena, &field)))
			return -EBADMSG;
		else if (field.number == 2)
			ret->mode = mode_of((uint32_t)field.value);
		else if (field.number == 3)
			ret->uid = (uint32_t)field.value;
		else if (field.number == 4)
			ret->gid = (uint32_t)field.value;
		else if (field.number == 5)
			ret->size = field.value;
		else if (field.number == 6)
			ret->time_ns = (int64_t)field.value;
		else if (field.number == 7 && !(link = protobuf_text(arena, &field)))
			return -EBADMSG;
	}
	if (r < 0 || !ret->path)
		return -EBADMSG;
	if (!(ret->mode & S_IFMT))
		ret->mode |= S_IFREG;
	ret->link = str_is_empty(link) ? NULL : (char *)link;
	if (S_ISLNK(ret->mode))
		return ret->link ? 0 : -EBADMSG;
	/* What a file is the same as is in the same tree. */
	while (ret->link && *ret->link == '/')
		ret->link++;
	return ret->link && !is_clean(ret->link) ? -EBADMSG : 0;
}

int spec_file_packet_decode(struct arena *arena, const void *bytes, size_t length, struct spec_file_packet *ret)
{
	struct protobuf message = PROTOBUF(bytes, length);
	struct spec_file_packet packet = { .type = SPEC_FILE_STAT };
	struct protobuf_field field;
	int r;

	while ((r = protobuf_next(&message, &field)) > 0) {
		if (field.number == 1) {
			if (field.type != PROTOBUF_VARINT || field.value > SPEC_FILE_ERR)
				return -EBADMSG;
			packet.type = (enum spec_file_packet_type)field.value;
		} else if (field.number == 2) {
			packet.has_stat = true;
			if (field.type != PROTOBUF_BYTES || decode_stat(arena, protobuf_message(&field), &packet.stat) < 0)
				return -EBADMSG;
		} else if (field.number == 3) {
			packet.id = (uint32_t)field.value;
		} else if (field.number == 4 && field.type == PROTOBUF_BYTES) {
			packet.data = field.bytes;
			packet.length = field.length;
		}
	}
	if (r < 0)
		return r;
	*ret = packet;
	return 0;
}

void spec_file_packet_encode(const struct spec_file_packet *packet, struct buf *out)
{
	const struct spec_file_stat *stat = &packet->stat;
	_cleanup_buf_ struct buf text = BUF_INIT;

	protobuf_write_uint(out, 1, packet->type);
	if (packet->has_stat) {
		protobuf_write_text(&text, 1, stat->path);
		protobuf_write_uint(&text, 2, theirs_of(stat->mode));
		protobuf_write_uint(&text, 3, stat->uid);
		protobuf_write_uint(&text, 4, stat->gid);
		protobuf_write_uint(&text, 5, stat->size);
		protobuf_write_uint(&text, 6, (uint64_t)stat->time_ns);
		protobuf_write_text(&text, 7, stat->link);
		protobuf_write_bytes(out, 2, text.data, text.length);
	}
	protobuf_write_uint(out, 3, packet->id);
	if (packet->length)
		protobuf_write_bytes(out, 4, packet->data, packet->length);
}
