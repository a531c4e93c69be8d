/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_event.h"
#include "base/clock.h"
#include "spec/reference.h"


/* Docker's of a registry are about a name, all others about an id. */
static const struct {
	const char *command, *action;
	bool is_of_name;
} commands[] = {
	{ "pull", "pull", true },
	{ "push", "push", true },
	{ "load", "load", false },
	{ "save", "save", false },
	{ "import", "import", false },
	{ "bootstrap", "import", false },
};

void image_event_add(const struct directories *directories, const char *action, const char *id, const char *name)
{
	struct spec_pair attributes[] = { { (char *)"name", (char *)name } };
	struct spec_event event = { .type = "image", .action = action, .id = id, .attributes = attributes, .attribute_count = ARRAY_SIZE(attributes) };

	event.time_ns = clock_wall_ns();
	events_add(directories, &event);
}

/* "debian:12" of "debian", for a NAME as the store has it. */
static void add_of_name(const struct directories *directories, const char *action, const char *name)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_reference reference;

	if (spec_reference_parse(arena, name, &reference, NULL) == 0)
		image_event_add(directories, action, spec_reference_familiar(arena, &reference), spec_reference_familiar_repository(arena, &reference));
}

static void add_image(const struct directories *directories, size_t command, const struct spec_transfer_image *image)
{
	const char *id = image->id ? image->id : image->digest;

	if (commands[command].is_of_name && image->name)
		add_of_name(directories, commands[command].action, image->name);
	else if (id)
		image_event_add(directories, commands[command].action, id, id);
}

void image_event_add_report(const struct directories *directories, const char *command, const struct spec_transfer_report *report)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(commands) && !str_equal(commands[i].command, command))
		i++;
	if (i == ARRAY_SIZE(commands))
		return;
	for (size_t j = 0; j < report->image_count; j++)
		add_image(directories, i, &report->images[j]);
	add_image(directories, i, &report->image);
}
