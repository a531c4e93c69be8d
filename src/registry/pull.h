/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching the blobs of an image, several at once. What is fetched, and where it goes, the caller says. */
#ifndef BIVY_REGISTRY_PULL_H
#define BIVY_REGISTRY_PULL_H

#include "registry/client.h"

#define PULL_DEFAULT_AT_ONCE 4

/*
 * Fetches the COUNT blobs of REQUESTS, AT_ONCE (0: the default) at a time,
 * started in their order, each verified as soon as it is there: the sinks and
 * verifiers of several take turns in this one thread. The first that fails ends
 * the others where they are, for a later call to go on from; its error is the
 * result.
 */
int pull_blobs(struct client *client, const struct client_blob_request *requests, size_t count, unsigned at_once, struct error *err) _must_check_;

#endif
