/* SPDX-License-Identifier: Apache-2.0 */
#include "store/digest.h"

#include "base/memory.h"

#include <openssl/evp.h>
#include <string.h>

struct digest {
	const char *name;
	EVP_MD_CTX *context;
};

static const struct {
	const char *name;
	const EVP_MD *(*type)(void);
} algorithms[] = {
	{ "sha256", EVP_sha256 },
	{ "sha512", EVP_sha512 },
};

/* OpenSSL fails here only without memory, and with a build that has no SHA-2. */
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
		digest->name = algorithms[i].name;
		digest->context = EVP_MD_CTX_new();
		must(digest->context && EVP_DigestInit_ex(digest->context, algorithms[i].type(), NULL) == 1);
		return digest;
	}
	return NULL;
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	free(digest);
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
	must(EVP_DigestUpdate(digest->context, bytes, length) == 1);
}

void digest_finish(struct digest *digest, char text[static DIGEST_TEXT_SIZE])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	char *at = text;

	must(EVP_DigestFinal_ex(digest->context, hash, &size) == 1);
	at += sprintf(at, "%s:", digest->name);
	for (unsigned i = 0; i < size; i++)
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
