/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/resource_options.h"
#include "cli/value_word.h"

static int check(const struct spec_host_config *host, struct error *err)
{
	if (host->nano_cpus && (host->cpu_period || host->cpu_quota))
		return error_set(err, ERROR_INVALID, 0, "--cpus and --cpu-%s exclude each other", host->cpu_period ? "period" : "quota");
	if (host->blkio_weight > 0 && host->blkio_weight < 10)
		return error_set(err, ERROR_INVALID, 0, "invalid value '%d' for --blkio-weight: expected a number from 10 to 1000", (int)host->blkio_weight);
	if (host->memory_swap > 0 && host->memory > 0 && host->memory_swap < host->memory)
		return error_set(err, ERROR_INVALID, 0, "--memory-swap, which is of memory and swap together, is below --memory");
	if (host->memory_reservation > 0 && host->memory > 0 && host->memory_reservation > host->memory)
		return error_set(err, ERROR_INVALID, 0, "--memory-reservation is above --memory");
	return 0;
}

int resource_decode(struct arena *arena, const struct resource_request *request, struct spec_host_config *ret, const char **ret_warning, struct error *err)
{
	struct spec_host_config host = request->host;
	int r = value_rates_parse(arena, "blkio-weight-device", VALUE_RATE_WEIGHT, request->weight_devices, &host.blkio_weight_devices,
				  &host.blkio_weight_device_count, err);

	if (r == 0)
		r = value_throttles_parse(arena, request->rates, host.blkio_rates, host.blkio_rate_count, err);
	if (r < 0)
		return r;
	if (request->memory_swap != RESOURCE_NOT_GIVEN)
		host.memory_swap = request->memory_swap;
	if (request->memory_swappiness != RESOURCE_NOT_GIVEN && request->memory_swappiness >= 0) {
		host.has_memory_swappiness = true;
		host.memory_swappiness = request->memory_swappiness;
	}
	if (request->pids_limit != RESOURCE_NOT_GIVEN) {
		host.has_pids_limit = true;
		host.pids_limit = request->pids_limit == 0 ? -1 : request->pids_limit;
	}
	if (request->restart &&
	    value_restart_parse(arena, request->restart, &host.restart_policy, &host.restart_maximum, err) < 0)
		return error_wrap(err, "invalid value '%s' for --restart", request->restart);
	r = check(&host, err);
	if (r < 0)
		return r;
	*ret_warning = request->kernel_memory ? "--kernel-memory is passed over: Linux counts it as memory" : NULL;
	*ret = host;
	return 0;
}
