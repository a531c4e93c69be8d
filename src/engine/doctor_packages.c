/* SPDX-License-Identifier: Apache-2.0 */
/* bivy doctor: programs of others that ours execute, and which package has them. */
#include "engine/doctor_subject.h"

enum family { APT, DNF, ZYPPER, APK, PACMAN, FAMILY_COUNT, FAMILY_UNKNOWN = FAMILY_COUNT };

/* How packages are installed, and the words of ID and ID_LIKE by which os-release(5) tells; the line asks nothing. */
static const struct {
	const char *install;
	const char *words[8];
} families[FAMILY_COUNT] = {
	[APT]    = { "apt-get install -y", { "debian", "ubuntu", "raspbian", "linuxmint", "devuan" } },
	[DNF]    = { "dnf install -y",     { "fedora", "rhel", "centos", "rocky", "almalinux", "amzn", "ol" } },
	[ZYPPER] = { "zypper -n install",  { "suse", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "sles" } },
	[APK]    = { "apk add",            { "alpine", "postmarketos" } },
	[PACMAN] = { "pacman -S --noconfirm --needed", { "arch", "manjaro", "archarm" } },
};

struct need {
	const char *programs[3];  /* one of them will do; none: it is a file */
	const char *file;         /* what that is called */
	const char *needed_for;
	unsigned audience;
	enum doctor_verdict verdict; /* without it */
	const char *packages[FAMILY_COUNT];
};

static const struct need needs[] = {
	{ { "dnsmasq" }, NULL, "names of containers in networks", DOCTOR_ALL, DOCTOR_WARNING,
		{ "dnsmasq-base", "dnsmasq", "dnsmasq", "dnsmasq", "dnsmasq" } },
	{ { "newuidmap" }, NULL, "more than one user in containers of ordinary users", DOCTOR_USER, DOCTOR_WARNING,
		{ "uidmap", "shadow-utils", "shadow", "shadow-subids", "shadow" } },
	{ { "pasta", "slirp4netns" }, NULL, "networks of ordinary users", DOCTOR_USER, DOCTOR_WARNING,
		{ "passt", "passt", "passt", "passt", "passt" } },
	{ { NULL }, "list of certificate authorities", "registries by HTTPS", DOCTOR_ALL, DOCTOR_WARNING,
		{ "ca-certificates", "ca-certificates", "ca-certificates", "ca-certificates", "ca-certificates" } },
	{ { "git" }, NULL, "builds of repositories", DOCTOR_ALL, DOCTOR_NOTE, { "git", "git", "git", "git", "git" } },
	{ { "mkfs.ext4" }, NULL, "volumes with a size (--opt size=)", DOCTOR_ROOT, DOCTOR_NOTE,
		{ "e2fsprogs", "e2fsprogs", "e2fsprogs", "e2fsprogs", "e2fsprogs" } },
};

/* The value of KEY in os-release(5) without quotes, or "". */
static const char *release_value(const struct doctor_subject *subject, const char *text, const char *key)
{
	const char *line = text, *value;
	size_t length = strlen(key);

	while (line && !(strncmp(line, key, length) == 0 && line[length] == '=')) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return "";
	value = line + length + 1;
	value += *value == '"' || *value == '\'';
	return arena_strndup(subject->arena, value, strcspn(value, "\"'\n"));
}

static enum family family_of_words(const char *words)
{
	for (const char *at = words; *at; at += strcspn(at, " "), at += strspn(at, " "))
		for (int family = 0; family < FAMILY_COUNT; family++)
			for (size_t i = 0; i < ARRAY_SIZE(families[family].words) && families[family].words[i]; i++) {
				const char *word = families[family].words[i];

				if (strcspn(at, " ") == strlen(word) && strncmp(at, word, strlen(word)) == 0)
					return (enum family)family;
			}
	return FAMILY_UNKNOWN;
}

static enum family find_family(const struct doctor_subject *subject)
{
	const char *text = doctor_read(subject, "/etc/os-release");
	enum family family;

	text = text ? text : doctor_read(subject, "/usr/lib/os-release");
	if (!text)
		return FAMILY_UNKNOWN;
	family = family_of_words(release_value(subject, text, "ID"));
	return family != FAMILY_UNKNOWN ? family : family_of_words(release_value(subject, text, "ID_LIKE"));
}

/* Where distributions have the certificates that are trusted. */
static const char *find_certificates(const struct doctor_subject *subject)
{
	static const char *const places[] = {
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (doctor_exists(subject, places[i]))
			return places[i];
	return NULL;
}

/* The program or file that fills the need, or NULL. */
static const char *find_need(const struct doctor_subject *subject, const struct need *need)
{
	const char *found = need->file ? find_certificates(subject) : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(need->programs) && need->programs[i] && !found; i++)
		found = doctor_find_program(subject, need->programs[i]);
	return found;
}

static const char *words_of(const struct doctor_subject *subject, const struct need *need)
{
	if (need->file)
		return need->file;
	return need->programs[1] ? arena_printf(subject->arena, "%s and no %s", need->programs[0], need->programs[1]) : need->programs[0];
}

static void check_programs(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	const unsigned audience = subject->uid == 0 ? DOCTOR_ROOT : DOCTOR_USER;
	const enum family family = find_family(subject);
	_cleanup_buf_ struct buf found = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		const struct need *need = &needs[i];
		const char *place = need->audience & audience ? find_need(subject, need) : "", *fix = NULL;

		if (!place && family != FAMILY_UNKNOWN)
			fix = doctor_as_root(subject, arena_printf(subject->arena, "%s %s", families[family].install, need->packages[family]));
		if (!place)
			doctor_say(out, need->verdict, fix, "there is no %s, for %s", words_of(subject, need), need->needed_for);
		else if (*place)
			buf_printf(&found, "%s%s", found.length ? ", " : "", place);
	}
	if (found.length)
		doctor_say(out, DOCTOR_OK, NULL, "found: %s", found.data);
}

/* The programs that `bivy` executes (engine/program.h). */
static void check_own(const struct doctor_subject *subject, struct doctor_outcome *out)
{
	static const char *const names[] = { "bivy-runtime", "bivy-init", "bivy-transfer", "bivy-builder" };
	static const char *const places[] = { "", "../bin/", "../libexec/bivy/", "../lib/bivy/" };
	const char *slash = strrchr(subject->program, '/');
	_cleanup_buf_ struct buf missing = BUF_INIT;

	if (!slash)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		bool is_found = false;

		for (size_t k = 0; k < ARRAY_SIZE(places) && !is_found; k++)
			is_found = doctor_exists(subject, arena_printf(subject->arena, "%.*s/%s%s", (int)(slash - subject->program), subject->program, places[k], names[i]));
		if (!is_found)
			buf_printf(&missing, "%s%s", missing.length ? ", " : "", names[i]);
	}
	if (missing.length)
		doctor_say(out, DOCTOR_ERROR, NULL, "beside %s there is no %s: install bivy as a whole", subject->program, missing.data);
	else
		doctor_say(out, DOCTOR_OK, NULL, "all programs of bivy's own are beside %s", subject->program);
}

static const struct doctor_check checks[] = {
	{ "programs", "what is asked of other programs", DOCTOR_ALL, check_programs },
	{ "own",      "bivy is several programs",        DOCTOR_ALL, check_own },
};

const struct doctor_group doctor_packages = { "packages", checks, ARRAY_SIZE(checks) };
