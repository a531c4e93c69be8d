/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a JSON tree to structs by tables of fields, and back. Every failure
 * names the place in the document: "linux.namespaces[2].type: …".
 *
 * Internal to spec: no other room sees a JSON type.
 */
#ifndef BIVY_SPEC_DECODE_H
#define BIVY_SPEC_DECODE_H

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "spec/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEC_STRING_LIMIT (64u << 10) /* bytes of a string */
#define SPEC_ARRAY_LIMIT (64u << 10)  /* elements of an array, members of a map */
#define SPEC_ARGUMENT_LIMIT ((128u << 10) - 1) /* of one argument: MAX_ARG_STRLEN of execve(2), less the NUL */

struct decoder {
	struct arena *arena;
	const struct json *root;
	const char *name;   /* what the document is called in messages: "config.json" */
	const char *prefix; /* what paths start with: "", or "process" for a process alone */
	struct error *err;
};

/* Parses the document into d->root. */
int decode_open(struct decoder *d, const char *text, size_t length) _must_check_;

/* ---- failing: each returns a negative errno --------------------------------- */

/* "<path of value>: <text>". */
int decode_fail(const struct decoder *d, const struct json *value, const char *format, ...) _printf_(3, 4);
/* The same for a member of VALUE, which need not exist. */
int decode_fail_member(const struct decoder *d, const struct json *value, const char *member, const char *format, ...) _printf_(4, 5);
/* "<path>.<member>: missing". */
int decode_fail_missing(const struct decoder *d, const struct json *value, const char *member);

/* Logs "<path of value>: <text>" as a warning. */
void decode_warn(const struct decoder *d, const struct json *value, const char *format, ...) _printf_(3, 4);

/* ---- single values ------------------------------------------------------------ */

int decode_expect(const struct decoder *d, const struct json *value, enum json_type type) _must_check_;
int decode_int(const struct decoder *d, const struct json *value, int64_t low, int64_t high, int64_t *ret) _must_check_;
int decode_uint(const struct decoder *d, const struct json *value, uint64_t high, uint64_t *ret) _must_check_;
/* The text stays where the tree has it: in the arena. */
int decode_string(const struct decoder *d, const struct json *value, size_t limit, char **ret) _must_check_;
/* As decode_string, not empty and starting with '/'. */
int decode_absolute_path(const struct decoder *d, const struct json *value, char **ret) _must_check_;
/* A list such as "0-3,7" of CPUs or memory nodes; NULL for an empty one. */
int decode_number_list(const struct decoder *d, const struct json *value, char **ret) _must_check_;
/* A word of the enumeration SET. */
int decode_name(const struct decoder *d, const struct json *value, enum spec_names set, uint32_t *ret) _must_check_;
/* An array of words whose values are bits, joined. */
int decode_name_bits(const struct decoder *d, const struct json *value, enum spec_names set, uint32_t *ret) _must_check_;

/* ---- lists ---------------------------------------------------------------------- */

/* NULL-terminated; LIMIT is for each string. */
int decode_strings(const struct decoder *d, const struct json *value, size_t limit, char ***ret) _must_check_;

/* The names of an object's members, which is how Go writes a set; NULL-terminated. */
int decode_set(const struct decoder *d, const struct json *value, char ***ret) _must_check_;

struct spec_pair;
/* An object whose values are strings of up to LIMIT bytes. */
int decode_pairs(const struct decoder *d, const struct json *value, size_t limit, struct spec_pair **ret, size_t *ret_count) _must_check_;

/* Fills ELEMENT, which is zeroed, from VALUE; inside a map value->key is the name. */
typedef int decode_element(const struct decoder *d, const struct json *value, void *element);

/* An array (JSON_ARRAY) or map (JSON_OBJECT) of elements of SIZE bytes; *RET_ARRAY is a pointer to them, NULL if there are none. */
int decode_list(const struct decoder *d, const struct json *value, enum json_type type, size_t size, decode_element *element, void *ret_array,
		size_t *ret_count) _must_check_;

/* ---- objects by table -------------------------------------------------------------- */

enum field_kind {
	FIELD_BOOL,
	FIELD_U16,
	FIELD_U32,
	FIELD_U64,
	FIELD_I32,
	FIELD_I64,
	FIELD_STRING,  /* "" counts as not given */
	FIELD_STRINGS, /* char **, NULL-terminated */
	FIELD_PAIRS,   /* struct spec_pair *, and a count */
	FIELD_OWN,     /* the table's own function decodes it */
};

enum field_flag {
	FIELD_REQUIRED = 1 << 0,
};

#define FIELD_NO_COMPANION UINT16_MAX

/* Without pointers, so that the tables need no relocation when the program starts. */
struct field {
	char name[24];
	uint8_t length;    /* of the name */
	uint8_t kind;      /* enum field_kind */
	uint8_t flags;     /* enum field_flag */
	uint8_t id;        /* for FIELD_OWN: which */
	uint16_t offset;   /* in the struct */
	uint16_t companion; /* offset of the bool that is set when the field is given, or of the count */
};

/* 0, or no compilation if a member's size is not that of its kind. */
#define FIELD_SIZE_CHECK(type, member, size) (sizeof(char[sizeof(((type *)0)->member) == (size) ? 1 : -1]) - 1)
#define FIELD_SIZE_BOOL sizeof(bool)
#define FIELD_SIZE_U16 2
#define FIELD_SIZE_U32 4
#define FIELD_SIZE_U64 8
#define FIELD_SIZE_I32 4
#define FIELD_SIZE_I64 8
#define FIELD_SIZE_STRING sizeof(char *)
#define FIELD_SIZE_STRINGS sizeof(char **)
#define FIELD_SIZE_PAIRS sizeof(void *)

#define FIELD_ENTRY(kind_, type, member, json_name, flags_, companion_)                                              \
	{                                                                                                            \
		.name = json_name, .length = sizeof(json_name) - 1, .kind = FIELD_##kind_, .flags = (flags_),        \
		.offset = offsetof(type, member) + FIELD_SIZE_CHECK(type, member, FIELD_SIZE_##kind_),               \
		.companion = (companion_)                                                                            \
	}
/* A member of that kind, 0 or NULL when not given. */
#define FIELD(kind, type, member, json_name) FIELD_ENTRY(kind, type, member, json_name, 0, FIELD_NO_COMPANION)
/* One that must be given. */
#define FIELD_MUST(kind, type, member, json_name) FIELD_ENTRY(kind, type, member, json_name, FIELD_REQUIRED, FIELD_NO_COMPANION)
/* One whose presence is told by the bool HAS. */
#define FIELD_WITH(kind, type, member, has, json_name) FIELD_ENTRY(kind, type, member, json_name, 0, offsetof(type, has))
/* A list and its length. */
#define FIELD_LIST(kind, type, member, count, json_name) FIELD_ENTRY(kind, type, member, json_name, 0, offsetof(type, count))
/* One that the table's function decodes, told by ID. */
#define FIELD_BY(id_, json_name, flags_) \
	{ .name = json_name, .length = sizeof(json_name) - 1, .kind = FIELD_OWN, .flags = (flags_), .id = (id_), .companion = FIELD_NO_COMPANION }

/* Decodes the FIELD_OWN member VALUE into OBJECT. */
typedef int decode_own(const struct decoder *d, const struct json *value, void *object, unsigned id);

/*
 * Fills OBJECT from the members of VALUE that FIELDS (at most 64) knows; others
 * are passed over, as are null ones. OWN may be NULL without FIELD_OWN.
 */
int decode_fields(const struct decoder *d, const struct json *value, const struct field *fields, size_t count, void *object, decode_own *own)
	_must_check_;

/* Writes the members of OBJECT that are given; FIELD_OWN ones are left to the caller. */
void encode_fields(struct json_writer *w, const struct field *fields, size_t count, const void *object);

/* The same without numbers and truth values that are 0 and whose presence no bool tells. */
void encode_given_fields(struct json_writer *w, const struct field *fields, size_t count, const void *object);

/* The same with what is not given as docker's inspect has it: 0, false, "", null for lists and what a bool tells the presence of, {} for maps. */
void encode_all_fields(struct json_writer *w, const struct field *fields, size_t count, const void *object);

/* Writes the members of SOURCE, an object or NULL, that FIELDS does not know. */
void encode_unknown_fields(struct json_writer *w, const struct field *fields, size_t count, const struct json *source);

void encode_strings(struct json_writer *w, const char *key, char *const *list);
/* As an object with empty objects. */
void encode_set(struct json_writer *w, const char *key, char *const *list);
void encode_pairs(struct json_writer *w, const char *key, const struct spec_pair *pairs, size_t count);

#endif
