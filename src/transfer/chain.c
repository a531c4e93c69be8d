/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/chain.h"

#include "store/layer_parents.h"

#include <sys/xattr.h>

enum layer_form chain_choose_form(const struct store *store)
{
	static const char probe[] = "trusted.bivy.probe";

	if (fsetxattr(store->staging_fd, probe, "", 0, 0) < 0)
		return errno == EPERM ? LAYER_FORM_OVERLAY_USER : LAYER_FORM_OVERLAY;
	ignore_result(fremovexattr(store->staging_fd, probe)); /* it says nothing */
	return LAYER_FORM_OVERLAY;
}

/* Gives directories that a layer only implies what the layers below say: those are complete. */
static int adopt_parents(const struct store *store, struct fetch_result *result, const char *const *chain_ids, size_t index, struct error *err)
{
	_cleanup_free_ int *fds = memory_new(index + 1, sizeof *fds);
	size_t count = 0;
	int r = 0;

	if (!result->report.implied || !result->report.implied[0])
		return 0;
	while (r == 0 && count < index) {
		r = layer_open(store, chain_ids[index - 1 - count], &fds[count], err);
		count += r == 0;
	}
	if (r == 0)
		r = layer_parents_adopt(result->stage.diff_fd, result->report.implied, fds, count, err);
	while (count > 0)
		close(fds[--count]);
	return r;
}

int chain_commit(const struct store *store, struct fetch_result *result, const char *const *chain_ids, size_t index, const struct spec_layer *record,
	struct error *err)
{
	int r = adopt_parents(store, result, chain_ids, index, err);

	if (r == 0)
		r = layer_commit(&result->stage, chain_ids[index], record, err);
	fetch_result_done(result);
	return r;
}
