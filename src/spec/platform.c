/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/platform.h"
#include "base/str.h"
#include "spec/decode.h"

#include <ctype.h>
#include <limits.h>

/* ---- names ------------------------------------------------------------------ */

/* What machines and processors are called elsewhere, and the two words of Go for them. */
static const struct {
	const char *name;
	const char *architecture;
	const char *variant; /* NULL: as it was given */
} aliases[] = {
	{ "x86_64", "amd64", NULL },
	{ "x86-64", "amd64", NULL },
	{ "i386", "386", NULL },
	{ "i486", "386", NULL },
	{ "i586", "386", NULL },
	{ "i686", "386", NULL },
	{ "aarch64", "arm64", NULL },
	{ "armhf", "arm", "v7" },
	{ "armel", "arm", "v6" },
	/* uname(2) */
	{ "armv5tel", "arm", "v5" },
	{ "armv5tejl", "arm", "v5" },
	{ "armv6l", "arm", "v6" },
	{ "armv7l", "arm", "v7" },
	{ "armv8l", "arm", "v8" },
	{ "loongarch64", "loong64", NULL },
};

static const char *const systems[] = { "linux", "android", "darwin", "dragonfly", "freebsd", "illumos",
				       "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows" };
static const char *const architectures[] = { "386", "amd64", "arm", "arm64", "loong64", "mips", "mipsle", "mips64",
					     "mips64le", "ppc64", "ppc64le", "riscv64", "s390x", "wasm" };

static bool is_listed(const char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(list[i], text))
			return true;
	return false;
}

static char *lower(struct arena *arena, const char *text)
{
	char *copy;

	if (str_is_empty(text))
		return NULL;
	copy = arena_strdup(arena, text);
	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

static void replace_alias(struct arena *arena, struct spec_platform *platform)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (!str_equal(platform->architecture, aliases[i].name))
			continue;
		platform->architecture = arena_strdup(arena, aliases[i].architecture);
		if (aliases[i].variant)
			platform->variant = arena_strdup(arena, aliases[i].variant);
		return;
	}
}

/* The variant that goes without saying is not said, except for arm, whose is. */
static void settle_variant(struct arena *arena, struct spec_platform *platform)
{
	const char *variant = platform->variant;

	if (str_equal(platform->architecture, "arm")) {
		if (!variant)
			platform->variant = arena_strdup(arena, "v7");
		else if (isdigit((unsigned char)variant[0]))
			platform->variant = arena_printf(arena, "v%s", variant);
	} else if (str_equal(platform->architecture, "arm64")) {
		if (variant && isdigit((unsigned char)variant[0]))
			platform->variant = arena_printf(arena, "v%s", variant);
		if (str_equal(platform->variant, "v8") || str_equal(platform->variant, "v8.0"))
			platform->variant = NULL;
	} else if (str_equal(platform->architecture, "amd64") && str_equal(variant, "v1")) {
		platform->variant = NULL;
	}
}

struct spec_platform spec_platform_normalize(struct arena *arena, const struct spec_platform *platform)
{
	struct spec_platform normal = *platform;

	normal.os = lower(arena, platform->os);
	normal.architecture = lower(arena, platform->architecture);
	normal.variant = lower(arena, platform->variant);
	if (!normal.os)
		normal.os = arena_strdup(arena, "linux");
	else if (str_equal(normal.os, "macos"))
		normal.os = arena_strdup(arena, "darwin");
	replace_alias(arena, &normal);
	settle_variant(arena, &normal);
	return normal;
}

struct spec_platform spec_platform_of_machine(struct arena *arena, const char *machine)
{
	struct spec_platform platform = { .os = arena_strdup(arena, "linux"), .architecture = arena_strdup(arena, machine) };

	return spec_platform_normalize(arena, &platform);
}

/* ---- reading and writing -------------------------------------------------------- */

#define PART_LIMIT 64

/* One, two or three words with '/' between them; their number, or 0. */
static size_t split_words(struct arena *arena, const char *text, char *words[static 3])
{
	size_t count = 0;

	for (;;) {
		size_t length = 0;

		while (isalnum((unsigned char)text[length]) || (text[length] && strchr("_.-", text[length])))
			length++;
		if (length == 0 || length > PART_LIMIT || count == 3)
			return 0;
		words[count++] = arena_strndup(arena, text, length);
		text += length;
		if (!*text)
			return count;
		if (*text++ != '/')
			return 0;
	}
}

/* A word alone is an operating system or an architecture, whichever is known. */
static int complete_word(struct arena *arena, const char *word, const struct spec_platform *host, struct spec_platform *ret)
{
	struct spec_platform as_system = { .os = (char *)word, .architecture = host->architecture, .variant = host->variant };
	struct spec_platform as_architecture = { .os = host->os, .architecture = (char *)word };
	struct spec_platform normal = spec_platform_normalize(arena, &as_system);

	if (!is_listed(systems, ARRAY_SIZE(systems), normal.os)) {
		normal = spec_platform_normalize(arena, &as_architecture);
		if (!is_listed(architectures, ARRAY_SIZE(architectures), normal.architecture))
			return -EINVAL;
		/* A host's own architecture is meant with the variant that the host has. */
		if (str_equal(normal.architecture, host->architecture) && host->variant)
			normal.variant = host->variant;
	}
	*ret = normal;
	return 0;
}

int spec_platform_parse(struct arena *arena, const char *text, const struct spec_platform *host, struct spec_platform *ret, struct error *err)
{
	char *words[3] = { NULL };
	size_t count = split_words(arena, text, words);
	struct spec_platform platform = { .os = words[0], .architecture = words[1], .variant = words[2] };

	if (count == 0)
		return error_set(err, ERROR_INVALID, 0, "invalid platform '%.200s': it should be os/architecture[/variant]", text);
	if (count > 1) {
		struct spec_platform normal = spec_platform_normalize(arena, &platform);

		/* A "v" may have come before the variant: what is written must be read again. */
		if (normal.variant && strlen(normal.variant) > PART_LIMIT)
			return error_set(err, ERROR_INVALID, 0, "invalid platform '%.200s': its variant is too long", text);
		*ret = normal;
		return 0;
	}
	if (complete_word(arena, words[0], host, ret) < 0)
		return error_set(err, ERROR_INVALID, 0, "invalid platform '%.200s': neither an operating system nor an architecture", text);
	return 0;
}

char *spec_platform_text(struct arena *arena, const struct spec_platform *platform)
{
	const char *variant = platform->variant;

	return arena_printf(arena, "%s/%s%s%s", platform->os ? platform->os : "unknown",
			    platform->architecture ? platform->architecture : "unknown", str_is_empty(variant) ? "" : "/",
			    str_is_empty(variant) ? "" : variant);
}

static const struct field platform_fields[] = {
	FIELD(STRING, struct spec_platform, architecture, "architecture"),
	FIELD(STRING, struct spec_platform, os, "os"),
	FIELD(STRING, struct spec_platform, os_version, "os.version"),
	FIELD(STRINGS, struct spec_platform, os_features, "os.features"),
	FIELD(STRING, struct spec_platform, variant, "variant"),
};

int decode_platform(const struct decoder *d, const struct json *value, struct spec_platform *platform)
{
	return decode_fields(d, value, platform_fields, ARRAY_SIZE(platform_fields), platform, NULL);
}

void encode_platform(struct json_writer *w, const struct spec_platform *platform, const struct json *source)
{
	encode_fields(w, platform_fields, ARRAY_SIZE(platform_fields), platform);
	encode_unknown_fields(w, platform_fields, ARRAY_SIZE(platform_fields), source);
}

/* ---- matching -------------------------------------------------------------------- */

/* The N of "vN", MISSING for no variant; -1 for anything else. */
static int parse_level(const char *variant, int missing)
{
	if (!variant)
		return missing;
	return variant[0] == 'v' && isdigit((unsigned char)variant[1]) && !variant[2] ? variant[1] - '0' : -1;
}

/* Levels from WANTED down to LOW suit, the highest best. */
static unsigned rank_level(int wanted, int offered, int low)
{
	return wanted >= 0 && offered >= low && offered <= wanted ? (unsigned)(wanted - offered) : SPEC_PLATFORM_NO_MATCH;
}

/* "v8.2" and "v9" as a major and a minor version; false for anything else. */
static bool parse_arm64(const char *variant, int *ret_major, int *ret_minor)
{
	if (!variant)
		variant = "v8";
	if (variant[0] != 'v' || (variant[1] != '8' && variant[1] != '9'))
		return false;
	*ret_major = variant[1] - '0';
	*ret_minor = 0;
	if (!variant[2])
		return true;
	if (variant[2] != '.' || !isdigit((unsigned char)variant[3]) || variant[4])
		return false;
	*ret_minor = variant[3] - '0';
	return true;
}

/* Armv9.N has all of Armv8.(N+5): Arm Architecture Reference Manual, A1.3. */
static unsigned rank_arm64(const struct spec_platform *wanted, const struct spec_platform *offered)
{
	int major = 0, minor = 0, other_major = 0, other_minor = 0, candidates;

	if (!parse_arm64(wanted->variant, &major, &minor))
		return SPEC_PLATFORM_NO_MATCH;
	candidates = major == 8 ? minor + 1 : minor + 1 + minor + 6;
	if (str_equal(offered->architecture, "arm")) {
		unsigned rank = rank_level(8, parse_level(offered->variant, 7), 5);

		return rank == SPEC_PLATFORM_NO_MATCH ? rank : rank + (unsigned)candidates;
	}
	if (!str_equal(offered->architecture, "arm64") || !parse_arm64(offered->variant, &other_major, &other_minor))
		return SPEC_PLATFORM_NO_MATCH;
	if (major == other_major)
		return rank_level(minor, other_minor, 0);
	if (major < other_major || other_minor > minor + 5)
		return SPEC_PLATFORM_NO_MATCH;
	return (unsigned)(minor + 1 + minor + 5 - other_minor);
}

/* x86-64-v1 to v4 of the psABI, and behind them the processors of 32 bits. */
static unsigned rank_amd64(const struct spec_platform *wanted, const struct spec_platform *offered)
{
	int level = parse_level(wanted->variant, 1);

	if (str_equal(offered->architecture, "386"))
		return level > 0 ? (unsigned)level : 1;
	if (!str_equal(offered->architecture, "amd64"))
		return SPEC_PLATFORM_NO_MATCH;
	return rank_level(level, parse_level(offered->variant, 1), 1);
}

unsigned spec_platform_rank(const struct spec_platform *wanted, const struct spec_platform *offered)
{
	if (!str_equal(wanted->os, offered->os) || !wanted->architecture || !offered->architecture)
		return SPEC_PLATFORM_NO_MATCH;
	if (str_equal(wanted->architecture, offered->architecture) && str_equal(wanted->variant, offered->variant))
		return 0;
	if (str_equal(wanted->architecture, "amd64"))
		return rank_amd64(wanted, offered);
	if (str_equal(wanted->architecture, "arm64"))
		return rank_arm64(wanted, offered);
	if (str_equal(wanted->architecture, "arm") && str_equal(offered->architecture, "arm"))
		return rank_level(parse_level(wanted->variant, 7), parse_level(offered->variant, 7), 5);
	return SPEC_PLATFORM_NO_MATCH;
}
