/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By OpenSSL's functions for the one algorithm: EVP looks for providers first,
 * and reads a configuration, which takes longer than all the work of a program
 * that digests little.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "store/digest.h"

#include "base/memory.h"

#include <openssl/sha.h>
#include <string.h>

struct digest {
	const struct algorithm *algorithm;
	union digest_state {
		SHA256_CTX sha256;
		SHA512_CTX sha512;
	} state;
};

struct algorithm {
	const char *name;
	size_t size;
	int (*init)(union digest_state *state);
	int (*add)(union digest_state *state, const void *bytes, size_t length);
	int (*finish)(union digest_state *state, unsigned char *hash);
};

static int sha256_init(union digest_state *state)
{
	return SHA256_Init(&state->sha256);
}

static int sha256_add(union digest_state *state, const void *bytes, size_t length)
{
	return SHA256_Update(&state->sha256, bytes, length);
}

static int sha256_finish(union digest_state *state, unsigned char *hash)
{
	return SHA256_Final(hash, &state->sha256);
}

static int sha512_init(union digest_state *state)
{
	return SHA512_Init(&state->sha512);
}

static int sha512_add(union digest_state *state, const void *bytes, size_t length)
{
	return SHA512_Update(&state->sha512, bytes, length);
}

static int sha512_finish(union digest_state *state, unsigned char *hash)
{
	return SHA512_Final(hash, &state->sha512);
}

static const struct algorithm algorithms[] = {
	{ "sha256", SHA256_DIGEST_LENGTH, sha256_init, sha256_add, sha256_finish },
	{ "sha512", SHA512_DIGEST_LENGTH, sha512_init, sha512_add, sha512_finish },
};

/* They never fail. */
static void must(bool succeeded)
{
	if (!succeeded)
		abort();
}

struct digest *digest_new(const char *algorithm)
{
	size_t length = strcspn(algorithm, ":");

	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		struct digest *digest;

		if (strlen(algorithms[i].name) != length || strncmp(algorithms[i].name, algorithm, length) != 0)
			continue;
		digest = memory_new(1, sizeof *digest);
		digest->algorithm = &algorithms[i];
		must(algorithms[i].init(&digest->state) == 1);
		return digest;
	}
	return NULL;
}

void digest_free(struct digest *digest)
{
	free(digest);
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
	must(digest->algorithm->add(&digest->state, bytes, length) == 1);
}

size_t digest_finish_hash(struct digest *digest, uint8_t hash[static DIGEST_HASH_SIZE])
{
	must(digest->algorithm->finish(&digest->state, hash) == 1);
	return digest->algorithm->size;
}

void digest_finish(struct digest *digest, char text[static DIGEST_TEXT_SIZE])
{
	uint8_t hash[DIGEST_HASH_SIZE];
	size_t size = digest_finish_hash(digest, hash);
	char *at = text + sprintf(text, "%s:", digest->algorithm->name);

	for (size_t i = 0; i < size; i++)
		at += sprintf(at, "%02x", hash[i]);
}

static int next_of_tap(void *context, const uint8_t **ret_bytes, size_t *ret_length, struct error *err)
{
	struct digest_tap *tap = context;
	int r = stream_next(tap->upstream, ret_bytes, ret_length, err);

	if (r < 0)
		return r;
	if (tap->digest)
		digest_add(tap->digest, *ret_bytes, *ret_length);
	tap->length += *ret_length;
	return 0;
}

struct stream digest_stream(struct digest_tap *tap)
{
	return (struct stream){ next_of_tap, tap };
}

static int write_to_tap(void *context, const void *bytes, size_t length, struct error *err)
{
	struct digest_sink *tap = context;

	if (tap->digest)
		digest_add(tap->digest, bytes, length);
	tap->length += length;
	return sink_write(tap->downstream, bytes, length, err);
}

struct sink digest_sink(struct digest_sink *tap)
{
	return (struct sink){ write_to_tap, tap };
}
