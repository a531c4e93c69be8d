/* SPDX-License-Identifier: Apache-2.0 */
#include "net/attachment.h"

#include "base/log.h"
#include "net/firewall.h"
#include "net/leases.h"
#include "net/link.h"
#include "net/resolver.h"

/* ---- links ------------------------------------------------------------------------ */

/* The first COUNT links, the last first. Goes on after a failure; ERR has the first. */
static int detach_links(const struct spec_network_plan *plan, size_t count, int netns_fd, struct error *err)
{
	int result = 0;

	while (count-- > 0) {
		struct error later = ERROR_INIT;
		int r = net_link_detach(&plan->links[count], netns_fd, result == 0 ? err : &later);

		if (r < 0 && result < 0)
			log_warning("%s, ignoring", later.message);
		if (r < 0 && result == 0)
			result = r;
	}
	return result;
}

int net_attach(const struct spec_network_plan *plan, int netns_fd, struct error *err)
{
	for (size_t i = 0; i < plan->link_count; i++) {
		struct error later = ERROR_INIT;
		int r = net_link_attach(&plan->links[i], netns_fd, err);

		if (r == 0)
			continue;
		if (detach_links(plan, i, netns_fd, &later) < 0)
			log_warning("%s, ignoring", later.message);
		return r;
	}
	return 0;
}

int net_detach(const struct spec_network_plan *plan, struct error *err)
{
	return detach_links(plan, plan->link_count, -EBADF, err);
}

/* ---- files --------------------------------------------------------------------------- */

/* RUN_ROOT/networks/ID/names/CONTAINER: name servers that know no other names end. */
static int remove_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *directory = str_printf("%.*s", (int)(slash - path), path); /* absolute: spec/network_plan.c */

	return net_names_remove(directory, slash + 1);
}

static int remove_names(const struct spec_network_plan *plan, struct error *err)
{
	int result = 0;

	for (size_t i = 0; plan->names && plan->names[i]; i++) {
		int r = remove_name(plan->names[i]);

		if (r < 0 && result == 0)
			result = error_errno(err, -r, "cannot remove '%s'", plan->names[i]);
	}
	return result;
}

/* ---- the whole ------------------------------------------------------------------------- */

static int unpublish(const struct spec_network_plan *plan, struct error *err)
{
	return plan->port_count ? firewall_unpublish(plan->ports, plan->port_count, err) : 0;
}

/* A failure of one part keeps nobody from the next; the first is what counts. */
struct failures {
	struct error *err, later;
	int result;
};

static void note(struct failures *failures, int r)
{
	if (r < 0 && failures->result < 0)
		log_warning("%s, ignoring", failures->later.message);
	if (r < 0 && failures->result == 0)
		failures->result = r;
}

static struct error *place(struct failures *failures)
{
	return failures->result == 0 ? failures->err : &failures->later;
}

/* Addresses last: who gets one of them next is not to get what was meant for its last owner. */
static void release_rest(const struct spec_network_plan *plan, struct failures *failures)
{
	note(failures, remove_names(plan, place(failures)));
	note(failures, net_leases_release(plan->leases, plan->id, place(failures)));
}

int net_release(const struct spec_network_plan *plan, struct error *err)
{
	struct failures failures = { .err = err };

	note(&failures, unpublish(plan, place(&failures)));
	note(&failures, net_detach(plan, place(&failures)));
	release_rest(plan, &failures);
	return failures.result;
}

int net_release_but_links(const struct spec_network_plan *plan, struct error *err)
{
	struct failures failures = { .err = err };

	note(&failures, unpublish(plan, place(&failures)));
	release_rest(plan, &failures);
	return failures.result;
}

static void retire_links(const struct spec_network_plan *plan, struct net_retired *ret, struct failures *failures)
{
	*ret = (struct net_retired){ .indexes = memory_new(plan->link_count, sizeof *ret->indexes) };
	for (size_t i = 0; i < plan->link_count; i++) {
		note(failures, net_link_retire(&plan->links[i], &ret->indexes[ret->count], place(failures)));
		ret->count += ret->indexes[ret->count] > 0;
	}
}

int net_retire_links(const struct spec_network_plan *plan, struct net_retired *ret, struct error *err)
{
	struct failures failures = { .err = err };

	retire_links(plan, ret, &failures);
	return failures.result;
}

int net_retire(const struct spec_network_plan *plan, struct net_retired *ret, struct error *err)
{
	struct failures failures = { .err = err };

	note(&failures, unpublish(plan, place(&failures)));
	retire_links(plan, ret, &failures);
	release_rest(plan, &failures);
	return failures.result;
}

int net_retired_remove(struct net_retired *retired, struct error *err)
{
	struct failures failures = { .err = err };

	for (size_t i = 0; i < retired->count; i++)
		note(&failures, net_link_remove_retired(retired->indexes[i], place(&failures)));
	free(TAKE_PTR(retired->indexes));
	retired->count = 0;
	return failures.result;
}
