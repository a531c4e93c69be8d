/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/membership.h"

#include "base/file.h"
#include "base/log.h"
#include "net/attachment.h"

int membership_read(struct keeper *keeper, struct arena *arena, const struct spec_network_plan **ret, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_network_plan *plan = NULL;
	int r = file_read_at(keeper->bundle_fd, SPEC_NETWORK_PLAN_DOCUMENT, SPEC_NETWORK_PLAN_LIMIT, &text);

	if (r == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	if (r < 0)
		return error_errno(err, -r, "cannot read '%s' of container '%s'", SPEC_NETWORK_PLAN_DOCUMENT, keeper_name(keeper));
	r = spec_network_plan_decode(arena, text.data, text.length, &plan, err);
	if (r < 0)
		return error_wrap(err, "'%s' of container '%s'", SPEC_NETWORK_PLAN_DOCUMENT, keeper_name(keeper));
	*ret = plan;
	return 0;
}

int membership_attach(void *context, int netns_fd, struct error *err)
{
	return net_attach(context, netns_fd, err);
}

static void log_ignored(const struct error *err)
{
	log_warning("%s, ignoring", err->message);
}

void membership_detach(struct keeper *keeper)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network_plan *plan = NULL;
	struct error err = ERROR_INIT;
	int r = membership_read(keeper, arena, &plan, &err);

	if (r == 0 && plan)
		r = net_detach(plan, &err);
	if (r < 0)
		log_ignored(&err);
}

void membership_release(struct keeper *keeper)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network_plan *plan = NULL;
	struct error err = ERROR_INIT;
	int r = membership_read(keeper, arena, &plan, &err);

	if (r == 0 && plan) {
		r = net_retire(plan, &keeper->retired, &err);
		if (r == 0 && unlinkat(keeper->bundle_fd, SPEC_NETWORK_PLAN_DOCUMENT, 0) < 0 && errno != ENOENT)
			r = error_errno(&err, errno, "cannot remove '%s'", SPEC_NETWORK_PLAN_DOCUMENT);
	}
	if (r < 0)
		log_ignored(&err);
}

void membership_finish(struct keeper *keeper)
{
	struct error err = ERROR_INIT;

	if (net_retired_remove(&keeper->retired, &err) < 0)
		log_ignored(&err);
}
