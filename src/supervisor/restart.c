/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/restart.h"
#include "base/str.h"

static bool policy_wants_it(const struct restart_facts *facts)
{
	if (facts->stopped)
		return false;
	if (str_equal(facts->policy, "always") || str_equal(facts->policy, "unless-stopped"))
		return true;
	return str_equal(facts->policy, "on-failure") && facts->exit_code != 0 && (facts->maximum <= 0 || facts->count < facts->maximum);
}

bool restart_is_due(const struct restart_facts *facts, int64_t *ret_wait_ns)
{
	int64_t wait_ns = 2 * facts->last_wait_ns;

	if (!policy_wants_it(facts))
		return false;
	if (wait_ns < RESTART_FIRST_NS || facts->lived_ns >= RESTART_GOOD_NS)
		wait_ns = RESTART_FIRST_NS;
	*ret_wait_ns = wait_ns < RESTART_LONGEST_NS ? wait_ns : RESTART_LONGEST_NS;
	return true;
}
