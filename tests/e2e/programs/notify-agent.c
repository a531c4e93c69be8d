/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify-agent: the listener that a seccomp profile's listenerPath names.
 *
 *   notify-agent SOCKET STATE_FILE errno|value|continue N
 *
 * Listens on SOCKET, takes one connection, writes the container process state
 * that arrives to STATE_FILE and answers every notification as told: with the
 * error N, with the value N, or by letting the call continue. Prints "ready"
 * once it listens, one line "nr=N pid=N" for each notification, and ends when
 * no process of the filter is left (or after 20 seconds).
 */
#ifndef _GNU_SOURCE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#endif
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAXIMUM_STATE = 65536, PATIENCE_MS = 20000 };

static void fail(const char *what) {
        fprintf(stderr, "notify-agent: %s: %s\n", what, strerror(errno));
        exit(1);
}

static int accept_on(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof address) < 0 || listen(fd, 4) < 0)
                fail("listen");
        printf("ready\n");
        fflush(stdout);

        struct pollfd readiness = { .fd = fd, .events = POLLIN };
        if (poll(&readiness, 1, PATIENCE_MS) != 1) {
                errno = ETIMEDOUT;
                fail("accept");
        }
        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0)
                fail("accept");
        close(fd);
        return connection;
}

/* Whether TEXT is a whole JSON object: the sender may keep its end open. */
static bool is_whole(const char *text, size_t length) {
        int depth = 0;
        bool in_string = false;
        for (size_t i = 0; i < length; i++) {
                if (in_string && text[i] == '\\')
                        i++;
                else if (text[i] == '"')
                        in_string = !in_string;
                else if (!in_string && text[i] == '{')
                        depth++;
                else if (!in_string && text[i] == '}' && --depth == 0)
                        return true;
        }
        return false;
}

/* The state comes as one JSON object with exactly one descriptor beside it. */
static int receive_state(int connection, const char *state_path) {
        static char state[MAXIMUM_STATE];
        size_t length = 0;
        int notify_fd = -1, descriptors = 0;

        while (!is_whole(state, length)) {
                union {
                        char bytes[CMSG_SPACE(4 * sizeof(int))];
                        struct cmsghdr align;
                } control;
                struct iovec piece = { state + length, sizeof state - length };
                struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1,
                                          .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
                ssize_t n = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
                if (n < 0)
                        fail("recvmsg");
                for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c))
                        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
                                memcpy(&notify_fd, CMSG_DATA(c), sizeof notify_fd);
                                descriptors += (int) ((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
                        }
                if (n == 0)
                        break;
                length += (size_t) n;
        }
        close(connection);
        if (descriptors != 1) {
                fprintf(stderr, "notify-agent: %d descriptors came, not 1\n", descriptors);
                exit(1);
        }
        FILE *file = fopen(state_path, "we");
        if (file == NULL || fwrite(state, 1, length, file) != length || fclose(file) != 0)
                fail("write state");
        return notify_fd;
}

static void answer(int notify_fd, const char *how, long number) {
        struct seccomp_notif request = { 0 };
        struct seccomp_notif_resp response = { 0 };
        if (ioctl(notify_fd, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0) {
                if (errno == ENOENT || errno == EINTR) /* the caller died meanwhile */
                        return;
                fail("receive notification");
        }
        printf("nr=%d pid=%u\n", request.data.nr, request.pid);
        fflush(stdout);
        response.id = request.id;
        if (strcmp(how, "errno") == 0)
                response.error = (int) -number;
        else if (strcmp(how, "value") == 0)
                response.val = number;
        else
                response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        if (ioctl(notify_fd, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 && errno != ENOENT)
                fail("send response");
}

int main(int argc, char **argv) {
        if (argc != 5) {
                fprintf(stderr, "usage: notify-agent SOCKET STATE_FILE errno|value|continue N\n");
                return 2;
        }
        int notify_fd = receive_state(accept_on(argv[1]), argv[2]);
        for (;;) {
                struct pollfd readiness = { .fd = notify_fd, .events = POLLIN };
                int n = poll(&readiness, 1, PATIENCE_MS);
                if (n == 0)
                        return 1;
                if (n < 0 || (readiness.revents & POLLIN) == 0) /* POLLHUP: nobody is filtered any more, since 5.8 */
                        return 0;
                answer(notify_fd, argv[3], atol(argv[4]));
        }
}
