/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/build_statement.h"

#include "spec/image_digest.h"
#include "store/digest.h"

#define STATEMENT_TYPE "https://in-toto.io/Statement/v0.1"

void build_statement_write_subject(struct json_writer *w, const char *name, const char *digest)
{
	_cleanup_free_ char *algorithm = str_printf("%.*s", (int)spec_digest_algorithm_length(digest), digest);

	json_write_open(w, NULL, '{');
	json_write_string(w, "name", name);
	json_write_open(w, "digest", '{');
	json_write_string(w, algorithm, spec_digest_encoded(digest));
	json_write_close(w, '}');
	json_write_close(w, '}');
}

int build_statement_make(struct arena *arena, const char *type, const char *predicate, void (*write_subjects)(struct json_writer *w, const void *context),
	const void *context, struct buf *out, struct error *err)
{
	struct json_writer w = { .out = out };
	struct json *value = NULL;
	int r = json_parse(arena, predicate, strlen(predicate), &value, err);

	if (r < 0)
		return error_wrap(err, "statement '%.200s'", type);
	json_write_open(&w, NULL, '{');
	json_write_string(&w, "_type", STATEMENT_TYPE);
	json_write_string(&w, "predicateType", type);
	json_write_open(&w, "subject", '[');
	write_subjects(&w, context);
	json_write_close(&w, ']');
	json_write_value(&w, "predicate", value);
	json_write_close(&w, '}');
	return 0;
}

/* ---- files ------------------------------------------------------------------------------- */

static struct spec_pair *add_place(struct arena *arena, struct build_statement_files *files)
{
	struct spec_pair *larger;

	if (files->count == files->capacity) {
		files->capacity = files->capacity * 2 + 64;
		larger = arena_alloc(arena, files->capacity, sizeof *larger);
		if (files->count)
			memcpy(larger, files->list, files->count * sizeof *larger);
		files->list = larger;
	}
	return &files->list[files->count++];
}

static int read_file(const struct spec_build_take *take, const struct build_found *found, char text[static DIGEST_TEXT_SIZE], struct error *err)
{
	_cleanup_digest_ struct digest *digest = digest_new("sha256");
	_cleanup_close_ int fd = -EBADF;
	char block[64 << 10];
	ssize_t n;
	int r = build_found_open(take, found, -EBADF, &fd, err);

	if (r < 0)
		return r;
	while ((n = read(fd, block, sizeof block)) > 0)
		digest_add(digest, block, (size_t)n);
	if (n < 0)
		return error_errno(err, errno, "cannot read '%.400s'", found->path);
	digest_finish(digest, text);
	return 0;
}

int build_statement_add_files(struct arena *arena, struct build_statement_files *files, const struct spec_build_take *take, const struct build_taken *taken,
	struct error *err)
{
	for (size_t i = 0; i < taken->count; i++) {
		const struct build_found *found = &taken->list[i];
		char digest[DIGEST_TEXT_SIZE];
		int r;

		if (!S_ISREG(found->st.st_mode))
			continue;
		r = read_file(take, found, digest, err);
		if (r < 0)
			return r;
		*add_place(arena, files) = (struct spec_pair){ arena_strdup(arena, found->path), arena_strdup(arena, digest) };
	}
	return 0;
}

void build_statement_write_files(struct json_writer *w, const void *context)
{
	const struct build_statement_files *files = context;

	for (size_t i = 0; i < files->count; i++)
		build_statement_write_subject(w, files->list[i].key, files->list[i].value);
}
