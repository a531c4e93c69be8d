/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics: for Prometheus, in the form that it asks for. Docker has that on a port of its own, without containers. */
#include "engine/metrics.h"
#include "api/accept.h"
#include "api/routes.h"

/* OpenMetrics for those who name it; whoever takes anything gets what every reader knows, and a browser shows. */
static enum openmetrics_form choose_form(const struct api_call *call)
{
	const char *accept = api_call_header(call, "Accept");
	unsigned quality = api_accept_quality(accept, "application/openmetrics-text", "1.0.0");

	return quality > api_accept_quality(accept, "text/plain", "0.0.4") ? OPENMETRICS_1 : OPENMETRICS_TEXT;
}

int api_metrics(struct api_call *call, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct metrics_request request = { .directories = call->directories, .form = choose_form(call), .cache = call->containers,
		.http = call->http, .size = api_target_flag(&call->target, "size", false) };
	int r = metrics_write(&request, &text, err);

	return r < 0 ? r : api_reply_text(call, 200, openmetrics_content_type(request.form), text.data, err);
}
