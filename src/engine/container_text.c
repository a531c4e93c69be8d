/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_text.h"
#include "base/moment.h"
#include "base/human.h"
#include "base/printable.h"

#include <inttypes.h>
#include <signal.h>

#define COMMAND_WIDTH 20
#define MOUNT_WIDTH 15

/* ---- status ------------------------------------------------------------------------------ */

#define SIGNAL(name) [SIG##name] = "SIG" #name

static const char *const signal_names[] = {
	SIGNAL(HUP), SIGNAL(INT), SIGNAL(QUIT), SIGNAL(ILL), SIGNAL(TRAP), SIGNAL(ABRT), SIGNAL(BUS), SIGNAL(FPE), SIGNAL(KILL), SIGNAL(USR1),
	SIGNAL(SEGV), SIGNAL(USR2), SIGNAL(PIPE), SIGNAL(ALRM), SIGNAL(TERM), SIGNAL(STKFLT), SIGNAL(CHLD), SIGNAL(CONT), SIGNAL(STOP),
	SIGNAL(TSTP), SIGNAL(TTIN), SIGNAL(TTOU), SIGNAL(URG), SIGNAL(XCPU), SIGNAL(XFSZ), SIGNAL(VTALRM), SIGNAL(PROF), SIGNAL(WINCH),
	SIGNAL(IO), SIGNAL(PWR), SIGNAL(SYS),
};

const char *container_text_signal(struct arena *arena, int64_t number)
{
	if (number > 0 && (uint64_t)number < ARRAY_SIZE(signal_names) && signal_names[number])
		return signal_names[number];
	return arena_printf(arena, "signal %" PRId64, number);
}

static const char *rough(struct arena *arena, int64_t seconds)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	duration_add_rough(seconds < 0 ? 0 : seconds, &text);
	return arena_strdup(arena, text.data);
}

/* Why, where the exit code alone does not tell; empty if there is nothing more to say. */
static const char *reason(struct arena *arena, const struct spec_container_state *state)
{
	_cleanup_free_ char *limit = human_memory((uint64_t)state->oom_limit);

	/* Of what ended well, one process may have been: as a service of a whole system, at a limit of its own. */
	if (state->oom_killed && state->exit_code != 0)
		return state->oom_limit > 0 ? arena_printf(arena, ", out of memory at %s", limit) : ", out of memory";
	if (state->signal && state->signal != SIGKILL && state->signal != SIGTERM)
		return arena_printf(arena, ", by %s", container_text_signal(arena, state->signal));
	return "";
}

static const char *text_of_up(struct arena *arena, const struct container_entry *entry, time_t now)
{
	const char *up = rough(arena, now - entry->started_s);

	if (entry->state->status == SPEC_CONTAINER_PAUSED)
		return arena_printf(arena, "Up %s (Paused)", up);
	if (entry->state->health.status == SPEC_HEALTH_STARTING)
		return arena_printf(arena, "Up %s (health: starting)", up);
	if (entry->state->health.status != SPEC_HEALTH_STATUS_NONE)
		return arena_printf(arena, "Up %s (%s)", up, spec_health_status_name(entry->state->health.status));
	return arena_printf(arena, "Up %s", up);
}

const char *container_text_status(struct arena *arena, const struct container_entry *entry, time_t now)
{
	const struct spec_container_state *state = entry->state;

	switch (state->status) {
	case SPEC_CONTAINER_RUNNING:
	case SPEC_CONTAINER_PAUSED:
	case SPEC_CONTAINER_STOPPING:
		return text_of_up(arena, entry, now);
	case SPEC_CONTAINER_RESTARTING:
		return arena_printf(arena, "Restarting (%" PRId64 ") %s ago", state->exit_code, rough(arena, now - entry->finished_s));
	case SPEC_CONTAINER_EXITED:
		return arena_printf(arena, "Exited (%" PRId64 ") %s ago%s", state->exit_code, rough(arena, now - entry->finished_s), reason(arena, state));
	case SPEC_CONTAINER_REMOVING:
		return "Removal In Progress";
	default:
		return "Created";
	}
}

/* ---- the rest ------------------------------------------------------------------------------- */

/* TEXT with no more than WIDTH characters, the last a sign that there were more. */
static const char *cut(struct arena *arena, const char *text, size_t width)
{
	size_t bytes = 0, characters = 0, kept = 0;

	for (; text[bytes]; bytes++) {
		if (((unsigned char)text[bytes] & 0xc0) == 0x80)
			continue;
		if (++characters == width)
			kept = bytes;
	}
	return characters > width ? arena_printf(arena, "%.*s…", (int)kept, text) : text;
}

const char *container_text_words(struct arena *arena, const struct spec_container *container)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char **lists[] = { container->config.entrypoint, container->config.command };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (char **word = lists[i]; word && *word; word++)
			buf_printf(&text, !text.length ? "%s" : strchr(*word, ' ') ? " '%s'" : " %s", *word);
	return arena_strdup(arena, text.data ? text.data : "");
}

const char *container_text_command(struct arena *arena, const struct spec_container *container, bool whole)
{
	char *text = arena_strdup(arena, container_text_words(arena, container));

	printable_replace(text, strlen(text), "", ' ');
	return arena_printf(arena, "\"%s\"", whole ? text : cut(arena, text, COMMAND_WIDTH));
}

static bool is_published(const struct container_entry *entry, const char *exposed)
{
	const char *slash = strchr(exposed, '/');
	_cleanup_free_ char *text = str_printf("%.*s", (int)strcspn(exposed, "/"), exposed);
	uint64_t number = 0;

	if (str_to_u64(text, 10, &number) < 0)
		return false;
	for (size_t i = 0; i < entry->port_count; i++) {
		const struct spec_published_port *port = &entry->ports[i];

		if (number >= port->port && number - port->port < port->count && str_equal(port->protocol, slash ? slash + 1 : "tcp"))
			return true;
	}
	return false;
}

/* "8080", or "8000-8010". */
static void add_range(struct buf *text, unsigned first, unsigned count)
{
	buf_printf(text, "%u", first);
	if (count > 1)
		buf_printf(text, "-%u", first + count - 1);
}

static void add_binding(struct buf *text, const char *ip, const struct spec_published_port *port)
{
	buf_printf(text, "%s%s:", text->length ? ", " : "", ip);
	add_range(text, port->host_port, port->count);
	buf_add_text(text, "->");
	add_range(text, port->port, port->count);
	buf_printf(text, "/%s", port->protocol);
}

/* All addresses of the host are written as one for each version, as docker does. */
static void add_port(struct buf *text, const struct spec_published_port *port)
{
	_cleanup_free_ char *bracketed = port->host_ip && strchr(port->host_ip, ':') ? str_printf("[%s]", port->host_ip) : NULL;

	if (port->host_ip) {
		add_binding(text, bracketed ? bracketed : port->host_ip, port);
		return;
	}
	if (port->address4)
		add_binding(text, "0.0.0.0", port);
	if (port->address6)
		add_binding(text, "[::]", port);
}

const char *container_text_ports(struct arena *arena, const struct container_entry *entry)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < entry->port_count; i++)
		add_port(&text, &entry->ports[i]);
	for (char **port = entry->container->config.exposed_ports; port && *port; port++)
		if (!is_published(entry, *port))
			buf_printf(&text, "%s%s", text.length ? ", " : "", *port);
	return arena_strdup(arena, text.data ? text.data : "");
}

const char *container_text_labels(struct arena *arena, const struct spec_container *container)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < container->config.label_count; i++)
		buf_printf(&text, "%s%s=%s", i ? "," : "", container->config.labels[i].key, container->config.labels[i].value);
	return arena_strdup(arena, text.data ? text.data : "");
}

const char *container_text_mounts(struct arena *arena, const struct spec_container *container, bool whole)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < container->host.mount_count; i++) {
		const char *source = container->host.mounts[i].source;

		if (source)
			buf_printf(&text, "%s%s", text.length ? "," : "", whole ? source : cut(arena, source, MOUNT_WIDTH));
	}
	return arena_strdup(arena, text.data ? text.data : "");
}
