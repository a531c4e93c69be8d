/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a packet. A path that is accepted leads nowhere else, and the packet comes back the same from what is written of it. */
#include "spec/file_packet.h"

#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(struct arena *arena, const char *path)
{
	const char *around = arena_printf(arena, "/%s/", path);

	if (strstr(around, "//") || strstr(around, "/../") || strstr(around, "/./"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct spec_file_packet packet, again;

	if (spec_file_packet_decode(arena, data, size, &packet) < 0)
		return 0;
	if (packet.has_stat) {
		check_path(arena, packet.stat.path);
		if (packet.stat.link && !S_ISLNK(packet.stat.mode))
			check_path(arena, packet.stat.link);
	}
	spec_file_packet_encode(&packet, &out);
	if (spec_file_packet_decode(arena, out.data, out.length, &again) < 0)
		abort();
	if (again.type != packet.type || again.has_stat != packet.has_stat || again.id != packet.id || again.length != packet.length)
		abort();
	if (packet.has_stat && (!str_equal(again.stat.path, packet.stat.path) || again.stat.mode != packet.stat.mode || again.stat.size != packet.stat.size))
		abort();
	return 0;
}
