/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of an image (image-spec, config.md, and what Docker adds):
 * how it is run, which layers it is made of, how they came about. Its digest is
 * the image's id.
 */
#ifndef BIVY_SPEC_IMAGE_CONFIG_H
#define BIVY_SPEC_IMAGE_CONFIG_H

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/str.h"
#include "spec/config.h"
#include "spec/platform.h"

#define SPEC_IMAGE_CONFIG_LIMIT (16u << 20) /* bytes */

struct spec_health_check {
	char **test; /* {"CMD", …}, {"CMD-SHELL", …} or {"NONE"}; NULL: inherited */
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns; /* 0: not given */
	int64_t retries;
};

/* How a container of it is run. Lists are NULL-terminated; NULL when not given. */
struct spec_execution {
	char *user;           /* "user[:group]", names or numbers */
	char **exposed_ports; /* "80/tcp" */
	char **env;
	char **entrypoint;
	char **command;
	char **volumes;       /* absolute paths */
	char *working_directory;
	struct spec_pair *labels;
	size_t label_count;
	char *stop_signal;
	bool has_stop_timeout;
	int64_t stop_timeout_s;
	struct spec_health_check *health_check;
	char **shell;
	char **on_build;
	bool args_escaped; /* "ArgsEscaped": docker sets it with every CMD */
	const struct json *source; /* as in struct spec_descriptor */
};

struct spec_history {
	char *created; /* RFC 3339 */
	char *created_by;
	char *author;
	char *comment;
	bool empty_layer;
};

struct spec_image_config {
	char *created; /* RFC 3339, or NULL */
	char *author;
	struct spec_platform platform; /* as given; normalise before comparing */
	struct spec_execution execution;
	char **diff_ids; /* NULL-terminated, never NULL: digests of the uncompressed layers, the base first */
	size_t diff_id_count;
	struct spec_history *history;
	size_t history_count;
	const struct json *source; /* as in struct spec_descriptor */
};

int spec_image_config_decode(struct arena *arena, const char *text, size_t length, struct spec_image_config **ret, struct error *err) _must_check_;

/* One line of JSON without newline, the same for the same content; members that bivy does not know stay. */
void spec_image_config_encode(const struct spec_image_config *config, struct buf *out);

#endif
