/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_patience.h"
#include "base/clock.h"
#include "base/memory.h"

#include <limits.h>
#include <sys/socket.h>

struct http_patient {
	int fd;
	int64_t end_ms;
	bool is_kept; /* in the front's list */
	struct http_patient *next, **place;
};

/* All have the same time, so that the first ends first. */
static void add(struct http_front *front, struct http_patient *patient)
{
	/* The library closes it when it is quiet; this is for one that is not, and asks for nothing. */
	patient->end_ms = clock_monotonic_ms() + (front->limits.quiet_s + front->limits.head_s) * 1000;
	patient->is_kept = true;
	patient->next = NULL;
	patient->place = front->last_kept;
	*front->last_kept = patient;
	front->last_kept = &patient->next;
}

static void take_out(struct http_front *front, struct http_patient *patient)
{
	if (!patient->is_kept)
		return;
	*patient->place = patient->next;
	if (patient->next)
		patient->next->place = patient->place;
	else
		front->last_kept = patient->place;
	patient->is_kept = false;
}

static struct http_patient *patient_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

void http_patience_begin(struct MHD_Connection *connection, void **ret)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_patient *patient = memory_new(1, sizeof *patient);

	patient->fd = info ? info->connect_fd : -EBADF;
	*ret = patient;
}

void http_patience_end(struct http_front *front, void **context)
{
	struct http_patient *patient = TAKE_PTR(*context);

	if (!patient)
		return;
	take_out(front, patient);
	free(patient);
}

void http_patience_rest(struct http_front *front, struct MHD_Connection *connection)
{
	struct http_patient *patient = patient_of(connection);

	if (patient)
		take_out(front, patient);
}

void http_patience_resume(struct http_front *front, struct MHD_Connection *connection)
{
	struct http_patient *patient = patient_of(connection);

	if (patient && !patient->is_kept)
		add(front, patient);
}

/* The library has the descriptor, and closes it. */
static void shut_first(struct http_front *front)
{
	struct http_patient *patient = front->first_kept;

	take_out(front, patient);
	ignore_result(shutdown(patient->fd, SHUT_RDWR)); /* it may have gone */
}

void http_patience_expire(struct http_front *front)
{
	int64_t now_ms = clock_monotonic_ms();

	while (front->first_kept && front->first_kept->end_ms <= now_ms)
		shut_first(front);
}

void http_patience_make_room(struct http_front *front)
{
	if (front->connections < (size_t)front->limits.connections || !front->first_kept)
		return;
	shut_first(front);
	ignore_result(MHD_run(front->daemon) == MHD_YES ? 0 : -1); /* what fails is found in the next round */
}

int http_patience_timeout(const struct http_front *front)
{
	int64_t left;

	if (!front->first_kept)
		return -1;
	left = front->first_kept->end_ms - clock_monotonic_ms();
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}
