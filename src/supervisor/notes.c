/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/notes.h"
#include "base/file.h"
#include "base/moment.h"
#include "net/journal.h"
#include "spec/event.h"
#include "supervisor/deeds.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>

char *notes_time(void)
{
	struct buf text = BUF_INIT;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	moment_add(&now, &text);
	return buf_take(&text);
}

/* ---- the state ---------------------------------------------------------------------- */

void notes_encode_state(struct keeper *keeper, struct buf *text)
{
	const struct spec_health_state *health = health_state(keeper->health);

	keeper->state.log_dropped = keeper->log ? log_dropped(keeper->log) : keeper->state.log_dropped;
	if (health)
		keeper->state.health = *health;
	keeper->state.warnings = keeper->warnings.count ? keeper->warnings.list : NULL;
	spec_container_state_encode(&keeper->state, text);
}

static void write_by(struct keeper *keeper, enum deed_type deed)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	notes_encode_state(keeper, &text);
	deeds_do_text(keeper, deed, text.data, text.length);
}

void notes_write_state(struct keeper *keeper)
{
	write_by(keeper, DEED_WRITE_STATE);
}

void notes_write_record(struct keeper *keeper)
{
	write_by(keeper, DEED_WRITE_RECORD);
}

/* ---- events ------------------------------------------------------------------------------ */

/* What the event itself says has its name alone. */
static bool is_taken(const char *label, const struct spec_pair *extra, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(label, extra[i].key))
			return true;
	return str_equal(label, "image") || str_equal(label, "name");
}

void notes_add_event_with(struct keeper *keeper, const char *action, const struct spec_pair *extra, size_t count)
{
	const struct spec_supervision *what = keeper->what;
	_cleanup_buf_ struct buf line = BUF_INIT;
	_cleanup_free_ struct spec_pair *pairs = NULL;
	struct spec_event event = { .type = "container", .action = action, .id = what->id, .time_ns = loop_wall_ns() };
	size_t n = 0;

	if (!what->events_path)
		return;
	pairs = memory_new(what->label_count + 2 + NOTES_EXTRA, sizeof *pairs);
	for (size_t i = 0; i < what->label_count; i++)
		if (!is_taken(what->labels[i].key, extra, count))
			pairs[n++] = what->labels[i];
	if (what->image_name)
		pairs[n++] = (struct spec_pair){ .key = (char *)"image", .value = what->image_name };
	if (what->name)
		pairs[n++] = (struct spec_pair){ .key = (char *)"name", .value = what->name };
	for (size_t i = 0; i < count && i < NOTES_EXTRA; i++)
		pairs[n++] = extra[i];
	event.attributes = pairs;
	event.attribute_count = n;
	spec_event_encode(&event, &line);
	deeds_do_text(keeper, DEED_ADD_EVENT, line.data, line.length);
}

void notes_add_event(struct keeper *keeper, const char *action, const char *key, const char *value)
{
	const struct spec_pair extra = { .key = (char *)key, .value = (char *)value };

	notes_add_event_with(keeper, action, &extra, key ? 1 : 0);
}

void notes_add_number_event(struct keeper *keeper, const char *action, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, value);
	notes_add_event(keeper, action, key, text);
}

/* ---- volumes --------------------------------------------------------------------------------- */

/* What the document says that was replaced since, in ARENA; it gets mounts, and loses some, while the container runs. */
static const struct spec_supervision *read_anew(const struct keeper *keeper, struct arena *arena)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct spec_supervision *what = NULL;
	struct stat now;

	if (fstatat(keeper->bundle_fd, SPEC_SUPERVISION_DOCUMENT, &now, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (now.st_ino == keeper->document.st_ino && memcmp(&now.st_mtim, &keeper->document.st_mtim, sizeof now.st_mtim) == 0))
		return keeper->what;
	if (file_read_regular_at(keeper->bundle_fd, SPEC_SUPERVISION_DOCUMENT, SPEC_SUPERVISION_LIMIT, &text) < 0 ||
	    spec_supervision_decode(arena, text.data, text.length, &what, NULL) < 0)
		return keeper->what;
	return what;
}

static void add_volume_event(struct keeper *keeper, const struct spec_supervision_volume *volume, const char *action)
{
	struct spec_pair pairs[] = {
		{ (char *)"container", keeper->what->id },
		{ (char *)"driver", (char *)"local" },
		{ (char *)"destination", volume->target },
		{ (char *)"propagation", volume->propagation ? volume->propagation : (char *)"" },
		{ (char *)"read/write", (char *)(volume->read_only ? "false" : "true") },
	};
	_cleanup_buf_ struct buf line = BUF_INIT;
	const struct spec_event event = { .type = "volume", .action = action, .id = volume->name, .time_ns = loop_wall_ns(), .attributes = pairs,
		.attribute_count = str_equal(action, "mount") ? ARRAY_SIZE(pairs) : 2 };

	spec_event_encode(&event, &line);
	deeds_do_text(keeper, DEED_ADD_EVENT, line.data, line.length);
}

void notes_add_volume_events(struct keeper *keeper, const char *action)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_supervision *what = keeper->what->events_path ? read_anew(keeper, arena) : keeper->what;

	for (size_t i = 0; keeper->what->events_path && i < what->volume_count; i++)
		add_volume_event(keeper, &what->volumes[i], action);
}

/* ---- networks -------------------------------------------------------------------------------- */

static const char *driver_of(const struct spec_network_link *link)
{
	return link->kind == SPEC_LINK_MACVLAN ? "macvlan" : link->kind == SPEC_LINK_IPVLAN ? "ipvlan" : "bridge";
}

static void add_network_event(struct keeper *keeper, const struct spec_network_link *link, const char *action)
{
	struct spec_pair pairs[] = {
		{ (char *)"container", keeper->what->id },
		{ (char *)"name", link->network },
		{ (char *)"type", (char *)driver_of(link) },
	};
	_cleanup_buf_ struct buf line = BUF_INIT;
	const struct spec_event event = { .type = "network", .action = action, .id = link->network_id, .time_ns = loop_wall_ns(), .attributes = pairs,
		.attribute_count = ARRAY_SIZE(pairs) };

	spec_event_encode(&event, &line);
	deeds_do_text(keeper, DEED_ADD_EVENT, line.data, line.length);
}

void notes_add_network_events(struct keeper *keeper, const char *action)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct spec_network_plan *plan = NULL;

	if (!keeper->what->events_path || net_journal_read(arena, keeper->bundle_fd, ".", &plan, NULL) < 0 || !plan)
		return;
	for (size_t i = 0; i < plan->link_count; i++)
		if (plan->links[i].network && plan->links[i].network_id)
			add_network_event(keeper, &plan->links[i], action);
}
