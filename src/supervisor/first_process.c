/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/first_process.h"
#include "base/file.h"
#include "base/str.h"
#include "host/procfs.h"

#include <fcntl.h>
#include <signal.h>

#define STATUS_LIMIT 16384 /* bytes of /proc/PID/status */

/* signal(7): what does not end a process by default; SIGKILL and SIGSTOP always work. */
static bool ends_by_default(int number)
{
	static const int harmless[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGKILL };

	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
		if (number == harmless[i])
			return false;
	return number > 0 && number <= 64;
}

static bool has_bit(const char *status, const char *name, int signal_number)
{
	const char *mask = procfs_status_field(status, name);

	return mask && strtoull(mask, NULL, 16) >> (signal_number - 1) & 1;
}

/* "NSpid:	4711	1": the last number is the one in its own namespace. */
static bool is_first(const char *status)
{
	const char *at = procfs_status_field(status, "NSpid");
	unsigned long last = 0, count = 0;
	char *end;

	for (; at && *at && *at != '\n'; at = end, count++) {
		last = strtoul(at, &end, 10);
		if (end == at)
			break;
	}
	return count > 1 && last == 1;
}

bool first_process_is_spared_by(const char *status, int signal_number)
{
	return ends_by_default(signal_number) && is_first(status) && !has_bit(status, "SigCgt", signal_number) &&
	       !has_bit(status, "SigIgn", signal_number) && !has_bit(status, "SigBlk", signal_number);
}

bool first_process_is_spared(pid_t pid, int signal_number)
{
	_cleanup_buf_ struct buf status = BUF_INIT;
	char path[64];

	if (!ends_by_default(signal_number))
		return false;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	return file_read_at(AT_FDCWD, path, STATUS_LIMIT, &status) == 0 && first_process_is_spared_by(status.data, signal_number);
}
