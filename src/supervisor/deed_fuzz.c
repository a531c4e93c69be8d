/* SPDX-License-Identifier: Apache-2.0 */
/* What a keeper might send that somebody has taken over: packets, each with its length before it. */
#include "supervisor/deed.h"

#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return 0;
	for (size_t at = 0; at + 1 < size;) {
		size_t length = (size_t)data[at] << 8 | data[at + 1], left = size - at - 2;

		length = length < left ? length : left;
		if (length == 0 || send(ends[0], data + at + 2, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
		at += 2 + length;
	}
	close(ends[0]);
	for (int r = 0; r != -EPIPE;) {
		struct deed_packet packet = DEED_PACKET_INIT;

		r = deed_receive(ends[1], &packet);
		if (r == 0 && (packet.deed.type >= DEED_TYPES || packet.deed.type == DEED_MORE || packet.text[packet.length] != '\0'))
			__builtin_trap();
		if (r == 0)
			deed_packet_done(&packet);
	}
	close(ends[1]);
	return 0;
}
