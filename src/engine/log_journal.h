/* SPDX-License-Identifier: Apache-2.0 */
/* The log driver journald, read back: by journalctl(1), as the journal's files are its own affair. */
#ifndef BIVY_ENGINE_LOG_JOURNAL_H
#define BIVY_ENGINE_LOG_JOURNAL_H

#include "engine/logs.h"

/* ERROR_UNAVAILABLE if there is no journal that a container could log to. */
int log_journal_check(struct error *err) _must_check_;

/* As logs_read(), within SINCE_NS to UNTIL_NS (INT64_MIN, INT64_MAX: no limit). Returns what is not 0 of .each. */
int log_journal_read(const struct logs_request *request, struct container_record *record, int64_t since_ns, int64_t until_ns, struct error *err)
	_must_check_;

#endif
