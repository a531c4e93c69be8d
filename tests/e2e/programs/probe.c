/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: makes one system call by number and says what came of it, for the
 * seccomp tests. Static, so that it runs in any root file system.
 *
 *   probe call NR ARG…    raw call              -> "ret=N" or "errno=N NAME"
 *   probe trap NR ARG…    with a SIGSYS handler -> "sigsys nr=N data=N", else as call
 *   probe thread NR ARG…  from a second thread  -> "main survives, thread gone|alive"
 *   probe traced NR ARG…  in a traced child     -> "event data=N", then as call
 *   probe int80 NR ARG…   through i386's entry  -> as call (x86-64 only)
 *   probe mode            -> "seccomp=N filters=N nnp=N" of this process
 *   probe unix PATH       connects to a socket; how inside reaches outside -> "connected"
 *   probe unix PATH TEXT  the same, says TEXT, and no more -> what is answered, until that ends
 *
 * NR is a number or one of the names in the table below.
 */
#ifndef _GNU_SOURCE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#endif
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
        const char *name;
        long number;
} known_calls[] = {
        { "chroot", SYS_chroot },         { "getpid", SYS_getpid },           { "getppid", SYS_getppid },
        { "getsid", SYS_getsid },         { "kcmp", SYS_kcmp },               { "keyctl", SYS_keyctl },
        { "mkdirat", SYS_mkdirat },       { "mount", SYS_mount },             { "personality", SYS_personality },
        { "sethostname", SYS_sethostname }, { "setpriority", SYS_setpriority }, { "socket", SYS_socket },
        { "sync", SYS_sync },             { "unshare", SYS_unshare },         { "userfaultfd", SYS_userfaultfd },
};

struct call {
        long number;
        long arguments[6];
};

static long read_number(const char *text) {
        char *end = NULL;
        /* strtoull, so that all 64 bits of an argument can be written */
        long value = (long) strtoull(text, &end, 0);
        if (*text == '\0' || *end != '\0') {
                fprintf(stderr, "probe: not a number: '%s'\n", text);
                exit(2);
        }
        return value;
}

static struct call read_call(char **words) {
        struct call call = { .number = -1 };
        if (words[0] == NULL) {
                fprintf(stderr, "probe: which system call?\n");
                exit(2);
        }
        for (size_t i = 0; i < sizeof known_calls / sizeof known_calls[0]; i++)
                if (strcmp(known_calls[i].name, words[0]) == 0)
                        call.number = known_calls[i].number;
        if (call.number < 0)
                call.number = read_number(words[0]);
        for (size_t i = 0; i < 6 && words[i + 1] != NULL; i++)
                call.arguments[i] = read_number(words[i + 1]);
        return call;
}

static long make_call(const struct call *call) {
        const long *a = call->arguments;
        return syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void print_result(long result) {
        if (result >= 0) {
                printf("ret=%ld\n", result);
                return;
        }
        const char *name = errno == EPERM ? " EPERM" : errno == ENOSYS ? " ENOSYS" : errno == EACCES ? " EACCES" : "";
        printf("errno=%d%s\n", errno, name);
}

static void on_sigsys(int signal, siginfo_t *info, void *context) {
        (void) signal, (void) context;
        printf("sigsys nr=%d data=%d\n", info->si_syscall, info->si_errno);
        fflush(stdout);
        _exit(0);
}

static int trap(const struct call *call) {
        struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
        sigaction(SIGSYS, &action, NULL);
        print_result(make_call(call));
        return 0;
}

static void *call_and_wait(void *argument) {
        make_call(argument);
        pause();
        return NULL;
}

static int thread_count(void) {
        char line[256];
        int count = 0;
        FILE *file = fopen("/proc/self/status", "re");
        if (file == NULL)
                return -1;
        while (fgets(line, sizeof line, file) != NULL)
                if (sscanf(line, "Threads: %d", &count) == 1)
                        break;
        fclose(file);
        return count;
}

static int call_in_thread(struct call *call) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, call_and_wait, call) != 0)
                return 1;
        for (int i = 0; i < 200 && thread_count() > 1; i++)
                usleep(5000);
        printf("main survives, thread %s\n", thread_count() == 1 ? "gone" : "alive");
        return 0;
}

static int call_traced(const struct call *call) {
        pid_t child = fork();
        if (child == 0) {
                ptrace(PTRACE_TRACEME, 0, NULL, NULL);
                raise(SIGSTOP);
                print_result(make_call(call));
                fflush(stdout);
                _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL) < 0)
                return 1;
        ptrace(PTRACE_CONT, child, NULL, 0);
        while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
                unsigned long data = 0;
                if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_SECCOMP << 8))) {
                        ptrace(PTRACE_GETEVENTMSG, child, NULL, &data);
                        printf("event data=%lu\n", data);
                        fflush(stdout);
                }
                ptrace(PTRACE_CONT, child, NULL, 0);
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int call_int80(const struct call *call) {
#ifdef __x86_64__
        long result = 0;
        const long *a = call->arguments;
        __asm__ volatile("int $0x80" : "=a"(result)
                                     : "a"(call->number), "b"(a[0]), "c"(a[1]), "d"(a[2])
                                     : "memory", "r8", "r9", "r10", "r11");
        /* the i386 entry returns 32 bits */
        int narrow = (int) result;
        errno = narrow < 0 ? -narrow : 0;
        print_result(narrow < 0 ? -1 : narrow);
        return 0;
#else
        (void) call;
        printf("not here\n");
        return 77;
#endif
}

static int print_mode(void) {
        char line[256];
        int mode = -1, filters = -1, no_new_privs = -1;
        FILE *file = fopen("/proc/self/status", "re");
        if (file == NULL)
                return 1;
        while (fgets(line, sizeof line, file) != NULL) {
                sscanf(line, "Seccomp: %d", &mode);
                sscanf(line, "Seccomp_filters: %d", &filters);
                sscanf(line, "NoNewPrivs: %d", &no_new_privs);
        }
        fclose(file);
        printf("seccomp=%d filters=%d nnp=%d\n", mode, filters, no_new_privs);
        return 0;
}

static int converse(int fd, const char *text) {
        size_t length = strlen(text);
        char block[4096];
        ssize_t n;
        if (write(fd, text, length) != (ssize_t) length || shutdown(fd, SHUT_WR) < 0) {
                printf("not sent: %s\n", strerror(errno));
                return 1;
        }
        while ((n = read(fd, block, sizeof block)) > 0)
                fwrite(block, 1, n, stdout);
        putchar('\n');
        return n < 0;
}

static int connect_unix(const char *path, const char *text) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        if (fd < 0 || connect(fd, (const struct sockaddr *) &address, sizeof address) < 0) {
                printf("not connected: %s\n", strerror(errno));
                return 1;
        }
        if (text)
                return converse(fd, text);
        printf("connected\n");
        return 0;
}

int main(int argc, char **argv) {
        const char *verb = argc > 1 ? argv[1] : "";
        if (strcmp(verb, "mode") == 0)
                return print_mode();
        if (strcmp(verb, "unix") == 0 && argc > 2)
                return connect_unix(argv[2], argv[3]);

        struct call call = read_call(argc > 2 ? argv + 2 : (char *[]) { NULL });
        if (strcmp(verb, "call") == 0) {
                print_result(make_call(&call));
                return 0;
        }
        if (strcmp(verb, "trap") == 0)
                return trap(&call);
        if (strcmp(verb, "thread") == 0)
                return call_in_thread(&call);
        if (strcmp(verb, "traced") == 0)
                return call_traced(&call);
        if (strcmp(verb, "int80") == 0)
                return call_int80(&call);
        fprintf(stderr, "probe: unknown verb '%s'\n", verb);
        return 2;
}
