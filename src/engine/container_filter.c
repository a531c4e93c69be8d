/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_filter.h"
#include "base/moment.h"
#include "engine/container_network.h"
#include "engine/filter_name.h"
#include "engine/filter_value.h"
#include "engine/name_pattern.h"
#include "spec/port_range.h"
#include "spec/reference.h"
#include "store/images.h"
#include "store/layers.h"

enum term_kind {
	TERM_ANCESTOR,
	TERM_BEFORE,
	TERM_EXITED,
	TERM_EXPOSE,
	TERM_HEALTH,
	TERM_ID,
	TERM_IS_TASK,
	TERM_LABEL,
	TERM_NO_LABEL,
	TERM_NAME,
	TERM_NETWORK,
	TERM_POD,
	TERM_PUBLISH,
	TERM_SINCE,
	TERM_STATUS,
	TERM_UNTIL,
	TERM_VOLUME,
	TERM_KINDS,
};

static const char *const kind_words[TERM_KINDS] = {
	[TERM_ANCESTOR] = "ancestor",
	[TERM_BEFORE] = "before",
	[TERM_EXITED] = "exited",
	[TERM_EXPOSE] = "expose",
	[TERM_HEALTH] = "health",
	[TERM_ID] = "id",
	[TERM_IS_TASK] = "is-task",
	[TERM_LABEL] = "label",
	[TERM_NO_LABEL] = "label!",
	[TERM_NAME] = "name",
	[TERM_NETWORK] = "network",
	[TERM_POD] = "pod",
	[TERM_PUBLISH] = "publish",
	[TERM_SINCE] = "since",
	[TERM_STATUS] = "status",
	[TERM_UNTIL] = "until",
	[TERM_VOLUME] = "volume",
};

struct container_term {
	enum term_kind kind;
	const char *value;
	regex_t *pattern;          /* of name */
	int64_t number;            /* exited */
	struct timespec moment;    /* before, since, until */
	const char *id, *layer;    /* ancestor: of the image, and its uppermost layer */
	const char *repository;    /* ancestor: what the name means */
	struct container_term *next;
};

struct container_filter container_filter_begin(struct arena *arena, const struct directories *directories)
{
	return (struct container_filter){ .arena = arena, .directories = directories, .now = time(NULL), .pattern_budget = NAME_PATTERN_BUDGET };
}

void container_filter_done(struct container_filter *filter)
{
	for (struct container_term *term = filter->terms; term; term = term->next)
		if (term->pattern)
			regfree(term->pattern);
	filter->terms = NULL;
}

int64_t container_time(const char *text)
{
	struct timespec moment;

	return text && moment_parse(text, &moment) == 0 && moment.tv_sec > 0 ? moment.tv_sec : 0;
}

/* ---- reading ------------------------------------------------------------------------- */

static int refuse_value(const struct container_term *term, const char *expected, struct error *err)
{
	return error_set(err, ERROR_INVALID, 0, "invalid filter '%s=%s': expected %s", kind_words[term->kind], term->value, expected);
}

static int read_word(struct container_term *term, const char *const *words, const char *expected, struct error *err)
{
	for (; *words; words++)
		if (str_equal(*words, term->value))
			return 0;
	return refuse_value(term, expected, err);
}

/* An extended regular expression somewhere in the name, as docker's; '/' before the name is let pass. */
static int read_pattern(struct container_filter *filter, struct container_term *term, struct error *err)
{
	const char *text = term->value;
	int r;

	term->pattern = arena_alloc(filter->arena, 1, sizeof *term->pattern);
	if (text[0] == '^' && text[1] == '/')
		text = arena_printf(filter->arena, "^%s", text + 2);
	else if (text[0] == '/')
		text++;
	r = name_pattern_compile(text, &filter->pattern_budget, term->pattern);
	if (r == 0)
		return 0;
	term->pattern = NULL;
	return refuse_value(term, r == -E2BIG ? "a regular expression with fewer repetitions" : "a regular expression", err);
}

static int read_container(const struct container_filter *filter, struct container_term *term, struct error *err)
{
	_cleanup_container_record_ struct container_record record = { .fd = -EBADF };
	int r = container_record_open(filter->arena, filter->directories, term->value, &record, err);

	if (r == 0 && moment_parse(record.container->created ? record.container->created : "", &term->moment) < 0)
		term->moment = (struct timespec){ .tv_sec = 0 };
	return r;
}

/* An image that is not there (any more) is only compared by name. */
static int read_ancestor(const struct container_filter *filter, struct container_term *term)
{
	_cleanup_store_ struct store store = STORE_INIT;
	struct spec_reference reference;
	struct image image;

	if (spec_reference_parse(filter->arena, term->value, &reference, NULL) == 0) {
		spec_reference_add_default_tag(&reference);
		term->repository = spec_reference_text(filter->arena, &reference);
	}
	if (store_open(filter->directories->images, &store, NULL) == 0 && image_find(&store, filter->arena, term->value, &image, NULL) == 0) {
		term->id = image.id;
		term->layer = image.top_layer;
	}
	return 0;
}

static int read_number(struct container_term *term, struct error *err)
{
	return str_to_i64(term->value, 10, &term->number) < 0 ? refuse_value(term, "an exit code", err) : 0;
}

static int read_until(const struct container_filter *filter, struct container_term *term, struct error *err)
{
	if (moment_parse_limit(term->value, &(struct timespec){ .tv_sec = filter->now }, &term->moment) < 0)
		return refuse_value(term, "a time such as 2024-05-07T12:34:56 or an age such as 24h", err);
	return 0;
}

static int read_value(struct container_filter *filter, struct container_term *term, struct error *err)
{
	static const char *const statuses[] = { "created", "running", "paused", "restarting", "removing", "exited", "dead", NULL };
	static const char *const healths[] = { "starting", "healthy", "unhealthy", "none", NULL };
	static const char *const truths[] = { "true", "false", "1", "0", NULL };

	switch (term->kind) {
	case TERM_STATUS:
		filter->asks_status = true;
		return read_word(term, statuses, "created, running, paused, restarting, removing, exited or dead", err);
	case TERM_EXITED:
		filter->asks_status = true;
		return read_number(term, err);
	case TERM_HEALTH:
		return read_word(term, healths, "starting, healthy, unhealthy or none", err);
	case TERM_IS_TASK:
		return read_word(term, truths, "true or false", err);
	case TERM_NAME:
		return read_pattern(filter, term, err);
	case TERM_BEFORE:
	case TERM_SINCE:
		filter->asks_status = true;
		return read_container(filter, term, err);
	case TERM_ANCESTOR:
		return read_ancestor(filter, term);
	case TERM_UNTIL:
		return read_until(filter, term, err);
	default:
		return 0;
	}
}

int container_filter_add(struct container_filter *filter, const char *text, struct error *err)
{
	static const char hint[] = "filters of containers are ancestor, before, exited, expose, health, id, label, name, network, publish, since, status, "
		"until and volume";
	struct container_term *term = arena_alloc(filter->arena, 1, sizeof *term);
	const char *value = NULL;
	size_t kind = 0;
	int r = filter_name_find(text, kind_words, TERM_KINDS, hint, &kind, &value, err);

	if (r < 0)
		return r;
	*term = (struct container_term){ .kind = (enum term_kind)kind, .value = arena_strdup(filter->arena, value), .next = filter->terms };
	filter->terms = term;
	return read_value(filter, term, err);
}

/* ---- matching ------------------------------------------------------------------------------ */

/* Seconds first, as the record has nanoseconds. */
static int compare_created(const struct spec_container *container, const struct timespec *moment)
{
	struct timespec created = { .tv_sec = 0 };

	if (!container->created || moment_parse(container->created, &created) < 0)
		return -1;
	if (created.tv_sec != moment->tv_sec)
		return created.tv_sec < moment->tv_sec ? -1 : 1;
	return created.tv_nsec < moment->tv_nsec ? -1 : created.tv_nsec > moment->tv_nsec;
}

/* Made of the image, or of one that was made of it. */
static bool descends(const struct container_filter *filter, const struct container_term *term, const struct spec_container *container)
{
	_cleanup_store_ struct store store = STORE_INIT;
	char **layers = NULL;
	size_t count = 0;

	if (str_equal(container->config.image, term->value) || (term->repository && str_equal(container->image_name, term->repository)) ||
	    (term->id && str_equal(container->image_id, term->id)))
		return true;
	if (!term->layer || !container->image_top_layer || store_open(filter->directories->images, &store, NULL) < 0 ||
	    layer_stack(&store, filter->arena, container->image_top_layer, &layers, &count, NULL) < 0)
		return false;
	return strv_contains(layers, term->layer);
}

static bool mounts(const struct spec_container *container, const char *value)
{
	for (size_t i = 0; i < container->host.mount_count; i++)
		if (str_equal(container->host.mounts[i].source, value) || str_equal(container->host.mounts[i].target, value))
			return true;
	return false;
}

/* VALUE, "80", "80/tcp" or "80-90", with TCP if nothing is said, has a port of PORT's, which may be several, too. */
static bool is_port(const char *value, const char *port, const char *protocol)
{
	const char *slash = strchr(value, '/');
	_cleanup_free_ char *text = str_printf("%.*s", (int)strcspn(value, "/"), value);
	struct spec_port_range wanted, range;

	return spec_port_range_parse(text, &wanted, NULL) == 0 && spec_port_range_parse(port, &range, NULL) == 0 && wanted.first <= range.last &&
	       range.first <= wanted.last && str_equal(slash ? slash + 1 : "tcp", protocol ? protocol : "tcp");
}

/* Of the host, if it was asked for: which other one it has is known to who looks at the container. */
static bool publishes(const struct spec_container *container, const char *value)
{
	for (size_t i = 0; i < container->host.port_count; i++)
		if (container->host.ports[i].host_port && is_port(value, container->host.ports[i].host_port, container->host.ports[i].protocol))
			return true;
	return false;
}

static bool exposes(const struct spec_container *container, const char *value)
{
	for (char **port = container->config.exposed_ports; port && *port; port++) {
		char number[16];
		const char *slash = strchr(*port, '/');

		snprintf(number, sizeof number, "%.*s", (int)strcspn(*port, "/"), *port);
		if (is_port(value, number, slash ? slash + 1 : "tcp"))
			return true;
	}
	for (size_t i = 0; i < container->host.port_count; i++)
		if (is_port(value, container->host.ports[i].port, container->host.ports[i].protocol))
			return true;
	return false;
}

/* Of the network by name or id, or by the beginning of that; what is no network is only a word. */
static bool is_member(const struct spec_host_config *host, const char *value)
{
	for (size_t i = 0; i < host->endpoint_count; i++)
		if (str_equal(host->endpoints[i].network, value) || (host->endpoints[i].network_id && str_starts_with(host->endpoints[i].network_id, value)))
			return true;
	return !container_network_is_member(host) && str_equal(host->network_mode, value);
}

static bool is_status(const struct spec_container_state *state, const char *value)
{
	return str_equal(spec_container_status_name(state->status), value);
}

static bool has_exited_with(const struct spec_container_state *state, int64_t code)
{
	return state->status == SPEC_CONTAINER_EXITED && state->exit_code == code;
}

static bool matches(const struct container_filter *filter, const struct container_term *term, const struct spec_container *container,
	const struct spec_container_state *state)
{
	switch (term->kind) {
	case TERM_ANCESTOR:
		return descends(filter, term, container);
	case TERM_BEFORE:
		return compare_created(container, &term->moment) < 0;
	case TERM_SINCE:
		return compare_created(container, &term->moment) > 0;
	case TERM_UNTIL:
		return compare_created(container, &term->moment) <= 0;
	case TERM_EXITED:
		return has_exited_with(state, term->number);
	case TERM_EXPOSE:
		return exposes(container, term->value);
	case TERM_PUBLISH:
		return publishes(container, term->value);
	case TERM_HEALTH:
		return str_equal(spec_health_status_name(state->health.status), term->value);
	case TERM_ID:
		return str_starts_with(container->id, term->value);
	case TERM_IS_TASK: /* swarm's: none is */
		return str_equal(term->value, "false") || str_equal(term->value, "0");
	case TERM_LABEL:
		return filter_value_is_among(term->value, container->config.labels, container->config.label_count);
	case TERM_NO_LABEL:
		return !filter_value_is_among(term->value, container->config.labels, container->config.label_count);
	case TERM_NAME:
		return regexec(term->pattern, container->name, 0, NULL, 0) == 0;
	case TERM_NETWORK:
		return is_member(&container->host, term->value);
	case TERM_POD:
		return false;
	case TERM_STATUS:
		return is_status(state, term->value);
	case TERM_VOLUME:
		return mounts(container, term->value);
	case TERM_KINDS:
		break;
	}
	return false;
}

static bool asks_for_all(enum term_kind kind)
{
	return kind == TERM_LABEL || kind == TERM_NO_LABEL || kind == TERM_BEFORE || kind == TERM_SINCE || kind == TERM_UNTIL;
}

bool container_filter_passes(const struct container_filter *filter, const struct spec_container *container, const struct spec_container_state *state)
{
	bool asked[TERM_KINDS] = { false }, met[TERM_KINDS] = { false };

	for (const struct container_term *term = filter->terms; term; term = term->next) {
		bool is = matches(filter, term, container, state);

		if (!is && asks_for_all(term->kind))
			return false;
		asked[term->kind] = true;
		met[term->kind] |= is;
	}
	for (size_t i = 0; i < TERM_KINDS; i++)
		if (asked[i] && !met[i])
			return false;
	return true;
}
