/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/notices.h"
#include "supervisor/deeds.h"
#include "supervisor/life.h"
#include "supervisor/sessions.h"

/* The host ends, and its containers with it; whoever starts them again sees that it was not a person's wish. */
static void stop_for_host(struct keeper *keeper)
{
	struct error err = ERROR_INIT;

	keeper->host_stops = true;
	keeper->restarts_next = false;
	if (life_stop(keeper, 0, -2, &err) < 0)
		keeper->is_over = !keeper->first.pid;
}

static void take_end(struct keeper *keeper, const struct deed_notice *notice)
{
	/* Who is whose child must be known first. */
	sessions_take_started(keeper);
	if (notice->pid == keeper->first.pid && !keeper->first.has_ended)
		life_take_end(keeper, notice);
	else
		sessions_take_end(keeper, notice->pid, notice->status); /* or a starter, or an orphan: it is reaped, which is all it takes */
}

void notices_take(void *context, short events _unused_)
{
	struct keeper *keeper = context;
	struct deed_notice notice;
	int r;

	while ((r = deed_notice_receive(keeper->notices, &notice)) == 0) {
		if (notice.type == DEED_ENDED)
			take_end(keeper, &notice);
		else if (notice.type == DEED_HOST_STOPS)
			stop_for_host(keeper);
		else if (notice.type == DEED_WARNING)
			warnings_add(&keeper->warnings, notice.text);
	}
	deeds_end_if_alone(r);
}

void notices_settle(struct keeper *keeper)
{
	deeds_settle(keeper);
	notices_take(keeper, 0);
}
