/* Times commands side by side: each round runs every command once, in an order that rotates, so that whatever the machine does
 * meanwhile meets all alike. Prints the median, the fastest and the ninetieth percentile of the wall time, the median of the
 * processor time (the command and its children it waited for) and the ratio of the median to the first command's.
 *
 *   time ROUNDS NAME COMMAND [ARGUMENT …] -- NAME COMMAND [ARGUMENT …] …
 *
 * The commands' standard streams are /dev/null. A command that fails in the first round ends the measuring. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 16

struct command {
        const char *name;
        char **argv;
        double *wall_ms, *cpu_ms;
};

static double now_ms(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static double ms_of(struct timeval t) { return (double) t.tv_sec * 1e3 + (double) t.tv_usec / 1e3; }

/* Runs the command once with vfork(2), whose cost does not depend on this program. Returns its wait status, -1 on failure. */
static int run(const struct command *command, int null, double *wall_ms, double *cpu_ms) {
        struct rusage usage;
        int status;
        double start = now_ms();
        pid_t pid = vfork();

        if (pid < 0)
                return -1;
        if (pid == 0) {
                for (int fd = 0; fd < 3; fd++)
                        dup2(null, fd);
                execv(command->argv[0], command->argv);
                _exit(127);
        }
        while (wait4(pid, &status, 0, &usage) < 0)
                if (errno != EINTR)
                        return -1;
        *wall_ms = now_ms() - start;
        *cpu_ms = ms_of(usage.ru_utime) + ms_of(usage.ru_stime);
        return status;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;
        return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double q) { return sorted[(size_t) ((double) (n - 1) * q)]; }

static void print_result(struct command *command, size_t rounds, double first_ms) {
        qsort(command->wall_ms, rounds, sizeof(double), compare);
        qsort(command->cpu_ms, rounds, sizeof(double), compare);
        double median = quantile(command->wall_ms, rounds, 0.5);
        printf("%-14s %9.2f %9.2f %9.2f %9.2f %8.2f\n", command->name, median, command->wall_ms[0],
               quantile(command->wall_ms, rounds, 0.9), quantile(command->cpu_ms, rounds, 0.5), median / first_ms);
}

/* Splits the arguments at "--" into commands. Returns their number, 0 when one is incomplete. */
static size_t parse(int argc, char **argv, struct command *commands) {
        size_t n = 0;
        for (int at = 2; at < argc; at++) {
                if (n == COMMANDS_MAX || at + 1 >= argc)
                        return 0;
                commands[n++] = (struct command) { .name = argv[at], .argv = argv + at + 1 };
                while (at < argc && strcmp(argv[at], "--") != 0)
                        at++;
                if (at < argc)
                        argv[at] = NULL;
        }
        return n;
}

int main(int argc, char **argv) {
        struct command commands[COMMANDS_MAX];
        size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
        size_t n = parse(argc, argv, commands);
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (rounds == 0 || n == 0 || null < 0) {
                fputs("usage: time ROUNDS NAME COMMAND [ARGUMENT …] -- NAME COMMAND [ARGUMENT …] …\n", stderr);
                return 2;
        }
        for (size_t i = 0; i < n; i++) {
                commands[i].wall_ms = calloc(rounds, sizeof(double));
                commands[i].cpu_ms = calloc(rounds, sizeof(double));
                if (!commands[i].wall_ms || !commands[i].cpu_ms)
                        return 1;
        }
        for (size_t round = 0; round < rounds; round++)
                for (size_t i = 0; i < n; i++) {
                        struct command *c = &commands[(round + i) % n];
                        int status = run(c, null, &c->wall_ms[round], &c->cpu_ms[round]);
                        if (status != 0) {
                                fprintf(stderr, "time: %s failed in round %zu: wait status 0x%x\n", c->name, round + 1, (unsigned) status);
                                return 1;
                        }
                }
        printf("%-14s %9s %9s %9s %9s %8s\n", "", "median ms", "min", "p90", "cpu ms", "ratio");
        qsort(commands[0].wall_ms, rounds, sizeof(double), compare);
        double first_ms = quantile(commands[0].wall_ms, rounds, 0.5);
        for (size_t i = 0; i < n; i++)
                print_result(&commands[i], rounds, first_ms);
        return 0;
}
