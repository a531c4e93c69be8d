/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_translation.h"
#include "base/memory.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

struct translation {
	struct http_front *front;
	struct http_watch call; /* its end is the translation's */
	struct MHD_UpgradeResponseHandle *handle;
};

static void take_translation(struct http_watch *watch, uint32_t events _unused_)
{
	struct translation *translation = (struct translation *)((char *)watch - offsetof(struct translation, call));

	http_watch_end(translation->front->epoll_fd, watch);
	close(watch->fd);
	MHD_upgrade_action(translation->handle, MHD_UPGRADE_ACTION_CLOSE);
	free(translation);
}

/*
 * Our number for the socket gets something else behind it, as the library wants
 * to close that number itself: what was handed over ends when its new owner
 * closes it.
 */
static void forget_socket(int socket)
{
	_cleanup_close_ int other = eventfd(0, EFD_CLOEXEC);

	if (other >= 0)
		ignore_result(dup3(other, socket, O_CLOEXEC)); /* both are open */
}

void http_translation_begin(struct http_front *front, int call, int socket, struct MHD_UpgradeResponseHandle *handle)
{
	struct translation *translation = memory_new(1, sizeof *translation);

	*translation = (struct translation){ front, { .fd = call, .ready = take_translation }, handle };
	forget_socket(socket);
	if (http_watch_set(front->epoll_fd, &translation->call, EPOLLIN) < 0)
		take_translation(&translation->call, 0);
}
