/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON reader and writer. The reader is one recursive descent over the
 * bytes; every read is checked against the end of the text, recursion stops at
 * JSON_DEPTH_LIMIT, and memory is proportional to the document. Nothing here
 * knows what a document means.
 */
#include "base/json.h"

#include <math.h>

/* ---- reading: the state and its errors ------------------------------------ */

struct parser {
	struct arena *arena;
	const char *start, *at, *end;
	unsigned depth;
	size_t values;
	struct json *nodes; /* taken from the arena in batches */
	size_t nodes_left;
	char *pool;         /* likewise, for text */
	size_t pool_left;
	struct error *err;
};

static int fail_at(const struct parser *p, const char *where, const char *what)
{
	const char *line_start = p->start;
	unsigned line = 1;

	for (const char *at = p->start; at < where; at++) {
		if (*at == '\n') {
			line++;
			line_start = at + 1;
		}
	}
	return error_set(p->err, ERROR_INVALID, 0, "line %u, column %zu: %s", line, (size_t)(where - line_start) + 1, what);
}

/* The byte at hand is not what the grammar wants, which is EXPECTED. */
static int fail_unexpected(const struct parser *p, const char *expected)
{
	char what[128];

	if (p->at == p->end)
		snprintf(what, sizeof what, "expected %s, found the end", expected);
	else if ((unsigned char)*p->at < 0x20 || (unsigned char)*p->at >= 0x7f)
		snprintf(what, sizeof what, "expected %s, found byte 0x%02x", expected, (unsigned char)*p->at);
	else
		snprintf(what, sizeof what, "expected %s, found '%c'", expected, *p->at);
	return fail_at(p, p->at, what);
}

static void skip_space(struct parser *p)
{
	const char *at = p->at;

	while (at < p->end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
		at++;
	p->at = at;
}

/* ---- reading: memory ------------------------------------------------------- */

#define NODES_PER_BATCH 32
#define POOL_BYTES 1024

static struct json *new_node(struct parser *p)
{
	if (p->nodes_left == 0) {
		p->nodes = arena_alloc(p->arena, NODES_PER_BATCH, sizeof *p->nodes);
		p->nodes_left = NODES_PER_BATCH;
	}
	p->nodes_left--;
	return p->nodes++;
}

/* Room for a text of up to LENGTH bytes and its NUL; commit_text() takes what was used. */
static char *reserve_text(struct parser *p, size_t length)
{
	if (p->pool_left <= length) {
		if (length >= POOL_BYTES / 2)
			return arena_alloc(p->arena, length + 1, 1);
		p->pool = arena_alloc(p->arena, POOL_BYTES, 1);
		p->pool_left = POOL_BYTES;
	}
	return p->pool;
}

static void commit_text(struct parser *p, char *text, size_t length)
{
	text[length] = '\0';
	if (text != p->pool)
		return;
	p->pool += length + 1;
	p->pool_left -= length + 1;
}

/* ---- reading: strings -------------------------------------------------------- */

/*
 * The bytes of the UTF-8 sequence at AT, or 0 if it is none: no overlong
 * forms, no surrogates, nothing above U+10FFFF (RFC 3629, section 4).
 */
static size_t utf8_length(const char *at, const char *end)
{
	const unsigned char *s = (const unsigned char *)at;
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if ((size_t)(end - at) < length)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static size_t encode_utf8(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* Four hexadecimal digits; -1 if they are none. */
static int32_t read_hex4(const char *at, const char *end)
{
	int32_t value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = str_hex_digit(at[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* The code of a \u escape whose digits start at *AT, a pair of surrogates taken as one. */
static int read_code(const struct parser *p, const char **at, const char *end, uint32_t *ret)
{
	int32_t code = read_hex4(*at, end), low;

	if (code < 0)
		return fail_at(p, *at, "expected four hexadecimal digits after \\u");
	if (code == 0)
		return fail_at(p, *at, "a NUL character cannot be in a string");
	if (code >= 0xd800 && code <= 0xdfff) {
		low = end - *at >= 10 && (*at)[4] == '\\' && (*at)[5] == 'u' ? read_hex4(*at + 6, end) : -1;
		if (code >= 0xdc00 || low < 0xdc00 || low > 0xdfff)
			return fail_at(p, *at, "half a surrogate pair");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		*at += 6;
	}
	*at += 4;
	*ret = (uint32_t)code;
	return 0;
}

static char simple_escape(char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/':
		return c;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return '\0';
	}
}

/* Copies the text between AT and END with its escapes resolved; no result is longer than its escape. */
static int unescape(const struct parser *p, const char *at, const char *end, char *out, size_t *ret_length)
{
	size_t length = 0;
	uint32_t code = 0;
	int r;

	while (at < end) {
		if (*at != '\\') {
			out[length++] = *at++;
			continue;
		}
		at++; /* END is an unescaped quote, so a byte follows */
		if (*at == 'u') {
			at++;
			r = read_code(p, &at, end, &code);
			if (r < 0)
				return r;
			length += encode_utf8(out + length, code);
			continue;
		}
		out[length] = simple_escape(*at);
		if (!out[length++])
			return fail_at(p, at, "unknown escape in a string");
		at++;
	}
	*ret_length = length;
	return 0;
}

/*
 * How many of the eight bytes come before the first that is a quote, a backslash, a control character or not ASCII. A borrow of
 * these subtractions goes from such a byte to more significant ones alone, which come behind it where the least significant one is first.
 */
static size_t count_plain(uint64_t bytes)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	uint64_t quote = bytes ^ (ones * '"'), backslash = bytes ^ (ones * '\\');
	uint64_t special = ((quote - ones) | (backslash - ones) | (bytes - ones * 0x20) | bytes) & tops;

	if (!special)
		return sizeof bytes;
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? (size_t)__builtin_ctzll(special) / 8 : 0;
}

/* Finds the closing quote of the string at hand, checking every byte on the way. */
static int scan_string(const struct parser *p, const char **ret_end, bool *ret_escapes)
{
	const char *at = p->at;
	uint64_t bytes;
	size_t step;

	for (;;) {
		while (p->end - at >= (ptrdiff_t)sizeof bytes) {
			memcpy(&bytes, at, sizeof bytes);
			step = count_plain(bytes);
			at += step;
			if (step < sizeof bytes)
				break;
		}
		if (at == p->end)
			return fail_at(p, at, "the string does not end");
		if (*at == '"') {
			*ret_end = at;
			return 0;
		}
		if (*at == '\\') {
			*ret_escapes = true;
			at++;
			if (at == p->end)
				return fail_at(p, at, "the string does not end");
		}
		if ((unsigned char)*at < 0x20)
			return fail_at(p, at, "a control character in a string must be escaped");
		step = utf8_length(at, p->end);
		if (step == 0)
			return fail_at(p, at, "a string is not UTF-8");
		at += step;
	}
}

/* The string whose opening quote is at hand. */
static int parse_string(struct parser *p, const char **ret, size_t *ret_length)
{
	const char *end = NULL;
	bool escapes = false;
	size_t length;
	char *text;
	int r;

	p->at++;
	r = scan_string(p, &end, &escapes);
	if (r < 0)
		return r;
	length = (size_t)(end - p->at);
	text = reserve_text(p, length);
	if (escapes) {
		r = unescape(p, p->at, end, text, &length);
		if (r < 0)
			return r;
	} else {
		memcpy(text, p->at, length);
	}
	commit_text(p, text, length);
	p->at = end + 1;
	*ret = text;
	*ret_length = length;
	return 0;
}

/* ---- reading: numbers and words -------------------------------------------------- */

static bool is_digit(const struct parser *p, const char *at)
{
	return at < p->end && *at >= '0' && *at <= '9';
}

/*
 * The token as a double. strtod(3) wants a terminated text, and in a locale
 * with another decimal point it stops there: then the fraction is lost, which
 * no document of ours minds.
 */
static int parse_real(struct parser *p, const char *start, struct json *node)
{
	size_t length = (size_t)(p->at - start);
	char text[512];

	if (length >= sizeof text)
		return fail_at(p, start, "a number is too long");
	memcpy(text, start, length);
	text[length] = '\0';
	node->type = JSON_REAL;
	node->real = strtod(text, NULL);
	if (!isfinite(node->real))
		return fail_at(p, start, "a number is out of range");
	return 0;
}

static int parse_number(struct parser *p, struct json *node)
{
	const char *start = p->at, *at = p->at;
	bool negative = *at == '-', whole = true, fits = true;
	uint64_t value = 0;

	at += negative;
	if (!is_digit(p, at) || (*at == '0' && is_digit(p, at + 1))) {
		p->at = is_digit(p, at) ? at + 1 : at;
		return fail_unexpected(p, is_digit(p, at) ? "no digit after a leading zero" : "a digit");
	}
	for (; is_digit(p, at); at++)
		fits = fits && !__builtin_mul_overflow(value, 10, &value) && !__builtin_add_overflow(value, (uint64_t)(*at - '0'), &value);
	if (at < p->end && *at == '.') {
		whole = false;
		for (p->at = ++at; is_digit(p, at); at++)
			;
		if (at == p->at)
			return fail_unexpected(p, "a digit");
	}
	if (at < p->end && (*at == 'e' || *at == 'E')) {
		whole = false;
		at++;
		at += at < p->end && (*at == '+' || *at == '-');
		for (p->at = at; is_digit(p, at); at++)
			;
		if (at == p->at)
			return fail_unexpected(p, "a digit");
	}
	p->at = at;
	if (!whole || !fits || (negative && value > (uint64_t)INT64_MAX + 1))
		return parse_real(p, start, node);
	node->type = negative && value ? JSON_INT : JSON_UINT;
	node->unsigned_integer = negative ? -value : value; /* two's complement: the same bits as .integer */
	return 0;
}

static int parse_word(struct parser *p, const char *word, struct json *node, enum json_type type)
{
	size_t length = strlen(word);

	if ((size_t)(p->end - p->at) < length || memcmp(p->at, word, length) != 0)
		return fail_unexpected(p, "a value");
	p->at += length;
	node->type = type;
	node->boolean = *word == 't';
	return 0;
}

/* ---- reading: arrays and objects ---------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
	return strcmp((*(struct json *const *)a)->key, (*(struct json *const *)b)->key);
}

/* Sorts, so that a hostile object costs no more than n log n. */
static const char *find_duplicate_sorted(const struct json *object)
{
	_cleanup_free_ const struct json **members = memory_new(object->length, sizeof *members);
	size_t count = 0;

	for (const struct json *m = object->first; m; m = m->next)
		members[count++] = m;
	qsort(members, count, sizeof *members, compare_keys);
	for (size_t i = 1; i < count; i++)
		if (strcmp(members[i - 1]->key, members[i]->key) == 0)
			return members[i]->key;
	return NULL;
}

static const char *find_duplicate(const struct json *object)
{
	if (object->length > 32)
		return find_duplicate_sorted(object);
	for (const struct json *a = object->first; a; a = a->next)
		for (const struct json *b = a->next; b; b = b->next)
			if (*a->key == *b->key && strcmp(a->key, b->key) == 0)
				return b->key;
	return NULL;
}

static int parse_value(struct parser *p, struct json *node);

static int parse_key(struct parser *p, struct json *member)
{
	size_t length;
	int r;

	if (p->at == p->end || *p->at != '"')
		return fail_unexpected(p, "a member's name in quotes");
	r = parse_string(p, &member->key, &length);
	if (r < 0)
		return r;
	skip_space(p);
	if (p->at == p->end || *p->at != ':')
		return fail_unexpected(p, "':'");
	p->at++;
	skip_space(p);
	return 0;
}

/* The elements up to and with CLOSER, ']' or '}', the opening bracket being behind us. */
static int parse_elements(struct parser *p, struct json *node, char closer)
{
	struct json **tail = &node->first;
	int r;

	node->first = NULL;
	skip_space(p);
	if (p->at < p->end && *p->at == closer) {
		p->at++;
		return 0;
	}
	for (;;) {
		struct json *element = new_node(p);

		if (closer == '}') {
			r = parse_key(p, element);
			if (r < 0)
				return r;
		}
		r = parse_value(p, element);
		if (r < 0)
			return r;
		*tail = element;
		tail = &element->next;
		node->length++;
		skip_space(p);
		if (p->at < p->end && *p->at == closer)
			break;
		if (p->at == p->end || *p->at != ',')
			return fail_unexpected(p, closer == ']' ? "',' or ']'" : "',' or '}'");
		p->at++;
		skip_space(p);
	}
	p->at++;
	return 0;
}

static int parse_list(struct parser *p, struct json *node)
{
	const char *start = p->at, *duplicate;
	char what[128];
	int r;

	if (p->depth == JSON_DEPTH_LIMIT)
		return fail_at(p, start, "values are nested too deeply");
	p->depth++;
	p->at++;
	node->type = *start == '{' ? JSON_OBJECT : JSON_ARRAY;
	r = parse_elements(p, node, *start == '{' ? '}' : ']');
	if (r < 0)
		return r;
	p->depth--;
	if (node->type == JSON_OBJECT && (duplicate = find_duplicate(node))) {
		snprintf(what, sizeof what, "the object has \"%.80s\" twice", duplicate);
		return fail_at(p, start, what);
	}
	return 0;
}

/* The value at hand, white space before it being skipped. */
static int parse_value(struct parser *p, struct json *node)
{
	if (p->at == p->end)
		return fail_unexpected(p, "a value");
	if (++p->values > JSON_VALUE_LIMIT)
		return fail_at(p, p->at, "too many values");
	switch (*p->at) {
	case '{':
	case '[':
		return parse_list(p, node);
	case '"': {
		size_t length;
		int r = parse_string(p, &node->text, &length);

		node->type = JSON_STRING;
		node->length = (uint32_t)length;
		return r;
	}
	case 't':
		return parse_word(p, "true", node, JSON_BOOL);
	case 'f':
		return parse_word(p, "false", node, JSON_BOOL);
	case 'n':
		return parse_word(p, "null", node, JSON_NULL);
	default:
		if (*p->at == '-' || is_digit(p, p->at))
			return parse_number(p, node);
		return fail_unexpected(p, "a value");
	}
}

int json_parse(struct arena *arena, const char *text, size_t length, struct json **ret, struct error *err)
{
	struct parser p = { .arena = arena, .start = text, .at = text, .end = text + length, .err = err };
	struct json *root = new_node(&p);
	int r;

	if (length > JSON_BYTES_LIMIT)
		return error_set(err, ERROR_INVALID, EFBIG, "a JSON document of %zu bytes", length);
	skip_space(&p);
	r = parse_value(&p, root);
	if (r < 0)
		return r;
	skip_space(&p);
	if (p.at < p.end)
		return fail_unexpected(&p, "the end");
	*ret = root;
	return 0;
}

/* ---- looking -------------------------------------------------------------------------- */

const struct json *json_member(const struct json *object, const char *name)
{
	if (!object || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *m = object->first; m; m = m->next)
		if (strcmp(m->key, name) == 0)
			return m;
	return NULL;
}

const char *json_type_name(enum json_type type)
{
	switch (type) {
	case JSON_NULL:
		return "null";
	case JSON_BOOL:
		return "boolean";
	case JSON_INT:
	case JSON_UINT:
		return "integer";
	case JSON_REAL:
		return "number";
	case JSON_STRING:
		return "string";
	case JSON_ARRAY:
		return "array";
	case JSON_OBJECT:
		return "object";
	}
	return "nothing";
}

/* ---- writing ---------------------------------------------------------------------------- */

/* Whether that is what it was. */
static bool add_string(struct buf *out, const char *text, size_t length)
{
	const char *end = text + length;
	bool is_valid = true;

	buf_add_char(out, '"');
	while (text < end) {
		const char *run = text;
		size_t step = 1;

		while (text < end && (unsigned char)*text >= 0x20 && *text != '"' && *text != '\\' && *text != 0x7f
		       && (step = utf8_length(text, end)) > 0)
			text += step;
		buf_add(out, run, (size_t)(text - run));
		if (text == end)
			break;
		is_valid = is_valid && step > 0 && *text;
		if (step == 0 || !*text)
			buf_add_text(out, "\xef\xbf\xbd");
		else if (*text == '"' || *text == '\\')
			buf_printf(out, "\\%c", *text);
		else if (*text == '\n')
			buf_add_text(out, "\\n");
		else if (*text == '\t')
			buf_add_text(out, "\\t");
		else
			buf_printf(out, "\\u%04x", (unsigned char)*text);
		text++;
	}
	buf_add_char(out, '"');
	return is_valid;
}

static void write_text(struct json_writer *w, const char *text, size_t length)
{
	if (!add_string(w->out, text, length) && !w->invalid)
		w->invalid = text;
}

static void break_line(struct json_writer *w)
{
	if (w->indent == 0)
		return;
	buf_add_char(w->out, '\n');
	for (int i = 0; i < w->indent * w->depth; i++)
		buf_add_char(w->out, ' ');
}

/* What comes before a value: comma, new line, name. */
static void begin(struct json_writer *w, const char *key)
{
	if (w->need_comma)
		buf_add_char(w->out, ',');
	if (w->depth > 0)
		break_line(w);
	if (key) {
		write_text(w, key, strlen(key));
		buf_add_text(w->out, w->indent ? ": " : ":");
	}
	w->need_comma = true;
}

void json_write_open(struct json_writer *w, const char *key, char bracket)
{
	begin(w, key);
	buf_add_char(w->out, bracket);
	w->depth++;
	w->need_comma = false;
}

void json_write_close(struct json_writer *w, char bracket)
{
	w->depth--;
	if (w->need_comma)
		break_line(w);
	buf_add_char(w->out, bracket);
	w->need_comma = true;
}

void json_write_string(struct json_writer *w, const char *key, const char *text)
{
	begin(w, key);
	if (text)
		write_text(w, text, strlen(text));
	else
		buf_add_text(w->out, "null");
}

void json_write_bytes(struct json_writer *w, const char *key, const char *bytes, size_t length)
{
	begin(w, key);
	write_text(w, bytes, length);
}

void json_write_int(struct json_writer *w, const char *key, int64_t value)
{
	begin(w, key);
	buf_printf(w->out, "%lld", (long long)value);
}

void json_write_uint(struct json_writer *w, const char *key, uint64_t value)
{
	begin(w, key);
	buf_printf(w->out, "%llu", (unsigned long long)value);
}

void json_write_real(struct json_writer *w, const char *key, double value)
{
	char text[64];

	begin(w, key);
	if (!isfinite(value)) { /* JSON has no word for it */
		buf_add_text(w->out, "null");
		return;
	}
	if (value == 0) /* "-0" would be read as an integer, which has no such value */
		value = 0;
	/* Fifteen digits keep 0.1 readable; seventeen are needed when those do not come back. */
	snprintf(text, sizeof text, "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof text, "%.17g", value);
	for (char *c = text; *c; c++)
		if (*c == ',') /* the decimal point of some locales */
			*c = '.';
	buf_add_text(w->out, text);
}

void json_write_bool(struct json_writer *w, const char *key, bool value)
{
	begin(w, key);
	buf_add_text(w->out, value ? "true" : "false");
}

void json_write_null(struct json_writer *w, const char *key)
{
	json_write_string(w, key, NULL);
}

void json_write_value(struct json_writer *w, const char *key, const struct json *value)
{
	bool object = value->type == JSON_OBJECT;

	switch (value->type) {
	case JSON_NULL:
		return json_write_null(w, key);
	case JSON_BOOL:
		return json_write_bool(w, key, value->boolean);
	case JSON_INT:
		return json_write_int(w, key, value->integer);
	case JSON_UINT:
		return json_write_uint(w, key, value->unsigned_integer);
	case JSON_REAL:
		return json_write_real(w, key, value->real);
	case JSON_STRING:
		return json_write_string(w, key, value->text);
	case JSON_ARRAY:
	case JSON_OBJECT:
		json_write_open(w, key, object ? '{' : '[');
		for (const struct json *element = value->first; element; element = element->next)
			json_write_value(w, element->key, element);
		json_write_close(w, object ? '}' : ']');
	}
}
