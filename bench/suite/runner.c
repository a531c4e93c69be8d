/* Runs the commands that the suite tells it, in the place where it was started, and says how long each took: the suite itself
 * may be in another root file system, and its own forks would count.
 *
 *   runner LOG
 *
 * A request on the standard input is "BYTES\n" and as many bytes of strings that end with zero:
 *
 *   run COMMAND [ARGUMENT …]                 until the command has ended
 *   parallel COUNT COMMAND [ARGUMENT …]      COUNT of it at once, until the last one has ended
 *   answer ADDRESS PORT COMMAND [ARGUMENT …] until there is a first byte of an HTTP answer to a client that begins to ask when the
 *                                            command has ended: whoever asks sooner is held up by the kernel, which looks for a
 *                                            neighbour that does not answer for a second
 *
 * The answer is a line "STATUS WALL CPU": the first status that is not 0 (128 + n for signal n), microseconds of time, and
 * microseconds of processor of the commands and the children they waited for. Standard error of the commands goes to LOG,
 * which each request begins anew; their other streams are /dev/null. Ends with its input. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 1 << 20, WORDS_MAX = 4096, ANSWER_MAX_US = 20 * 1000 * 1000, PAUSE_US = 100,
        CONNECTIONS_MAX = 64, PATIENCE_US = 10 * 1000 };

struct took {
        int status;
        long long wall_us, cpu_us;
};

static long long now_us(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (long long) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static long long us_of(struct timeval t) { return (long long) t.tv_sec * 1000000 + t.tv_usec; }

/* With vfork(2), whose cost does not depend on this program. Returns -1 on failure. */
static pid_t begin(char *const *argv, int null, int log) {
        pid_t pid = vfork();
        if (pid == 0) {
                dup2(null, 0);
                dup2(null, 1);
                dup2(log, 2);
                execvp(argv[0], argv);
                _exit(127);
        }
        return pid;
}

static void add_end(struct took *took, int status, const struct rusage *usage) {
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (took->status == 0)
                took->status = code;
        took->cpu_us += us_of(usage->ru_utime) + us_of(usage->ru_stime);
}

/* Waits for COUNT children of any id. */
static void await(struct took *took, size_t count) {
        while (count > 0) {
                struct rusage usage;
                int status;
                if (wait4(-1, &status, 0, &usage) < 0) {
                        if (errno == EINTR)
                                continue;
                        took->status = 127;
                        return;
                }
                add_end(took, status, &usage);
                count--;
        }
}

static struct took run(size_t count, char *const *argv, int null, int log) {
        struct took took = { 0 };
        size_t begun = 0;
        long long start = now_us();

        while (begun < count && begin(argv, null, log) > 0)
                begun++;
        await(&took, begun);
        if (begun < count)
                took.status = 127;
        took.wall_us = now_us() - start;
        return took;
}

/* The connections of a client that does not wait for one which got lost: what stands before a server may accept and be silent. */
struct client {
        struct sockaddr_in address;
        struct pollfd fds[CONNECTIONS_MAX]; /* waiting to be connected: POLLOUT, for an answer: POLLIN */
        nfds_t n;
        long long last_us;
};

static void drop(struct client *c, nfds_t i) {
        close(c->fds[i].fd);
        c->fds[i] = c->fds[--c->n];
}

/* One more connection, unless there are enough or the last one is young. */
static void open_connection(struct client *c) {
        long long now = now_us();
        int fd;

        if (c->n == CONNECTIONS_MAX || (c->n > 0 && now - c->last_us < PATIENCE_US))
                return;
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return;
        c->last_us = now;
        if (connect(fd, (const struct sockaddr *) &c->address, sizeof(c->address)) < 0 && errno != EINPROGRESS)
                close(fd);
        else
                c->fds[c->n++] = (struct pollfd) { .fd = fd, .events = POLLOUT };
}

/* Goes on with connection I, whose event has come. Returns whether it brought a first byte; if it has failed it is dropped. */
static int attend(struct client *c, nfds_t i) {
        static const char request[] = "GET /index.html HTTP/1.0\r\n\r\n";
        char byte;

        if (c->fds[i].events == POLLIN) {
                if (recv(c->fds[i].fd, &byte, 1, 0) == 1)
                        return 1;
                drop(c, i);
        } else if (send(c->fds[i].fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == (ssize_t) sizeof(request) - 1)
                c->fds[i].events = POLLIN;
        else
                drop(c, i);
        return 0;
}

/* Waits for a moment. Returns whether the server has answered. */
static int ask(struct client *c) {
        open_connection(c);
        if (c->n == 0) {
                usleep(PAUSE_US);
                return 0;
        }
        if (poll(c->fds, c->n, 1) > 0)
                for (nfds_t i = c->n; i-- > 0;)
                        if (c->fds[i].revents && attend(c, i))
                                return 1;
        return 0;
}

static struct took run_until_answer(const char *host, const char *port, char *const *argv, int null, int log) {
        struct client client = { .address = { .sin_family = AF_INET, .sin_port = htons((uint16_t) strtoul(port, NULL, 10)) } };
        long long start = now_us();
        struct took took;
        int answered = 0;

        if (inet_pton(AF_INET, host, &client.address.sin_addr) != 1)
                return (struct took) { .status = 2 };
        took = run(1, argv, null, log);
        while (!answered && took.status == 0 && now_us() - start < ANSWER_MAX_US)
                answered = ask(&client);
        took.wall_us = now_us() - start;
        while (client.n > 0)
                drop(&client, client.n - 1);
        if (!answered && took.status == 0)
                took.status = 124;
        return took;
}

/* Splits LENGTH bytes into words. Returns their number, 0 if they are none. */
static size_t split(char *bytes, size_t length, char **words) {
        size_t n = 0;
        if (length == 0 || bytes[length - 1] != '\0')
                return 0;
        for (char *at = bytes; at < bytes + length; at += strlen(at) + 1) {
                if (n == WORDS_MAX)
                        return 0;
                words[n++] = at;
        }
        words[n] = NULL;
        return n;
}

static struct took serve(size_t n, char **words, int null, int log) {
        if (n >= 2 && strcmp(words[0], "run") == 0)
                return run(1, words + 1, null, log);
        if (n >= 3 && strcmp(words[0], "parallel") == 0)
                return run(strtoul(words[1], NULL, 10), words + 2, null, log);
        if (n >= 4 && strcmp(words[0], "answer") == 0)
                return run_until_answer(words[1], words[2], words + 3, null, log);
        return (struct took) { .status = 2 };
}

int main(int argc, char **argv) {
        static char bytes[REQUEST_MAX], *words[WORDS_MAX + 1];
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        int log = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
        char line[32];

        if (null < 0 || log < 0) {
                fputs("usage: runner LOG\n", stderr);
                return 2;
        }
        while (fgets(line, sizeof(line), stdin)) {
                size_t length = strtoul(line, NULL, 10);
                if (length > sizeof(bytes) || fread(bytes, 1, length, stdin) != length)
                        return 1;
                if (ftruncate(log, 0) < 0)
                        return 1;
                struct took took = serve(split(bytes, length, words), words, null, log);
                printf("%d %lld %lld\n", took.status, took.wall_us, took.cpu_us);
                fflush(stdout);
        }
        return 0;
}
