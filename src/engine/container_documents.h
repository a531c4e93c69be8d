/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents in the volatile directory of a container that has a supervisor,
 * config.json and supervise.json, which are what a restart begins with: read,
 * changed and replaced, under the lock of the record.
 *
 * supervise.json has a mount longer than config.json: what is only in the former is passed over.
 */
#ifndef BIVY_ENGINE_CONTAINER_DOCUMENTS_H
#define BIVY_ENGINE_CONTAINER_DOCUMENTS_H

#include "engine/container.h"
#include "runtime/verbs.h"
#include "spec/config.h"
#include "spec/supervision.h"

struct container_documents {
	struct buf config_text, supervision_text; /* as they were */
	struct spec_config *config;               /* to be changed; in the record's arena */
	struct spec_supervision *supervision;
};

#define CONTAINER_DOCUMENTS_INIT ((struct container_documents){ .config = NULL })

void container_documents_done(struct container_documents *documents);
#define _cleanup_container_documents_ _cleanup_(container_documents_done)

int container_documents_read(const struct container_record *record, struct container_documents *ret, struct error *err) _must_check_;

/* IS_LONGER: there is a mount more than before. */
int container_documents_write(const struct container_record *record, const struct container_documents *documents, bool is_longer, struct error *err)
	_must_check_;

/* They say what they said; a failure is logged. WAS_LONGER: there was a mount more than there is now. */
void container_documents_restore(const struct container_record *record, const struct container_documents *documents, bool was_longer);

/* Where its runtime is. */
struct runtime container_documents_runtime(const struct container_record *record);

#endif
