/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/log_driver.h"
#include "base/memory.h"

const struct log_driver *log_driver_of(enum spec_log_driver driver)
{
	static const struct log_driver *const drivers[SPEC_LOG_DRIVER_COUNT] = {
		[SPEC_LOG_LOCAL] = &log_driver_local,
		[SPEC_LOG_JSON_FILE] = &log_driver_json_file,
		[SPEC_LOG_JOURNALD] = &log_driver_journald,
		[SPEC_LOG_NONE] = NULL,
		[SPEC_LOG_PASSTHROUGH] = NULL,
	};

	return drivers[driver];
}

void log_driver_each_attribute(const struct log_request *request, const struct spec_log_options *options, log_driver_attribute *each, void *context)
{
	for (size_t i = 0; i < request->label_count; i++)
		if (spec_log_options_name(options->labels, request->labels[i].key))
			each(context, request->labels[i].key, request->labels[i].value);
	for (char *const *variable = request->env; variable && *variable; variable++) {
		size_t length = strcspn(*variable, "=");
		_cleanup_free_ char *name = str_printf("%.*s", (int)length, *variable);

		if ((*variable)[length] && spec_log_options_name(options->env, name))
			each(context, name, *variable + length + 1);
	}
}
