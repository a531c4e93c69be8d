/* Exchanges two paths without end, as a container does that shares a directory with one being set up.
 *
 *   exchange SECONDS A B        A and B swap names some hundred thousand times a second (renameat2(2), RENAME_EXCHANGE)
 *
 * It ends by itself after SECONDS, or with its parent, and leaves the names as they were found. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static volatile sig_atomic_t ended = 0;

static void end(int signal) {
        (void) signal;
        ended = 1;
}

int main(int argc, char **argv) {
        if (argc != 4)
                return 2;
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        signal(SIGTERM, end);
        signal(SIGALRM, end);
        alarm((unsigned) atoi(argv[1]));

        unsigned long count = 0;
        while (!ended || count % 2) {
                if (renameat2(AT_FDCWD, argv[2], AT_FDCWD, argv[3], RENAME_EXCHANGE) < 0) {
                        perror("exchange");
                        return 1;
                }
                count++;
        }
        return 0;
}
