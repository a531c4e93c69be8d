/* SPDX-License-Identifier: Apache-2.0 */
/* What --log-driver and --log-opt say, for who checks it, who writes, and who reads back. */
#ifndef BIVY_SPEC_LOG_OPTIONS_H
#define BIVY_SPEC_LOG_OPTIONS_H

#include "base/error.h"
#include "base/str.h"
#include "spec/config.h"

#define SPEC_LOG_FILE_BYTES (INT64_C(20) << 20) /* of one file, if nobody said more or less */
#define SPEC_LOG_FILES 5
#define SPEC_LOG_FILES_LIMIT 500

enum spec_log_driver {
	SPEC_LOG_LOCAL,
	SPEC_LOG_JSON_FILE,
	SPEC_LOG_JOURNALD,
	SPEC_LOG_NONE,
	SPEC_LOG_PASSTHROUGH,
	SPEC_LOG_DRIVER_COUNT,
};

struct spec_log_options {
	enum spec_log_driver driver;
	int64_t max_size;  /* bytes after which another file begins; 0: never */
	int64_t max_files; /* with the one that is written */
	bool compress;     /* those that are not written any more */
	const char *tag;   /* a template, or NULL: the driver's own */
	const char *labels, *env; /* names parted by commas of what goes along with each line; or NULL */
};

/*
 * The options in effect. DRIVER may be NULL, for "local". ERROR_INVALID for one
 * that there is not, an option that it does not know, and a value that is none;
 * the texts stay the caller's.
 */
int spec_log_options_read(const char *driver, const struct spec_pair *options, size_t count, struct spec_log_options *ret, struct error *err)
	_must_check_;

const char *spec_log_driver_name(enum spec_log_driver driver);

/*
 * Adds what the template TAG makes of a container: {{.ID}} of 12 digits,
 * {{.FullID}}, {{.Name}}, {{.ImageName}} and {{.DaemonName}}, as docker has them.
 */
int spec_log_options_make_tag(const char *tag, const char *id, const char *name, const char *image_name, struct buf *out, struct error *err)
	_must_check_;

/* Whether NAME is one of LIST, which are parted by commas; false for a LIST that is NULL. */
bool spec_log_options_name(const char *list, const char *name);

#endif
