/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/handover.h"
#include "host/fdpass.h"
#include "spec/supervision.h"

#include <unistd.h>

#define LETTERS_LIMIT 32

/* Where the descriptor with LETTER belongs; NULL if it has only to stay open, or it is no such letter. */
static int *place_of(struct supervisor_request *request, char letter)
{
	switch (letter) {
	case SPEC_HANDOVER_ROOT:
		return &request->root_fd;
	case SPEC_HANDOVER_USER:
		return &request->user_fd;
	case SPEC_HANDOVER_NETWORK:
		return &request->network_fd;
	default:
		return NULL;
	}
}

int handover_take(const char *text, size_t length, const int *fds, size_t count, struct supervisor_request *request)
{
	struct supervisor_request taken = *request;
	size_t used = 0;

	if (length == 0 || text[0] != SPEC_HANDOVER_BUNDLE)
		return -EINVAL;
	for (size_t i = 1; i < length; i++) {
		int *place = place_of(&taken, text[i]);

		if (text[i] == SPEC_HANDOVER_GROUPS) {
			taken.has_groups = true;
			continue;
		}
		if ((!place && text[i] != SPEC_HANDOVER_HOLD) || (place && *place >= 0) || used == count)
			return -EINVAL;
		if (place)
			*place = fds[used];
		used++;
	}
	if (used != count || (taken.user_fd >= 0) != (taken.network_fd >= 0))
		return -EINVAL;
	*request = taken;
	return 0;
}

int handover_receive(struct supervisor_request *request, struct error *err)
{
	char text[LETTERS_LIMIT];
	int fds[FDPASS_LIMIT], r;
	size_t length = 0, count = 0;

	r = fdpass_receive_all(request->socket, text, sizeof text, &length, fds, &count);
	if (r == -EPIPE || r == -ECONNRESET)
		return 0;
	if (r < 0)
		return error_errno(err, -r, "cannot hear who starts the container");
	r = handover_take(text, length, fds, count, request);
	if (r == 0)
		return 1;
	while (count > 0)
		close(fds[--count]);
	return error_set(err, ERROR_INVALID, 0, "what was said with the bundle is not understood");
}
