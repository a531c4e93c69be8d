/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/resource_options.h"
#include "cli/value_word.h"

/* The devices of one option, in the arena. */
static int decode_rates(struct arena *arena, const char *option, enum value_rate_kind kind, char *const *texts, struct spec_container_rate **ret,
			size_t *ret_count, struct error *err)
{
	size_t count = texts ? strv_length(texts) : 0;
	struct spec_container_rate *rates = arena_alloc(arena, count + 1, sizeof *rates);

	for (size_t i = 0; i < count; i++)
		if (value_rate_parse(arena, texts[i], kind, &rates[i], err) < 0)
			return error_wrap(err, "invalid value '%s' for --%s", texts[i], option);
	*ret = count ? rates : NULL;
	*ret_count = count;
	return 0;
}

static int decode_all_rates(struct arena *arena, const struct resource_request *request, struct spec_host_config *host, struct error *err)
{
	static const struct {
		const char *option;
		enum value_rate_kind kind;
	} options[THROTTLE_KIND_COUNT] = {
		[THROTTLE_READ_BPS] = { "device-read-bps", VALUE_RATE_BYTES },
		[THROTTLE_WRITE_BPS] = { "device-write-bps", VALUE_RATE_BYTES },
		[THROTTLE_READ_IOPS] = { "device-read-iops", VALUE_RATE_OPERATIONS },
		[THROTTLE_WRITE_IOPS] = { "device-write-iops", VALUE_RATE_OPERATIONS },
	};
	int r = decode_rates(arena, "blkio-weight-device", VALUE_RATE_WEIGHT, request->weight_devices, &host->blkio_weight_devices,
			     &host->blkio_weight_device_count, err);

	for (size_t i = 0; r == 0 && i < THROTTLE_KIND_COUNT; i++)
		r = decode_rates(arena, options[i].option, options[i].kind, request->rates[i], &host->blkio_rates[i], &host->blkio_rate_count[i], err);
	return r;
}

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
	int r = decode_all_rates(arena, request, &host, err);

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
