/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile: tries one way out of a container, or one way to use up what all share. Static, so that it runs in any root file
 * system. Whatever succeeds does no harm: what exists is opened but not written, what is set is set to what it was.
 *
 *   hostile WAY [ARGUMENT…]     WAY: a name of the table at the end
 *
 * It prints "HIT: …" and ends with 0 if the way is open, else the name of the error and ends with 1.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int hit(const char *form, ...) __attribute__((format(printf, 1, 2)));
static int hit(const char *form, ...) {
        va_list arguments;

        va_start(arguments, form);
        printf("HIT: ");
        vprintf(form, arguments);
        puts("");
        va_end(arguments);
        return 0;
}

static int stopped(const char *at) {
        printf("stopped: %s: %s\n", at, strerrorname_np(errno));
        return 1;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* open FILE r|w: opens it, without waiting. */
static int way_open(char **args) {
        int fd = open(args[0], (args[1][0] == 'w' ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        return fd < 0 ? stopped(args[0]) : hit("opened %s", args[0]);
}

/* handle-of FILE: prints its handle, as who guesses it would. */
static int way_handle_of(char **args) {
        struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
        int mount_id;

        handle->handle_bytes = MAX_HANDLE_SZ;
        if (name_to_handle_at(AT_FDCWD, args[0], handle, &mount_id, 0) < 0)
                return stopped("name_to_handle_at");
        printf("%d:", handle->handle_type);
        for (unsigned i = 0; i < handle->handle_bytes; i++)
                printf("%02x", handle->f_handle[i]);
        puts("");
        return 0;
}

/* handle MOUNTED HANDLE: reads the file of that handle in the file system that MOUNTED is a file of. */
static int way_handle(char **args) {
        struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
        char *hex = NULL, text[64];
        int mounted = open(args[0], O_RDONLY | O_CLOEXEC), fd;
        ssize_t n;

        handle->handle_type = (int) strtol(args[1], &hex, 10);
        for (hex++; hex[0] && hex[1] && handle->handle_bytes < MAX_HANDLE_SZ; hex += 2) {
                unsigned byte = 0;
                sscanf(hex, "%2x", &byte);
                handle->f_handle[handle->handle_bytes++] = (unsigned char) byte;
        }
        if (mounted < 0)
                return stopped(args[0]);
        fd = open_by_handle_at(mounted, handle, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return stopped("open_by_handle_at");
        n = read(fd, text, sizeof(text) - 1);
        return n < 0 ? stopped("read") : hit("read %.*s", (int) n, text);
}

/* mknod MAJOR MINOR b|c r|w: makes a node of that device and opens it. */
static int way_mknod(char **args) {
        const char *name = "/tmp/hostile-node";
        int fd;

        unlink(name);
        if (mknod(name, (args[2][0] == 'b' ? S_IFBLK : S_IFCHR) | 0600, makedev((unsigned) atoi(args[0]), (unsigned) atoi(args[1]))) < 0)
                return stopped("mknod");
        fd = open(name, (args[3][0] == 'w' ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
        return fd < 0 ? stopped("open") : hit("opened the device %s:%s", args[0], args[1]);
}

/* climb SECRET: out of the root by a second chroot(2) and a directory outside it; prints the file there. */
static int way_climb(char **args) {
        char text[64];
        int outside = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
        ssize_t n;

        mkdir("/tmp/hostile-root", 0700);
        if (outside < 0 || chroot("/tmp/hostile-root") < 0 || fchdir(outside) < 0)
                return stopped("chroot");
        for (int i = 0; i < 64; i++)
                if (chdir("..") < 0)
                        return stopped("..");
        if (chroot(".") < 0)
                return stopped("chroot .");
        fd = open(args[0], O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return stopped(args[0]);
        n = read(fd, text, sizeof(text) - 1);
        return hit("read %.*s", (int) n, text);
}

/* descriptors: whether this process was born with more than its three. */
static int way_descriptors(char **args) {
        DIR *fds = opendir("/proc/self/fd");
        struct dirent *entry;

        (void) args;
        while (fds && (entry = readdir(fds))) {
                char path[300], target[256] = "";
                if (atoi(entry->d_name) <= 2 || atoi(entry->d_name) == dirfd(fds))
                        continue;
                snprintf(path, sizeof(path), "/proc/self/fd/%.20s", entry->d_name);
                (void) !readlink(path, target, sizeof(target) - 1);
                return hit("descriptor %s is %s", entry->d_name, target);
        }
        errno = ENOENT;
        return stopped("descriptors");
}

/* rights: whether it is root, as a program with the setuid bit. */
static int way_rights(char **args) {
        (void) args;
        errno = EPERM;
        return geteuid() == 0 ? hit("root") : stopped("geteuid");
}

/* enter PID SECONDS: as a careless runtime, into the container of that process, where it shows its executable in /proc. */
static int way_enter(char **args) {
        long process = syscall(SYS_pidfd_open, atoi(args[0]), 0);

        if (process < 0 || setns((int) process, CLONE_NEWNS | CLONE_NEWPID) < 0)
                return stopped("setns");
        pid_t pid = fork();
        if (pid == 0) {
                sleep((unsigned) atoi(args[1]));
                _exit(0);
        }
        return pid < 0 || waitpid(pid, NULL, 0) < 0 ? stopped("fork") : 0;
}

/* ---- calls of the kernel ------------------------------------------------------------------------ */

static int way_userfaultfd(char **args) {
        (void) args;
        long fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
        return fd < 0 ? stopped("userfaultfd") : hit("faults are handled here");
}

static int way_io_uring(char **args) {
        struct io_uring_params params = { 0 };

        (void) args;
        long fd = syscall(SYS_io_uring_setup, 4, &params);
        return fd < 0 ? stopped("io_uring_setup") : hit("calls past every filter");
}

static int way_bpf(char **args) {
        union bpf_attr attr = { .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 1 };

        (void) args;
        long fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
        return fd < 0 ? stopped("bpf") : hit("a map for programs in the kernel");
}

static int way_perf(char **args) {
        struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_CONTEXT_SWITCHES, .disabled = 1 };

        (void) args;
        long fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0);
        return fd < 0 ? stopped("perf_event_open") : hit("all processes are watched");
}

/* An unknown flag is looked at after the privilege: EINVAL is from behind the check. */
static int way_kexec(char **args) {
        (void) args;
        long r = syscall(SYS_kexec_load, 0, 0, NULL, 0x4000);
        return r < 0 && errno == EINVAL ? hit("a kernel can be loaded") : stopped("kexec_load");
}

static int way_module(char **args) {
        (void) args;
        long r = syscall(SYS_finit_module, -1, "", 0);
        return r < 0 && errno == EBADF ? hit("a module can be loaded") : stopped("finit_module");
}

/* What ctrl-alt-del does is set to what it does. */
static int way_reboot(char **args) {
        FILE *file = fopen("/proc/sys/kernel/ctrl-alt-del", "re");
        int now = 0;

        (void) args;
        if (file && fscanf(file, "%d", &now) != 1)
                return stopped("ctrl-alt-del");
        return reboot(now ? RB_ENABLE_CAD : RB_DISABLE_CAD) < 0 ? stopped("reboot") : hit("set what ctrl-alt-del does");
}

/* The time zone of the kernel is set to what it is; the check is the clock's. */
static int way_settime(char **args) {
        struct timezone zone;

        (void) args;
        if (syscall(SYS_gettimeofday, NULL, &zone) < 0 || syscall(SYS_settimeofday, NULL, &zone) < 0)
                return stopped("settimeofday");
        return hit("set the clock");
}

static int way_swap(char **args) {
        long r = syscall(SYS_swapon, args[0], 0);
        return r < 0 && errno != EPERM && errno != ENOSYS ? hit("swapon looks at %s", args[0]) : stopped("swapon");
}

static int way_syslog(char **args) {
        (void) args;
        char text[256];
        long r = syscall(SYS_syslog, 3 /* READ_ALL */, text, sizeof(text));
        return r < 0 ? stopped("syslog") : hit("read the kernel's messages");
}

static int way_ioperm(char **args) {
        (void) args;
#ifdef SYS_ioperm
        return syscall(SYS_ioperm, 0x80, 1, 1) < 0 ? stopped("ioperm") : hit("ports of the hardware");
#else
        errno = ENOSYS;
        return stopped("ioperm");
#endif
}

/* socket FAMILY: of a family by number. */
static int way_socket(char **args) {
        int fd = socket(atoi(args[0]), SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (fd < 0)
                fd = socket(atoi(args[0]), SOCK_STREAM | SOCK_CLOEXEC, 0);
        return fd < 0 ? stopped("socket") : hit("a socket of family %s", args[0]);
}

/* ---- keys ------------------------------------------------------------------------------------------ */

/* Whoever links a ring that he may link into his session's possesses what is in it (keyrings(7)). */
static long ring_of(const char *word) {
        if (word[0] == 's')
                return KEY_SPEC_SESSION_KEYRING;
        syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING);
        return KEY_SPEC_USER_KEYRING;
}

/* key-add user|session NAME TEXT */
static int way_key_add(char **args) {
        long key = syscall(SYS_add_key, "user", args[1], args[2], strlen(args[2]), ring_of(args[0]));
        if (key < 0)
                return stopped("add_key");
        printf("%ld\n", key);
        return 0;
}

/* key-remove user|session NAME */
static int way_key_remove(char **args) {
        long key = syscall(SYS_keyctl, KEYCTL_SEARCH, ring_of(args[0]), "user", args[1], 0);
        if (key < 0 || syscall(SYS_keyctl, KEYCTL_UNLINK, key, ring_of(args[0])) < 0)
                return stopped("keyctl");
        return 0;
}

/* key user|session NAME: reads it. */
static int way_key(char **args) {
        char text[64] = "";
        long key = syscall(SYS_keyctl, KEYCTL_SEARCH, ring_of(args[0]), "user", args[1], 0);
        if (key < 0 || syscall(SYS_keyctl, KEYCTL_READ, key, text, sizeof(text) - 1) < 0)
                return stopped("keyctl");
        return hit("key: %s", text);
}

/* with-session-key NAME TEXT COMMAND…: a session keyring of its own with that key, as a login has. */
static int way_with_session_key(char **args) {
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
            syscall(SYS_add_key, "user", args[0], args[1], strlen(args[1]), KEY_SPEC_SESSION_KEYRING) < 0)
                return stopped("session keyring");
        execvp(args[2], args + 2);
        return stopped(args[2]);
}

/* ---- namespaces --------------------------------------------------------------------------------------- */

static void write_text(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd >= 0) {
                (void) !write(fd, text, strlen(text));
                close(fd);
        }
}

/* A user namespace, and others by their flags, in which this process is root. */
static int nest(int flags) {
        char map[64];
        uid_t uid = getuid();

        if (unshare(CLONE_NEWUSER | flags) < 0)
                return -1;
        write_text("/proc/self/setgroups", "deny");
        snprintf(map, sizeof(map), "0 %u 1", uid);
        write_text("/proc/self/uid_map", map);
        write_text("/proc/self/gid_map", map);
        return 0;
}

static int way_user_namespace(char **args) {
        (void) args;
        return nest(0) < 0 ? stopped("unshare") : hit("all capabilities in a namespace of its own");
}

/* nested-mount TYPE OPTIONS: that file system in namespaces of its own, fresh and without masks. */
static int way_nested_mount(char **args) {
        int status;

        mkdir("/tmp/nested", 0700);
        mkdir("/tmp/up", 0700);
        mkdir("/tmp/work", 0700);
        if (nest(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC) < 0)
                return stopped("unshare");
        pid_t pid = fork();
        if (pid == 0) {
                if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                        _exit(stopped("/"));
                if (mount("nested", "/tmp/nested", args[0], 0, args[1]) < 0) {
                        int r = stopped("mount");
                        fflush(stdout);
                        _exit(r);
                }
                int r = hit("mounted %s", args[0]);
                fflush(stdout);
                _exit(r);
        }
        if (pid < 0 || waitpid(pid, &status, 0) < 0)
                return stopped("fork");
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* uncover FILE [nested]: takes what is mounted on FILE away; nested: as root of namespaces of its own. */
static int way_uncover(char **args) {
        if (args[1] && nest(CLONE_NEWNS) < 0)
                return stopped("unshare");
        return umount2(args[0], MNT_DETACH) < 0 ? stopped("umount") : hit("took the mask from %s", args[0]);
}

/* mount TYPE SOURCE DIR OPTIONS */
static int way_mount(char **args) {
        mkdir(args[2], 0755);
        unsigned long flags = strcmp(args[0], "bind") == 0 ? MS_BIND : 0;
        return mount(args[1], args[2], flags ? NULL : args[0], flags, args[3]) < 0 ? stopped("mount") : hit("mounted %s", args[2]);
}

/* writable DIR: takes read-only from the mount there. */
static int way_writable(char **args) {
        if (mount(NULL, args[0], NULL, MS_REMOUNT | MS_BIND, NULL) < 0)
                return stopped("remount");
        return hit("made %s writable", args[0]);
}

/* ---- other processes ---------------------------------------------------------------------------------- */

/* The first process called so (args[0], or by its number, #N); 0: none. */
static pid_t find_process(const char *name) {
        DIR *proc;
        struct dirent *entry;

        if (name[0] == '#')
                return (pid_t) atoi(name + 1);
        proc = opendir("/proc");
        while (proc && (entry = readdir(proc))) {
                char path[300], comm[32] = "";
                snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
                FILE *file = fopen(path, "re");
                if (!file)
                        continue;
                if (fgets(comm, sizeof(comm), file))
                        comm[strcspn(comm, "\n")] = 0;
                fclose(file);
                if (strcmp(comm, name) == 0)
                        return (pid_t) atoi(entry->d_name);
        }
        errno = ESRCH;
        return 0;
}

/* ptrace NAME: seizes it, which stops nothing, and lets go. */
static int way_ptrace(char **args) {
        pid_t pid = find_process(args[0]);
        if (!pid || ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
                return stopped("ptrace");
        return hit("traced %d", (int) pid);
}

/* memory NAME: reads some of its memory. */
static int way_memory(char **args) {
        pid_t pid = find_process(args[0]);
        char path[64], bytes[16], line[256];
        unsigned long from = 0;

        if (!pid)
                return stopped("process");
        snprintf(path, sizeof(path), "/proc/%d/maps", (int) pid);
        FILE *file = fopen(path, "re");
        if (file && fgets(line, sizeof(line), file))
                from = strtoul(line, NULL, 16);
        struct iovec here = { bytes, sizeof(bytes) }, there = { (void *) from, sizeof(bytes) };
        if (process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof(bytes))
                return stopped("process_vm_readv");
        return hit("read the memory of %d", (int) pid);
}

/* signal NAME: signal 0, which is checked and not sent. */
static int way_signal(char **args) {
        pid_t pid = find_process(args[0]);
        if (!pid || kill(pid, 0) < 0)
                return stopped("kill");
        return hit("%d can be killed", (int) pid);
}

/* steal NAME: a copy of its first descriptors. */
static int way_steal(char **args) {
        pid_t pid = find_process(args[0]);
        long process = pid ? syscall(SYS_pidfd_open, pid, 0) : -1;
        if (process < 0)
                return stopped("pidfd_open");
        for (int number = 0; number < 16; number++)
                if (syscall(SYS_pidfd_getfd, process, number, 0) >= 0)
                        return hit("descriptor %d of %d", number, (int) pid);
        return stopped("pidfd_getfd");
}

/* join NAME SECRET: enters its mount namespace and reads a file there. */
static int way_join(char **args) {
        pid_t pid = find_process(args[0]);
        char path[64], text[64];

        snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int) pid);
        int namespace = pid ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (namespace < 0)
                return stopped("ns/mnt");
        if (setns(namespace, CLONE_NEWNS) < 0)
                return stopped("setns");
        int fd = open(args[1], O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        return n < 0 ? stopped(args[1]) : hit("read %.*s", (int) n, text);
}

/* root NAME SECRET: reads a file by way of /proc/PID/root, cwd and fd. */
static int way_root(char **args) {
        static const char *const ways[] = { "root", "cwd/../../../../../..", "fd/0" };
        pid_t pid = find_process(args[0]);

        for (size_t i = 0; pid && i < sizeof(ways) / sizeof(ways[0]); i++) {
                char path[512], text[64];
                snprintf(path, sizeof(path), "/proc/%d/%s%s", (int) pid, ways[i], args[1]);
                int fd = open(path, O_RDONLY | O_CLOEXEC);
                ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
                if (n >= 0)
                        return hit("read %.*s", (int) n, text);
        }
        return stopped("root");
}

/* shared-memory KEY: attaches a System V segment that somebody made. */
static int way_shared_memory(char **args) {
        int id = shmget((key_t) strtol(args[0], NULL, 0), 0, 0);
        char *at = id < 0 ? (char *) -1 : shmat(id, NULL, SHM_RDONLY);
        return at == (char *) -1 ? stopped("shm") : hit("shared: %.32s", at);
}

/* shared-memory-make KEY TEXT, shared-memory-remove KEY: the owner's side. */
static int way_shared_memory_make(char **args) {
        int id = shmget((key_t) strtol(args[0], NULL, 0), 4096, IPC_CREAT | IPC_EXCL | 0600);
        char *at = id < 0 ? (char *) -1 : shmat(id, NULL, 0);
        if (at == (char *) -1)
                return stopped("shm");
        snprintf(at, 4096, "%s", args[1]);
        return 0;
}

static int way_shared_memory_remove(char **args) {
        int id = shmget((key_t) strtol(args[0], NULL, 0), 0, 0);
        return id < 0 || shmctl(id, IPC_RMID, NULL) < 0 ? stopped("shm") : 0;
}

/* ---- sockets and terminals ------------------------------------------------------------------------------ */

/* unix PATH: connects, and is not turned away; @NAME: an abstract one. */
static int way_unix(char **args) {
        static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char *slash = strrchr(args[0], '/'), *name = slash ? slash + 1 : args[0];
        size_t length = strlen(name);

        /* a path may be longer than an address */
        if (slash) {
                *slash = 0;
                if (chdir(args[0]) < 0)
                        return stopped(args[0]);
        }
        snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
        if (name[0] == '@')
                address.sun_path[0] = 0;
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
                int fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC, 0);
                if (connect(fd, (struct sockaddr *) &address, (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length)) == 0) {
                        char byte;
                        struct timeval patience = { .tv_usec = 300000 };
                        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
                        if (recv(fd, &byte, 1, MSG_PEEK) == 0) {
                                errno = ECONNRESET; /* turned away */
                                return stopped("connect");
                        }
                        return hit("connected to %s", name);
                }
                if (errno != EPROTOTYPE)
                        return stopped("connect");
        }
        return stopped("connect");
}

/* listen-unix NAME: an abstract socket that waits for 60 s. */
static int way_listen_unix(char **args) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s", args[0] + 1);
        if (bind(fd, (struct sockaddr *) &address, (socklen_t) (offsetof(struct sockaddr_un, sun_path) + strlen(args[0]))) < 0 || listen(fd, 4) < 0)
                return stopped("listen");
        sleep(60);
        return 0;
}

/* type TEXT: puts it into the queue of every terminal that this process has, as if it had been typed. */
static int way_type(char **args) {
        static const char *const names[] = { "/dev/tty", "/dev/console", "/dev/stdin", "/dev/stdout" };
        int typed = 0;

        for (int i = -3; i < (int) (sizeof(names) / sizeof(names[0])); i++) {
                int fd = i < 0 ? i + 3 : open(names[i], O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
                int works = fd >= 0;
                for (const char *c = args[0]; works && *c; c++)
                        works = ioctl(fd, TIOCSTI, c) == 0;
                typed += works;
        }
        return typed ? hit("typed into %d terminals", typed) : stopped("TIOCSTI");
}

/* ---- frames ------------------------------------------------------------------------------------------------ */

struct frame {
        unsigned char bytes[512];
        size_t length;
};

static void add(struct frame *frame, const void *bytes, size_t length) {
        memcpy(frame->bytes + frame->length, bytes, length);
        frame->length += length;
}

static void add_number(struct frame *frame, unsigned long value, size_t length) {
        while (length--)
                frame->bytes[frame->length++] = (unsigned char) (value >> (8 * length));
}

static uint32_t sum(const unsigned char *bytes, size_t length, uint32_t sum) {
        for (size_t i = 0; i < length; i++)
                sum += i % 2 ? bytes[i] : (uint32_t) bytes[i] << 8;
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return sum;
}

/* Sets the checksum AT of what begins FROM. */
static void finish(struct frame *frame, size_t from, size_t length, size_t at, uint32_t begun) {
        uint32_t value = ~sum(frame->bytes + from, length, begun);
        frame->bytes[at] = (unsigned char) (value >> 8);
        frame->bytes[at + 1] = (unsigned char) value;
}

/* The frame's beginning: to TO (text), from the interface's own address, which goes to RET_OWN. */
static int begin_frame(struct frame *frame, const char *interface, const char *to, int type, unsigned char *ret_own) {
        struct ifreq request = { 0 };
        unsigned char target[6];
        int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -1;
        snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
        if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
                return -1;
        memcpy(ret_own, request.ifr_hwaddr.sa_data, 6);
        sscanf(to, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", target, target + 1, target + 2, target + 3, target + 4, target + 5);
        add(frame, target, 6);
        add(frame, ret_own, 6);
        add_number(frame, (unsigned long) type, 2);
        return fd;
}

static int send_frame(int fd, const char *interface, const struct frame *frame) {
        struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_ifindex = (int) if_nametoindex(interface), .sll_halen = 6 };

        memcpy(address.sll_addr, frame->bytes, 6);
        for (int i = 0; i < 3; i++)
                if (sendto(fd, frame->bytes, frame->length, 0, (struct sockaddr *) &address, sizeof(address)) < 0)
                        return stopped("send");
        puts("sent");
        return 0;
}

/* datagram INTERFACE MAC FROM TO PORT TEXT: of UDP, whatever the routes say. */
static int way_datagram(char **args) {
        struct frame frame = { .length = 0 };
        unsigned char own[6];
        struct in_addr from, to;
        size_t length = strlen(args[5]);
        int fd = begin_frame(&frame, args[0], args[1], 0x0800, own);

        if (fd < 0)
                return stopped("packet socket");
        inet_aton(args[2], &from);
        inet_aton(args[3], &to);
        add_number(&frame, 0x4500, 2);
        add_number(&frame, 28 + length, 2);
        add_number(&frame, 0, 4);
        add_number(&frame, 0x4011, 2);
        add_number(&frame, 0, 2);
        add(&frame, &from, 4);
        add(&frame, &to, 4);
        finish(&frame, 14, 20, 24, 0);
        add_number(&frame, 40000, 2);
        add_number(&frame, (unsigned long) atoi(args[4]), 2);
        add_number(&frame, 8 + length, 2);
        add_number(&frame, 0, 2); /* no checksum */
        add(&frame, args[5], length);
        return send_frame(fd, args[0], &frame);
}

/* claim INTERFACE ADDRESS: tells all that the address is here (ARP). */
static int way_claim(char **args) {
        struct frame frame = { .length = 0 };
        unsigned char own[6];
        struct in_addr address;
        int fd = begin_frame(&frame, args[0], "ff:ff:ff:ff:ff:ff", 0x0806, own);

        if (fd < 0)
                return stopped("packet socket");
        inet_aton(args[1], &address);
        add_number(&frame, 0x0001080006040002, 8);
        add(&frame, own, 6);
        add(&frame, &address, 4);
        add_number(&frame, 0xffffffffffff, 6);
        add(&frame, &address, 4);
        return send_frame(fd, args[0], &frame);
}

/* advertise INTERFACE PREFIX: a router is here (RFC 4861), with a prefix of 64 bits. */
static int way_advertise(char **args) {
        struct frame frame = { .length = 0 };
        unsigned char own[6], from[16] = { 0xfe, 0x80 }, to[16] = { 0xff, 2 }, prefix[16];
        int fd = begin_frame(&frame, args[0], "33:33:00:00:00:01", 0x86dd, own);

        if (fd < 0)
                return stopped("packet socket");
        from[15] = 0x66;
        to[15] = 1;
        inet_pton(AF_INET6, args[1], prefix);
        add_number(&frame, 0x60000000, 4);
        add_number(&frame, 16 + 32, 2);
        add_number(&frame, 0x3aff, 2);
        add(&frame, from, 16);
        add(&frame, to, 16);
        add_number(&frame, 0x86000000, 4); /* router advertisement */
        add_number(&frame, 0x40000708, 4); /* hop limit, no flags, 1800 s */
        add_number(&frame, 0, 8);
        add_number(&frame, 0x030440c0, 4); /* prefix, on the link and for addresses */
        add_number(&frame, 1800, 4);
        add_number(&frame, 1800, 4);
        add_number(&frame, 0, 4);
        add(&frame, prefix, 16);
        finish(&frame, 54, 48, 56, sum(frame.bytes + 22, 32, 48 + 58));
        return send_frame(fd, args[0], &frame);
}

/* connect ADDRESS PORT: over TCP, within a second. */
static int way_connect(char **args) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t) atoi(args[1])) };
        struct timeval patience = { .tv_sec = 1 };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        inet_aton(args[0], &address.sin_addr);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return stopped("connect");
        return hit("connected to %s:%s", args[0], args[1]);
}

/* ---- using up --------------------------------------------------------------------------------------------- */

/* processes N: so many at once. */
static int way_processes(char **args) {
        int wanted = atoi(args[0]), count = 0;
        pid_t parent = getpid();

        for (; count < wanted; count++) {
                pid_t pid = fork();
                if (pid < 0)
                        return stopped("fork");
                if (pid == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        if (getppid() == parent)
                                pause();
                        _exit(0);
                }
        }
        return hit("%d processes", count);
}

/* memory-use MEGABYTES: that much, written to. */
static int way_memory_use(char **args) {
        size_t size = (size_t) atoi(args[0]) << 20;
        char *bytes = malloc(size);
        if (!bytes)
                return stopped("malloc");
        for (size_t at = 0; at < size; at += 4096)
                bytes[at] = (char) at;
        return hit("%s MiB of memory", args[0]);
}

/* fill FILE MEGABYTES: a file of that size. */
static int way_fill(char **args) {
        static char block[1 << 20];
        int fd = open(args[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0)
                return stopped(args[0]);
        for (int i = atoi(args[1]); i > 0; i--)
                if (write(fd, block, sizeof(block)) != (ssize_t) sizeof(block)) {
                        int r = stopped("write");
                        unlink(args[0]);
                        return r;
                }
        unlink(args[0]);
        return hit("%s MiB in %s", args[1], args[0]);
}

/* files DIR N: so many empty files. */
static int way_files(char **args) {
        int wanted = atoi(args[1]);

        for (int i = 0; i < wanted; i++) {
                char path[512];
                snprintf(path, sizeof(path), "%s/%d", args[0], i);
                int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                if (fd < 0)
                        return stopped("file");
                close(fd);
        }
        return hit("%d files in %s", wanted, args[0]);
}

/* terminals N PTMX: so many open ones. */
static int way_terminals(char **args) {
        int wanted = atoi(args[0]);

        for (int i = 0; i < wanted; i++)
                if (open(args[1], O_RDWR | O_NOCTTY | O_CLOEXEC) < 0) {
                        printf("%d ", i);
                        return stopped("ptmx");
                }
        return hit("%d terminals", wanted);
}

/* deep DIR N: so many directories, one in the other. */
static int way_deep(char **args) {
        int wanted = atoi(args[1]);

        if (chdir(args[0]) < 0)
                return stopped(args[0]);
        for (int i = 0; i < wanted; i++)
                if (mkdir("d", 0755) < 0 || chdir("d") < 0)
                        return stopped("mkdir");
        return hit("%d directories deep", wanted);
}

/* -------------------------------------------------------------------------------------------------------------- */

static const struct {
        const char *name;
        int arguments;
        int (*way)(char **args);
} ways[] = {
        { "open", 2, way_open },
        { "handle-of", 1, way_handle_of },
        { "handle", 2, way_handle },
        { "mknod", 4, way_mknod },
        { "climb", 1, way_climb },
        { "descriptors", 0, way_descriptors },
        { "rights", 0, way_rights },
        { "enter", 2, way_enter },
        { "userfaultfd", 0, way_userfaultfd },
        { "io-uring", 0, way_io_uring },
        { "bpf", 0, way_bpf },
        { "perf", 0, way_perf },
        { "kexec", 0, way_kexec },
        { "module", 0, way_module },
        { "reboot", 0, way_reboot },
        { "settime", 0, way_settime },
        { "swap", 1, way_swap },
        { "syslog", 0, way_syslog },
        { "ioperm", 0, way_ioperm },
        { "socket", 1, way_socket },
        { "key-add", 3, way_key_add },
        { "key-remove", 2, way_key_remove },
        { "key", 2, way_key },
        { "with-session-key", 3, way_with_session_key },
        { "user-namespace", 0, way_user_namespace },
        { "nested-mount", 2, way_nested_mount },
        { "uncover", 1, way_uncover },
        { "mount", 4, way_mount },
        { "writable", 1, way_writable },
        { "ptrace", 1, way_ptrace },
        { "memory", 1, way_memory },
        { "signal", 1, way_signal },
        { "steal", 1, way_steal },
        { "join", 2, way_join },
        { "root", 2, way_root },
        { "shared-memory", 1, way_shared_memory },
        { "shared-memory-make", 2, way_shared_memory_make },
        { "shared-memory-remove", 1, way_shared_memory_remove },
        { "unix", 1, way_unix },
        { "listen-unix", 1, way_listen_unix },
        { "type", 1, way_type },
        { "datagram", 6, way_datagram },
        { "claim", 2, way_claim },
        { "advertise", 2, way_advertise },
        { "connect", 2, way_connect },
        { "processes", 1, way_processes },
        { "memory-use", 1, way_memory_use },
        { "fill", 2, way_fill },
        { "files", 2, way_files },
        { "terminals", 2, way_terminals },
        { "deep", 2, way_deep },
};

int main(int argc, char **argv) {
        for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
                if (strcmp(argv[1], ways[i].name) == 0 && argc - 2 >= ways[i].arguments)
                        return ways[i].way(argv + 2);
        fprintf(stderr, "hostile: no such way, or too few arguments\n");
        return 2;
}
