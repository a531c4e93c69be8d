/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What refers to a manifest, kept by clients where a registry does not do it by
 * itself (distribution specification, "Referrers Tag Schema"): an index under a
 * tag that is made of the digest.
 */
#ifndef BIVY_REGISTRY_REFERRERS_H
#define BIVY_REGISTRY_REFERRERS_H

#include "registry/client.h"

/* "sha256-…" for the valid digest DIGEST; allocated. */
char *referrers_tag(const char *digest);

/*
 * Adds REFERRER to the index of the manifest SUBJECT, unless it is in it. Two
 * clients that do so at the same moment may lose one of the entries: that is
 * the specification's.
 */
int referrers_add(struct client *client, const char *subject, const struct spec_descriptor *referrer, struct error *err) _must_check_;

#endif
