/* SPDX-License-Identifier: Apache-2.0 */
/* --attest, --sbom, --provenance: what is said of an image beside it. */
#ifndef BIVY_ENGINE_VALUE_ATTESTATION_H
#define BIVY_ENGINE_VALUE_ATTESTATION_H

#include "engine/build.h"

/* "type=TYPE,mode=MODE,…"; where the TYPE is known, "true" and "false" are enough. *RET_WANTED: whether it is to be. */
int value_attestation_parse(struct arena *arena, const char *text, const char *type, struct build_attestation *ret, bool *ret_wanted, struct error *err)
	_must_check_;

#endif
