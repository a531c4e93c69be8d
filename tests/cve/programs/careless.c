/* A container runtime that makes every mistake the CVE tests look for, and nothing but: proof.bats runs the attacks against
 * it to show that each of them can succeed. It understands as much of runc's command line and of config.json as they use.
 *
 * The mistakes, deliberately: paths are strings, joined with the root and resolved on the host; whatever directory is missing
 * is made through whatever symlink stands there; the executable is entered into the container as it is on disk; descriptors
 * of the host stay open; the working directory is not checked; capabilities are kept and made inheritable; cgroups are bound
 * writable; procfs is written by name after the image has had its say; masks are bound from the image's own /dev/null; the
 * terminal is found by name. Never install it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINES_MAX 256
#define FIELDS_MAX 8

/* The configuration, flattened by jq to lines of words separated by tabs: the test machine has it anyway. */
static const char plan_filter[] =
        "(.root.path | \"root\\t\" + .), (.root | \"readonly\\t\" + ((.readonly // false) | tostring)),"
        "(.process.args[] | \"arg\\t\" + gsub(\"\\n\"; \"\\u0001\") | gsub(\"\\t\"; \"\\u0002\") | sub(\"\\u0002\"; \"\\t\")),"
        "(.process.env[]? | \"env\\t\" + .), (.process.cwd | \"cwd\\t\" + .), \"uid\\t\\(.process.user.uid)\","
        "(if .process.terminal then \"terminal\\t1\" else empty end),"
        "(if .process.oomScoreAdj then \"oom\\t\\(.process.oomScoreAdj)\" else empty end),"
        "(.linux.namespaces[] | select(.path | not) | \"ns\\t\" + .type),"
        "(.mounts[]? | \"mount\\t\" + .destination + \"\\t\" + (.type // \"bind\") + \"\\t\" + (.source // \"none\") + \"\\t\""
        " + ((.options // []) | join(\",\"))),"
        "((.linux.sysctl // {}) | to_entries[] | \"sysctl\\t\" + (.key | gsub(\"[.]\"; \"/\")) + \"\\t\" + .value),"
        "(.linux.maskedPaths[]? | \"mask\\t\" + .), (.linux.readonlyPaths[]? | \"ro\\t\" + .)";

struct line {
        char *field[FIELDS_MAX];
};

static struct line plan[LINES_MAX];
static size_t n_plan = 0;
static int terminal = -1; /* the leader end */
static char terminal_name[64];
static int parent = -1; /* socket to the process that will copy the terminal */

static void die(const char *what) {
        fprintf(stderr, "careless: %s: %s\n", what, strerror(errno));
        exit(1);
}

static char *format(const char *form, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *form, ...) {
        char *text = NULL;
        va_list arguments;

        va_start(arguments, form);
        if (vasprintf(&text, form, arguments) < 0)
                die("memory");
        va_end(arguments);
        return text;
}

/* ------------------------------------------------------------------ configuration */

static void read_plan(const char *bundle) {
        char *command = format("jq -r '%s' '%s/config.json'", plan_filter, bundle);
        FILE *out = popen(command, "re");
        char *text = NULL;
        size_t size = 0;

        if (!out)
                die("jq");
        while (n_plan < LINES_MAX && getline(&text, &size, out) > 0) {
                char *rest = strdup(text);
                rest[strcspn(rest, "\n")] = 0;
                for (char *c = rest; *c; c++)
                        *c = *c == 1 ? '\n' : *c;
                for (size_t i = 0; i < FIELDS_MAX && rest; i++)
                        plan[n_plan].field[i] = strsep(&rest, "\t");
                for (char *c = plan[n_plan].field[1]; c && *c; c++)
                        *c = *c == 2 ? '\t' : *c;
                n_plan++;
        }
        if (pclose(out) != 0 || n_plan == 0)
                exit(1);
}

/* The next line of a kind after *at, NULL at the end. */
static const struct line *next(const char *kind, size_t *at) {
        while (*at < n_plan) {
                const struct line *line = &plan[(*at)++];
                if (strcmp(line->field[0], kind) == 0)
                        return line;
        }
        return NULL;
}

static const char *get(const char *kind) {
        size_t at = 0;
        const struct line *line = next(kind, &at);
        return line ? line->field[1] : NULL;
}

/* ------------------------------------------------------------------ file systems */

static void make_directories(const char *path) {
        char *copy = strdup(path);
        for (char *slash = copy + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = 0;
                mkdir(copy, 0755);
                *slash = '/';
        }
        mkdir(copy, 0755);
        free(copy);
}

static void make_file(const char *path) {
        char *copy = strdup(path);
        *strrchr(copy, '/') = 0;
        make_directories(copy);
        int fd = open(path, O_CREAT | O_WRONLY, 0644);
        if (fd >= 0)
                close(fd);
        free(copy);
}

/* Splits options into kernel flags and data. */
static unsigned long parse_options(const char *options, char *data, size_t size) {
        static const struct {
                const char *name;
                unsigned long flag;
        } known[] = { { "ro", MS_RDONLY }, { "nosuid", MS_NOSUID }, { "noexec", MS_NOEXEC }, { "nodev", MS_NODEV },
                      { "bind", MS_BIND }, { "rbind", MS_BIND | MS_REC }, { "relatime", 0 }, { "strictatime", 0 }, { "rw", 0 },
                      { "rprivate", 0 }, { "private", 0 } };
        char *copy = strdup(options), *rest = copy, *word;
        unsigned long flags = 0;

        data[0] = 0;
        while ((word = strsep(&rest, ","))) {
                size_t i = 0;
                while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i].name, word) != 0)
                        i++;
                if (i < sizeof(known) / sizeof(known[0]))
                        flags |= known[i].flag;
                else if (*word && strlen(data) + strlen(word) + 2 < size)
                        strcat(strcat(data, data[0] ? "," : ""), word);
        }
        free(copy);
        return flags;
}

static void do_mount(const char *root, const struct line *line) {
        const char *type = line->field[2], *source = line->field[3];
        char *where = format("%s%s", root, line->field[1]), data[512];
        unsigned long flags = parse_options(line->field[4] ? line->field[4] : "", data, sizeof(data));
        struct stat st;

        if (strcmp(type, "cgroup") == 0) {
                make_directories(where);
                if (mount("/sys/fs/cgroup", where, NULL, MS_BIND | MS_REC, NULL) < 0)
                        die(where);
                return;
        }
        if (flags & MS_BIND && stat(source, &st) == 0 && !S_ISDIR(st.st_mode))
                make_file(where);
        else
                make_directories(where);
        if (mount(source, where, flags & MS_BIND ? NULL : type, flags & MS_BIND ? flags & (MS_BIND | MS_REC) : flags, data) < 0)
                die(where);
        if (flags & MS_BIND && flags & MS_RDONLY)
                mount(NULL, where, NULL, MS_REMOUNT | MS_BIND | (flags & ~(unsigned long) MS_REC), NULL);
}

static int is_volume(const char *destination) {
        size_t at = 0;
        const struct line *line;
        while ((line = next("mount", &at)))
                if (strcmp(line->field[1], destination) == 0 && strstr(line->field[4], "bind"))
                        return 1;
        return 0;
}

static void set_up_dev(const char *root) {
        static const struct {
                const char *name;
                unsigned minor;
        } nodes[] = { { "null", 3 }, { "zero", 5 }, { "full", 7 }, { "random", 8 }, { "urandom", 9 } };
        static const char *const links[][2] = { { "/proc/self/fd", "fd" }, { "/proc/self/fd/0", "stdin" },
                                                { "/proc/self/fd/1", "stdout" }, { "/proc/self/fd/2", "stderr" },
                                                { "pts/ptmx", "ptmx" } };

        if (is_volume("/dev"))
                return;
        for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
                (void) !mknod(format("%s/dev/%s", root, nodes[i].name), S_IFCHR | 0666, makedev(1, nodes[i].minor));
        unlink(format("%s/dev/ptmx", root));
        for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
                (void) !symlink(links[i][0], format("%s/dev/%s", root, links[i][1]));
}

static void write_file(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, text, strlen(text)) < 0)
                die(path);
        close(fd);
}

static void mask(const char *path) {
        struct stat st;
        if (stat(path, &st) < 0)
                return;
        if (S_ISDIR(st.st_mode))
                mount("tmpfs", path, "tmpfs", MS_RDONLY, NULL);
        else
                mount("/dev/null", path, NULL, MS_BIND, NULL);
}

static void open_terminal(const char *multiplexer) {
        int number = 0, unlocked = 0, fd = open(multiplexer, O_RDWR | O_NOCTTY);
        if (fd < 0)
                return;
        if (ioctl(fd, TIOCSPTLCK, &unlocked) < 0 || ioctl(fd, TIOCGPTN, &number) < 0)
                die("terminal");
        terminal = fd;
        snprintf(terminal_name, sizeof(terminal_name), "/dev/pts/%d", number);
}

/* Takes a terminal of the container's, else the host's, and hands its leader end to the parent, which fetches it. */
static void set_up_console(void) {
        char answer;

        open_terminal("/dev/pts/ptmx");
        if (write(parent, &terminal, sizeof(terminal)) != sizeof(terminal) || read(parent, &answer, 1) != 1)
                die("parent");
        make_file("/dev/console");
        if (mount(terminal_name, "/dev/console", NULL, MS_BIND, NULL) < 0)
                die("/dev/console");
        setsid();
        int fd = open("/dev/console", O_RDWR);
        if (fd < 0)
                die("/dev/console");
        ioctl(fd, TIOCSCTTY, 0);
        for (int i = 0; i < 3; i++)
                dup2(fd, i);
        if (fd > 2)
                close(fd);
}

static void set_up_root(void) {
        const char *root = get("root");
        const struct line *line;
        size_t at = 0;

        mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
        if (mount(root, root, NULL, MS_BIND | MS_REC, NULL) < 0)
                die(root);
        set_up_dev(root); /* in the image, as it stands there, and again in what the mounts put over it */
        while ((line = next("mount", &at)))
                do_mount(root, line);
        set_up_dev(root);

        if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
                die("pivot_root");
        for (at = 0; (line = next("sysctl", &at));)
                write_file(format("/proc/sys/%s", line->field[1]), line->field[2]);
        if (get("oom"))
                write_file("/proc/self/oom_score_adj", get("oom"));
        if (get("terminal"))
                set_up_console();
        for (at = 0; (line = next("mask", &at));)
                mask(line->field[1]);
        for (at = 0; (line = next("ro", &at));)
                if (mount(line->field[1], line->field[1], NULL, MS_BIND | MS_REC, NULL) == 0)
                        mount(NULL, line->field[1], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
        if (strcmp(get("readonly"), "true") == 0)
                mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
}

/* ------------------------------------------------------------------ processes */

/* Everything permitted becomes inheritable; nothing is dropped. */
static void spoil_capabilities(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2];

        if (syscall(SYS_capget, &header, data) < 0)
                die("capget");
        data[0].inheritable = data[0].permitted;
        data[1].inheritable = data[1].permitted;
        if (syscall(SYS_capset, &header, data) < 0)
                die("capset");
}

static void become(const char *uid, const char *cwd, char **args) {
        if (chdir(cwd) < 0)
                die(cwd);
        spoil_capabilities();
        if (setresgid((gid_t) atoi(uid), (gid_t) atoi(uid), (gid_t) atoi(uid)) < 0 ||
            setresuid((uid_t) atoi(uid), (uid_t) atoi(uid), (uid_t) atoi(uid)) < 0)
                die("user");
        prctl(PR_SET_DUMPABLE, 1);
        setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
        execvp(args[0], args);
        die(args[0]);
}

static int status_of(pid_t pid) {
        int status;
        if (waitpid(pid, &status, 0) < 0)
                return 1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void start_process(void) {
        char *args[LINES_MAX] = { 0 };
        const struct line *line;
        size_t at = 0;

        if (unshare(CLONE_NEWNS) < 0)
                die("mount namespace");
        set_up_root();
        for (size_t i = 0; (line = next("arg", &at)); i++)
                args[i] = line->field[1];
        become(get("uid"), get("cwd"), args);
}

static int namespace_flags(void) {
        static const struct {
                const char *name;
                int flag;
        } known[] = { { "pid", CLONE_NEWPID }, { "network", CLONE_NEWNET }, { "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS } };
        const struct line *line;
        size_t at = 0;
        int flags = 0;

        while ((line = next("ns", &at)))
                for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
                        if (strcmp(line->field[1], known[i].name) == 0)
                                flags |= known[i].flag;
        return flags;
}

/* Fetches the terminal's leader end from the child and copies what it shows until the child has ended. */
static void copy_terminal(int child, pid_t pid) {
        char buf[4096];
        int number;

        if (read(child, &number, sizeof(number)) != sizeof(number))
                return;
        int process = (int) syscall(SYS_pidfd_open, pid, 0);
        int fd = (int) syscall(SYS_pidfd_getfd, process, number, 0);
        if (fd < 0 || write(child, "", 1) != 1)
                return;
        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                siginfo_t info = { 0 };
                ssize_t n = poll(&p, 1, 50) > 0 ? read(fd, buf, sizeof(buf)) : 0;
                if (n > 0)
                        (void) !write(1, buf, (size_t) n);
                else if (n < 0 || (waitid(P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid))
                        return;
        }
}

/* ------------------------------------------------------------------ verbs */

static char *record(const char *state, const char *id) { return format("%s/%s/pid", state, id); }

static pid_t read_record(const char *state, const char *id) {
        char text[32] = "";
        int fd = open(record(state, id), O_RDONLY | O_CLOEXEC);
        if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
                die(id);
        close(fd);
        if (atoi(text) <= 1)
                exit(1);
        return (pid_t) atoi(text);
}

static int run(const char *state, const char *bundle, const char *id, int detach) {
        read_plan(bundle);
        make_directories(format("%s/%s", state, id));
        if (chdir(bundle) < 0)
                die(bundle);
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                die("socketpair");
        if (get("terminal"))
                open_terminal("/dev/ptmx");
        if (unshare(namespace_flags()) < 0)
                die("namespaces");
        pid_t pid = fork();
        if (pid < 0)
                die("fork");
        if (pid == 0) {
                close(pair[0]);
                parent = pair[1];
                start_process();
        }
        close(pair[1]);
        make_file(record(state, id));
        write_file(record(state, id), format("%d", (int) pid));
        if (detach && terminal < 0) {
                struct pollfd ask = { .fd = pair[0] }; /* hangs up when the child executes what it was made for, or ends */
                poll(&ask, 1, 5000);
        }
        if (detach)
                return 0;
        if (terminal >= 0)
                copy_terminal(pair[0], pid);
        int status = status_of(pid);
        unlink(record(state, id));
        rmdir(format("%s/%s", state, id));
        return status;
}

static int exec_in(pid_t pid, const char *uid, const char *cwd, char **args) {
        static const char *const namespaces[] = { "ipc", "uts", "net", "pid", "mnt" };
        int fds[5];

        for (size_t i = 0; i < 5; i++) {
                fds[i] = open(format("/proc/%d/ns/%s", (int) pid, namespaces[i]), O_RDONLY | O_CLOEXEC);
                if (fds[i] < 0)
                        die("namespace");
        }
        for (size_t i = 0; i < 5; i++)
                if (setns(fds[i], 0) < 0)
                        die("setns");
        pid_t child = fork();
        if (child == 0)
                become(uid, cwd, args);
        return status_of(child);
}

static int delete(const char *state, const char *id) {
        pid_t pid = read_record(state, id);
        kill(pid, SIGKILL);
        unlink(record(state, id));
        rmdir(format("%s/%s", state, id));
        return 0;
}

int main(int argc, char **argv) {
        const char *state = "/run/careless", *bundle = ".", *uid = "0", *cwd = "/", *verb = NULL, *id = NULL;
        int detach = 0, at = 1;

        for (; at < argc && !id; at++) {
                const char *word = argv[at];
                int more = at + 1 < argc;
                if (strcmp(word, "--root") == 0 && more)
                        state = argv[++at];
                else if ((strcmp(word, "--bundle") == 0 || strcmp(word, "-b") == 0) && more)
                        bundle = argv[++at];
                else if ((strcmp(word, "--user") == 0 || strcmp(word, "-u") == 0) && more)
                        uid = argv[++at];
                else if (strcmp(word, "--cwd") == 0 && more)
                        cwd = argv[++at];
                else if ((strcmp(word, "--cap") == 0 || strcmp(word, "--rootless") == 0 || strcmp(word, "--log") == 0) && more)
                        at++;
                else if (strcmp(word, "--detach") == 0 || strcmp(word, "-d") == 0)
                        detach = 1;
                else if (word[0] == '-')
                        continue;
                else if (!verb)
                        verb = word;
                else
                        id = word;
        }
        if (!verb || !id)
                return 1;
        /* A descriptor of the host's that no one needs and no one closes, as with CVE-2024-21626. */
        int leak = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY);
        if (leak < 0)
                die("/sys/fs/cgroup");

        if (strcmp(verb, "run") == 0)
                return run(state, bundle, id, detach);
        if (strcmp(verb, "exec") == 0)
                return exec_in(read_record(state, id), uid, cwd, argv + at);
        if (strcmp(verb, "delete") == 0)
                return delete(state, id);
        if (strcmp(verb, "state") == 0)
                return printf("{\"id\":\"%s\",\"status\":\"running\",\"pid\":%d}\n", id, (int) read_record(state, id)) < 0;
        return 1;
}
