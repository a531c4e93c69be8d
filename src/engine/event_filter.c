/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/event_filter.h"
#include "engine/filter_name.h"
#include "engine/filter_value.h"

enum term_kind { TERM_CONFIG, TERM_CONTAINER, TERM_DAEMON, TERM_EVENT, TERM_IMAGE, TERM_LABEL, TERM_NETWORK, TERM_NODE, TERM_PLUGIN, TERM_SCOPE, TERM_SECRET,
	TERM_SERVICE, TERM_TYPE, TERM_VOLUME, TERM_KINDS };

static const char *const kind_words[TERM_KINDS] = {
	[TERM_CONFIG] = "config",
	[TERM_CONTAINER] = "container",
	[TERM_DAEMON] = "daemon",
	[TERM_EVENT] = "event",
	[TERM_IMAGE] = "image",
	[TERM_LABEL] = "label",
	[TERM_NETWORK] = "network",
	[TERM_NODE] = "node",
	[TERM_PLUGIN] = "plugin",
	[TERM_SCOPE] = "scope",
	[TERM_SECRET] = "secret",
	[TERM_SERVICE] = "service",
	[TERM_TYPE] = "type",
	[TERM_VOLUME] = "volume",
};

struct event_term {
	enum term_kind kind;
	const char *value;
	struct event_term *next;
};

int event_filter_add(struct event_filter *filter, struct arena *arena, const char *text, struct error *err)
{
	static const char hint[] = "filters of events are container, event, image, label, network, scope, type and volume";
	struct event_term *term = arena_alloc(arena, 1, sizeof *term);
	const char *value = NULL;
	size_t kind = 0;
	int r = filter_name_find(text, kind_words, TERM_KINDS, hint, &kind, &value, err);

	if (r < 0)
		return r;
	*term = (struct event_term){ (enum term_kind)kind, arena_strdup(arena, value), filter->terms };
	filter->terms = term;
	return 0;
}

/* ---- matching ------------------------------------------------------------------------ */

static const char *attribute(const struct spec_event *event, const char *key)
{
	for (size_t i = 0; i < event->attribute_count; i++)
		if (str_equal(event->attributes[i].key, key))
			return event->attributes[i].value;
	return NULL;
}

/* By name, by id, or by the beginning of an id. */
static bool is_object(const struct spec_event *event, const char *type, const char *value)
{
	return str_equal(event->type, type) && (str_equal(attribute(event, "name"), value) || (strlen(value) > 3 && str_starts_with(event->id, value)));
}

/* "exec_create" is for "exec_create: ls", too. */
static bool is_action(const struct spec_event *event, const char *value)
{
	size_t length = strlen(value);

	return str_starts_with(event->action, value) && (!event->action[length] || event->action[length] == ':');
}

/* The image's own events, and those of its containers; with its tag or without. */
static bool is_of_image(const struct spec_event *event, const char *value)
{
	const char *image = str_equal(event->type, "image") ? attribute(event, "name") : attribute(event, "image");
	size_t length = strlen(value);

	if (str_equal(event->type, "image") && str_equal(event->id, value))
		return true;
	return image && str_starts_with(image, value) && (!image[length] || ((image[length] == ':' || image[length] == '@') && !strchr(image + length, '/')));
}

static bool matches(const struct event_term *term, const struct spec_event *event)
{
	switch (term->kind) {
	case TERM_CONFIG:
	case TERM_CONTAINER:
	case TERM_DAEMON:
	case TERM_NETWORK:
	case TERM_NODE:
	case TERM_PLUGIN:
	case TERM_SECRET:
	case TERM_SERVICE:
	case TERM_VOLUME:
		return is_object(event, kind_words[term->kind], term->value);
	case TERM_EVENT:
		return is_action(event, term->value);
	case TERM_IMAGE:
		return is_of_image(event, term->value);
	case TERM_LABEL:
		return filter_value_is_among(term->value, event->attributes, event->attribute_count);
	case TERM_SCOPE:
		return str_equal(term->value, "local");
	case TERM_TYPE:
		return str_equal(term->value, event->type);
	case TERM_KINDS:
		break;
	}
	return false;
}

bool event_filter_passes(const struct event_filter *filter, const struct spec_event *event)
{
	bool asked[TERM_KINDS] = { false }, met[TERM_KINDS] = { false };

	for (const struct event_term *term = filter->terms; term; term = term->next) {
		bool is = matches(term, event);

		if (term->kind == TERM_LABEL && !is)
			return false;
		asked[term->kind] = true;
		met[term->kind] |= is;
	}
	for (size_t i = 0; i < TERM_KINDS; i++)
		if (asked[i] && !met[i])
			return false;
	return true;
}
