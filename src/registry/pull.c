/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pull.h"

#include "base/memory.h"

struct pull {
	struct client *client;
	const struct client_blob_request *requests;
	size_t count, next, done;
	unsigned at_once;
	struct client_blob **slots; /* at_once of them; NULL: free */
};

/* Fills the free slots with what comes next. */
static int start_blobs(struct pull *pull, struct error *err)
{
	for (unsigned i = 0; i < pull->at_once && pull->next < pull->count; i++) {
		int r;

		if (pull->slots[i])
			continue;
		r = client_start_blob(pull->client, &pull->requests[pull->next], &pull->slots[i], err);
		if (r < 0)
			return r;
		pull->next++;
	}
	return 0;
}

/* Takes those that are done out of their slots; whether there were any. */
static int finish_blobs(struct pull *pull, bool *ret_any, struct error *err)
{
	for (unsigned i = 0; i < pull->at_once; i++) {
		_cleanup_client_blob_ struct client_blob *blob = NULL;
		int r;

		if (!pull->slots[i] || !client_blob_is_done(pull->slots[i]))
			continue;
		blob = TAKE_PTR(pull->slots[i]);
		*ret_any = true;
		r = client_finish_blob(pull->client, blob, err);
		if (r < 0)
			return r;
		pull->done++;
	}
	return 0;
}

int pull_blobs(struct client *client, const struct client_blob_request *requests, size_t count, unsigned at_once, struct error *err)
{
	struct pull pull = { .client = client, .requests = requests, .count = count, .at_once = at_once ? at_once : PULL_DEFAULT_AT_ONCE };
	struct http *http = client_endpoint(client)->options->http;
	int r = 0;

	pull.slots = memory_new(pull.at_once, sizeof *pull.slots);
	while (r == 0 && pull.done < count) {
		bool any = false;

		r = start_blobs(&pull, err);
		if (r == 0)
			r = finish_blobs(&pull, &any, err);
		if (r == 0 && !any)
			http_step(http, 1000);
	}
	for (unsigned i = 0; i < pull.at_once; i++)
		client_blob_free(pull.slots[i]);
	free(pull.slots);
	return r;
}
