/* CVE-2022-29162, the caller's side: runs a command with everything permitted also inheritable, as an engine does whose own
 * sets were never cleaned.
 *
 *   inherit COMMAND [ARGUMENT …] */
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = { { 0 } };

        if (argc < 2)
                return 2;
        if (syscall(SYS_capget, &header, data) < 0)
                return 1;
        for (int i = 0; i < 2; i++)
                data[i].inheritable = data[i].permitted;
        if (syscall(SYS_capset, &header, data) < 0) {
                perror("capset");
                return 1;
        }
        for (int cap = 0; cap < 64; cap++)
                (void) !prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        return 127;
}
