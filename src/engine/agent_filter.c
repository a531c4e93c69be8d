/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/agent_filter.h"

#define UNKNOWN_TYPE 0 /* reserved: SSH_AGENT_FAILURE is the answer */

enum { REQUEST_IDENTITIES = 11, SIGN_REQUEST = 13, EXTENSION = 27 };

static char allowed(char type)
{
	return type == REQUEST_IDENTITIES || type == SIGN_REQUEST || type == EXTENSION ? type : UNKNOWN_TYPE;
}

static void take_header(struct agent_filter *filter, char byte)
{
	filter->header[filter->header_length++] = (uint8_t)byte;
	if (filter->header_length < sizeof filter->header)
		return;
	filter->left = (uint32_t)filter->header[0] << 24 | (uint32_t)filter->header[1] << 16 | (uint32_t)filter->header[2] << 8 | filter->header[3];
	filter->header_length = 0;
	filter->has_type = false;
}

void agent_filter_pass(struct agent_filter *filter, char *bytes, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t part = length - i < filter->left ? length - i : filter->left;

		if (filter->left == 0) {
			take_header(filter, bytes[i++]);
			continue;
		}
		if (!filter->has_type)
			bytes[i] = allowed(bytes[i]);
		filter->has_type = true;
		filter->left -= (uint32_t)part;
		i += part;
	}
}
