/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/damage_check.h"
#include "base/str.h"
#include "engine/container.h"
#include "engine/network_damage.h"
#include "engine/volume_record.h"

#include <sys/file.h>

struct check {
	const struct directories *directories;
	bool repair;
	void (*found)(void *context, const char *text);
	void *context;
	struct damage_check_report report;
};

/* MENDED: 1, 0 or a failure. */
static int tell(struct check *check, const struct error *damage, int mended)
{
	_cleanup_free_ char *text = str_printf("damaged: %s", damage->message);

	if (mended < 0)
		return mended;
	check->found(check->context, text);
	check->report.found++;
	check->report.mended += (size_t)mended;
	return 0;
}

/* If it is only how it was left that cannot be read: as that of one that was lost is. */
static int mend_container(const struct directories *directories, const char *id, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	int r = container_record_open_for_removal(arena, directories, id, &record, err);

	if (r < 0)
		return r;
	/* Somebody is at it. */
	if (flock(record.fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	return container_record_mend_state(&record, err);
}

static int check_container(void *context, const char *id, const struct error *damage, struct error *err)
{
	struct check *check = context;

	return tell(check, damage, check->repair ? mend_container(check->directories, id, err) : 0);
}

static int check_volume(void *context, const char *name, const struct error *damage, struct error *err)
{
	struct check *check = context;

	return tell(check, damage, check->repair ? volume_record_mend(check->directories, name, err) : 0);
}

static int check_network(void *context, const char *name, const struct error *damage, struct error *err)
{
	struct check *check = context;

	return tell(check, damage, check->repair ? network_mend(check->directories, name, err) : 0);
}

int damage_check(const struct directories *directories, bool repair, void (*found)(void *context, const char *text), void *context,
	struct damage_check_report *ret, struct error *err)
{
	struct check check = { directories, repair, found, context, { 0 } };
	int r = container_record_find_damaged(directories, check_container, &check, err);

	if (r == 0)
		r = volume_record_find_damaged(directories, check_volume, &check, err);
	if (r == 0)
		r = network_find_damaged(directories, check_network, &check, err);
	if (r == 0)
		*ret = check.report;
	return r;
}
