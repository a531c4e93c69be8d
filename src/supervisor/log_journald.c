/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver "journald": a datagram a line in the journal's native protocol
 * (systemd.io/JOURNAL_NATIVE_PROTOCOL), with docker's fields. One that the
 * journal does not take at once is lost; a journal that was restarted is found
 * again, as each goes to the name.
 */
#include "base/file.h"
#include "base/memory.h"
#include "supervisor/log_driver.h"

#include <ctype.h>
#include <endian.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SOCKET "/run/systemd/journal/socket"
#define DEFAULT_TAG "{{.ID}}"

struct journald {
	int socket;
	struct sockaddr_un address;
	struct buf fixed;     /* the fields that all lines have */
	size_t name_offset, name_length; /* of the field of the name in .fixed */
};

/* A value may have newlines: then its length goes before it. */
static void add_field(struct buf *out, const char *name, const char *value, size_t length)
{
	uint64_t encoded = htole64(length);

	buf_add_text(out, name);
	if (memchr(value, '\n', length)) {
		buf_add_char(out, '\n');
		buf_add(out, &encoded, sizeof encoded);
	} else {
		buf_add_char(out, '=');
	}
	buf_add(out, value, length);
	buf_add_char(out, '\n');
}

static void add_text(struct buf *out, const char *name, const char *value)
{
	add_field(out, name, value ? value : "", value ? strlen(value) : 0);
}

/* Names of fields are capital letters, digits and underscores, and begin with a letter. */
static void add_attribute(void *context, const char *name, const char *value)
{
	_cleanup_free_ char *field = str_dup(name);

	for (char *c = field; *c; c++)
		*c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
	while (*field && !isalpha((unsigned char)*field))
		memmove(field, field + 1, strlen(field));
	if (*field)
		add_text(context, field, value);
}

static int make_fields(struct journald *journald, const struct log_request *request, const struct spec_log_options *options, struct error *err)
{
	struct buf *fixed = &journald->fixed;
	_cleanup_buf_ struct buf tag = BUF_INIT;
	int r = spec_log_options_make_tag(str_is_empty(options->tag) ? DEFAULT_TAG : options->tag, request->id, request->name, request->image_name,
		&tag, err);

	if (r < 0)
		return r;
	add_field(fixed, "CONTAINER_ID", request->id, strnlen(request->id, 12));
	add_text(fixed, "CONTAINER_ID_FULL", request->id);
	add_text(fixed, "CONTAINER_TAG", tag.data);
	add_text(fixed, "SYSLOG_IDENTIFIER", tag.data);
	add_text(fixed, "IMAGE_NAME", request->image_name);
	log_driver_each_attribute(request, options, add_attribute, fixed);
	return 0;
}

/* The name comes last, so that it can be replaced. */
static void rename_journald(void *state, const char *name)
{
	struct journald *journald = state;

	journald->fixed.length -= journald->name_length;
	journald->name_length = journald->fixed.length;
	add_text(&journald->fixed, "CONTAINER_NAME", name);
	journald->name_length = journald->fixed.length - journald->name_length;
}

static void close_journald(void *state)
{
	struct journald *journald = state;

	close_and_forget(&journald->socket);
	buf_done(&journald->fixed);
	free(journald);
}

static int find_journal(struct journald *journald, const char *path, struct error *err)
{
	if (strlen(path) >= sizeof journald->address.sun_path)
		return error_errno(err, ENAMETOOLONG, "cannot log to the journal '%s'", path);
	journald->address.sun_family = AF_UNIX;
	strcpy(journald->address.sun_path, path);
	if (access(path, W_OK) < 0) {
		int r = error_errno(err, errno, "cannot log to the journal '%s'", path);

		error_hint(err, "without journald, use the log driver local");
		return r;
	}
	journald->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return journald->socket < 0 ? error_errno(err, errno, "cannot make a socket") : 0;
}

static int open_journald(const struct log_request *request, const struct spec_log_options *options, void **ret, struct error *err)
{
	struct journald *journald = memory_new(1, sizeof *journald);
	int r;

	journald->socket = -EBADF;
	r = find_journal(journald, request->journal ? request->journal : SOCKET, err);
	if (r == 0)
		r = make_fields(journald, request, options, err);
	if (r < 0) {
		close_journald(journald);
		return r;
	}
	rename_journald(journald, request->name);
	*ret = journald;
	return 0;
}

static int64_t write_journald(void *state, const struct spec_log_record *record)
{
	struct journald *journald = state;
	_cleanup_buf_ struct buf fields = BUF_INIT;
	struct iovec parts[2];
	struct msghdr message = { .msg_name = &journald->address, .msg_namelen = sizeof journald->address, .msg_iov = parts, .msg_iovlen = 2 };

	add_field(&fields, "MESSAGE", record->text, record->length);
	/* As docker: err and info of syslog(3). */
	add_text(&fields, "PRIORITY", record->stream == 2 ? "3" : "6");
	if (record->partial)
		add_text(&fields, "CONTAINER_PARTIAL_MESSAGE", "true");
	buf_printf(&fields, "CONTAINER_TIME_NS=%" PRId64 "\n", record->time_ns);
	parts[0] = (struct iovec){ fields.data, fields.length };
	parts[1] = (struct iovec){ journald->fixed.data, journald->fixed.length };
	return sendmsg(journald->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0;
}

const struct log_driver log_driver_journald = {
	.open = open_journald,
	.write = write_journald,
	.rename = rename_journald,
	.close = close_journald,
};
