/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/http_head.h"
#include "spec/http_call.h"
#include "spec/http_line.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* ---- lines ------------------------------------------------------------------------------ */

struct line {
	const char *text;
	size_t length; /* without its end */
};

struct head {
	const char *bytes;
	size_t length, at;
	size_t header_count, host_count, length_count;
	struct line content_length;
	bool is_first_version; /* HTTP/1.0 */
	bool is_chunked;
	struct spec_http_fault *fault;
};

static int refuse(struct head *head, unsigned status, const char *text)
{
	*head->fault = (struct spec_http_fault){ status, text };
	return -EBADMSG;
}

/* The next line; false: it has no end yet. */
static bool take_line(struct head *head, struct line *ret)
{
	const char *start = head->bytes + head->at, *end = memchr(start, '\n', head->length - head->at);

	if (!end)
		return false;
	head->at = (size_t)(end - head->bytes) + 1;
	*ret = (struct line){ start, (size_t)(end - start) };
	if (ret->length > 0 && start[ret->length - 1] == '\r')
		ret->length--;
	return true;
}

static bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_text(char c)
{
	return c == '\t' || ((unsigned char)c >= ' ' && c != '\x7f');
}

static bool is_word(const struct line *line, const char *word)
{
	return line->length == strlen(word) && strncasecmp(line->text, word, line->length) == 0;
}

/* ---- headers ------------------------------------------------------------------------------ */

/* Digits of a number that fits; one that is said twice is to be the same. */
static int take_length(struct head *head, const struct line *value)
{
	uint64_t number = 0;

	for (size_t i = 0; i < value->length; i++) {
		if (value->text[i] < '0' || value->text[i] > '9' || number > INT64_MAX / 10 - 1)
			return refuse(head, 400, "the request's Content-Length is no number of bytes");
		number = number * 10 + (uint64_t)(value->text[i] - '0');
	}
	if (value->length == 0)
		return refuse(head, 400, "the request's Content-Length is no number of bytes");
	if (head->length_count++ && (head->content_length.length != value->length || memcmp(head->content_length.text, value->text, value->length) != 0))
		return refuse(head, 400, "the request has two lengths");
	head->content_length = *value;
	return 0;
}

static int take_coding(struct head *head, const struct line *value)
{
	if (head->is_chunked || !is_word(value, "chunked"))
		return refuse(head, 400, "the request's Transfer-Encoding is not 'chunked'");
	head->is_chunked = true;
	return 0;
}

static int take_named(struct head *head, const struct line *name, struct line value)
{
	if (name->length == 0)
		return refuse(head, 400, "a header of the request has no name");
	for (size_t i = 0; i < name->length; i++)
		if (!is_token(name->text[i]))
			return refuse(head, 400, "the name of a header of the request is none");
	for (size_t i = 0; i < value.length; i++)
		if (!is_text(value.text[i]))
			return refuse(head, 400, "a header of the request is no text");
	for (; value.length > 0 && (*value.text == ' ' || *value.text == '\t'); value.text++)
		value.length--;
	while (value.length > 0 && (value.text[value.length - 1] == ' ' || value.text[value.length - 1] == '\t'))
		value.length--;
	if (++head->header_count > SPEC_HTTP_HEADER_LIMIT)
		return refuse(head, 431, "the request has too many headers");
	head->host_count += is_word(name, "Host");
	if (is_word(name, "Content-Length"))
		return take_length(head, &value);
	return is_word(name, "Transfer-Encoding") ? take_coding(head, &value) : 0;
}

static int take_header(struct head *head, const struct line *line)
{
	const char *colon = memchr(line->text, ':', line->length);
	struct line name = { line->text, colon ? (size_t)(colon - line->text) : 0 }, value = { NULL, 0 };

	if (colon)
		value = (struct line){ colon + 1, line->length - name.length - 1 };
	return take_named(head, &name, value);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int take_first_line(struct head *head, const struct line *line)
{
	const char *version = memrchr(line->text, ' ', line->length);
	struct line word = { version + 1, line->length - (size_t)(version + 1 - line->text) };

	/* The line was judged before, and so has two spaces. */
	head->is_first_version = is_word(&word, "HTTP/1.0");
	return head->is_first_version || is_word(&word, "HTTP/1.1") ? 0 : refuse(head, 505, "the request's version is not HTTP/1.1");
}

/* Once all headers are known. */
static int judge(struct head *head)
{
	if (head->host_count > 1 || (head->host_count == 0 && !head->is_first_version))
		return refuse(head, 400, "the request does not have one Host");
	if (head->is_chunked && (head->length_count > 0 || head->is_first_version))
		return refuse(head, 400, "the request has a length and chunks");
	return 1;
}

static int take_lines(struct head *head)
{
	struct line line;
	int r;

	/* Empty lines before it are passed over, as spec_http_line_judge() does. */
	while (head->at < head->length && (head->bytes[head->at] == '\r' || head->bytes[head->at] == '\n'))
		head->at++;
	if (!take_line(head, &line))
		return 0;
	for (r = take_first_line(head, &line); r == 0; r = take_header(head, &line)) {
		if (!take_line(head, &line))
			return 0;
		if (line.length == 0)
			return judge(head);
	}
	return r;
}

int spec_http_head_judge(const char *bytes, size_t length, struct spec_http_fault *ret)
{
	struct head head = { .bytes = bytes, .length = length < SPEC_HTTP_HEAD_LIMIT ? length : SPEC_HTTP_HEAD_LIMIT, .fault = ret };
	const char *fault = spec_http_line_judge(head.bytes, head.length);
	int r;

	if (fault)
		return refuse(&head, 400, fault);
	r = take_lines(&head);
	return r == 0 && head.length == SPEC_HTTP_HEAD_LIMIT ? refuse(&head, 431, "the head of the request is too large") : r;
}

int spec_http_headers_judge(const char *version, const struct spec_pair *headers, size_t count, struct spec_http_fault *ret)
{
	struct head head = { .is_first_version = strcmp(version, "HTTP/1.0") == 0, .fault = ret };
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct line name = { headers[i].key, strlen(headers[i].key) }, value = { headers[i].value, strlen(headers[i].value) };

		r = take_named(&head, &name, value);
	}
	if (r == 0)
		r = judge(&head);
	return r < 0 ? r : 0;
}
