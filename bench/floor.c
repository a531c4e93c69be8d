/* The least that starting a container can cost: one clone3(2) with the namespaces of runc's default configuration, its mounts,
 * pivot_root(2), execve(2) and the wait for the end. No configuration is read, no path checked, no state kept, no limit set,
 * nothing dropped or filtered: a bar for measuring, not a runtime.
 *
 *   floor ROOT HIERARCHIES COMMAND [ARGUMENT …]
 *
 * HIERARCHIES: the cgroup file systems that belong below /sys/fs/cgroup: "cgroup2", or a list of v1 hierarchies by their mount
 * options, with "unified" for a cgroup2 beside them: cpu,memory,name=systemd,unified. */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct floor_mount {
        const char *type, *where, *data;
        unsigned long flags;
};

static const struct floor_mount mounts[] = {
        { "proc", "proc", NULL, 0 },
        { "tmpfs", "dev", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME },
        { "devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5", MS_NOSUID | MS_NOEXEC },
        { "tmpfs", "dev/shm", "mode=1777,size=65536k", MS_NOSUID | MS_NOEXEC | MS_NODEV },
        { "mqueue", "dev/mqueue", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
        { "sysfs", "sys", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY },
};

static void die(const char *what) {
        fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
        _exit(1);
}

static void do_mount(const char *type, const char *where, unsigned long flags, const char *data) {
        if (mount(type, where, type, flags, data) < 0)
                die(where);
}

static void mount_cgroups(char *hierarchies) {
        static const unsigned long flags = MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RELATIME;

        if (strcmp(hierarchies, "cgroup2") == 0) {
                do_mount("cgroup2", "sys/fs/cgroup", flags | MS_RDONLY, NULL);
                return;
        }
        do_mount("tmpfs", "sys/fs/cgroup", flags & ~(unsigned long) MS_RELATIME, "mode=755");
        for (char *name; (name = strsep(&hierarchies, ","));) {
                char where[128];
                const char *tail = strchr(name, '=');
                snprintf(where, sizeof(where), "sys/fs/cgroup/%s", tail ? tail + 1 : name);
                if (mkdir(where, 0755) < 0)
                        die(where);
                if (strcmp(name, "unified") == 0)
                        do_mount("cgroup2", where, flags | MS_RDONLY, NULL);
                else
                        do_mount("cgroup", where, flags | MS_RDONLY, name);
        }
        do_mount("tmpfs", "sys/fs/cgroup", MS_REMOUNT | MS_RDONLY | (flags & ~(unsigned long) MS_RELATIME), "mode=755");
}

static void set_up_root(const char *root, char *hierarchies) {
        if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 || mount(root, root, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(root) < 0)
                die(root);
        for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
                const char *where = mounts[i].where;
                if (strncmp(where, "dev/", 4) == 0 && mkdir(where, 0755) < 0)
                        die(where);
                do_mount(mounts[i].type, where, mounts[i].flags, mounts[i].data);
        }
        mount_cgroups(hierarchies);
        if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
                die("pivot_root");
        if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
                die("read-only root");
}

int main(int argc, char **argv) {
        struct clone_args args = {
                .flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_VFORK,
                .exit_signal = SIGCHLD,
        };
        int status;

        if (argc < 4)
                return 2;
        long pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0)
                die("clone3");
        if (pid == 0) {
                set_up_root(argv[1], argv[2]);
                execve(argv[3], argv + 3, (char *[]){ "PATH=/bin", NULL });
                die(argv[3]);
        }
        if (waitpid((pid_t) pid, &status, 0) < 0)
                die("wait");
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
