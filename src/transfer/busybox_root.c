/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer/busybox_root.h"

#include "base/str.h"
#include "store/tar_writer.h"

#include <elf.h>
#include <endian.h>
#include <sys/stat.h>

#define APPLETS_LIMIT 2000

/* ---- the program ------------------------------------------------------------------ */

static const struct {
	const char *architecture;
	uint16_t machine;
	unsigned char class, data; /* of ELF */
} machines[] = {
	{ "386", EM_386, ELFCLASS32, ELFDATA2LSB },
	{ "amd64", EM_X86_64, ELFCLASS64, ELFDATA2LSB },
	{ "arm", EM_ARM, ELFCLASS32, ELFDATA2LSB },
	{ "arm64", EM_AARCH64, ELFCLASS64, ELFDATA2LSB },
	{ "loong64", 258, ELFCLASS64, ELFDATA2LSB }, /* EM_LOONGARCH, younger than some libc's elf.h */
	{ "mips64le", EM_MIPS, ELFCLASS64, ELFDATA2LSB },
	{ "mipsle", EM_MIPS, ELFCLASS32, ELFDATA2LSB },
	{ "ppc64le", EM_PPC64, ELFCLASS64, ELFDATA2LSB },
	{ "riscv64", EM_RISCV, ELFCLASS64, ELFDATA2LSB },
	{ "s390x", EM_S390, ELFCLASS64, ELFDATA2MSB },
};

/* A number of SIZE bytes at OFFSET; 0 beyond the end. */
static uint64_t number_at(const uint8_t *bytes, size_t length, uint64_t offset, size_t size)
{
	bool is_big = bytes[EI_DATA] == ELFDATA2MSB;
	uint64_t value = 0;

	if (offset > length || length - offset < size)
		return 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | bytes[offset + (is_big ? i : size - 1 - i)];
	return value;
}

static bool needs_loader(const uint8_t *bytes, size_t length)
{
	bool is_64 = bytes[EI_CLASS] == ELFCLASS64;
	uint64_t table = is_64 ? number_at(bytes, length, offsetof(Elf64_Ehdr, e_phoff), 8) : number_at(bytes, length, offsetof(Elf32_Ehdr, e_phoff), 4);
	uint64_t size = number_at(bytes, length, is_64 ? offsetof(Elf64_Ehdr, e_phentsize) : offsetof(Elf32_Ehdr, e_phentsize), 2);
	uint64_t count = number_at(bytes, length, is_64 ? offsetof(Elf64_Ehdr, e_phnum) : offsetof(Elf32_Ehdr, e_phnum), 2);

	/* The type comes first in either class. */
	for (uint64_t i = 0; i < count && table < length; i++)
		if (number_at(bytes, length, table + i * size, 4) == PT_INTERP)
			return true;
	return false;
}

const char *busybox_root_refuse(const void *bytes, size_t length, const struct spec_platform *platform)
{
	const uint8_t *ident = bytes;
	uint16_t machine;

	if (length < sizeof(Elf64_Ehdr) || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return "no program";
	machine = (uint16_t)number_at(ident, length, offsetof(Elf64_Ehdr, e_machine), 2);
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].machine == machine && machines[i].class == ident[EI_CLASS] && machines[i].data == ident[EI_DATA] &&
		    str_equal(machines[i].architecture, platform->architecture))
			return needs_loader(ident, length) ? "a program that needs libraries" : NULL;
	return "a program for another architecture";
}

/*
 * The program has them as one block of strings in the order of their bytes,
 * "[" and "[[" first, ended by an empty one. So it need not be executed, which
 * for another architecture it could not.
 */
char **busybox_root_applets(struct arena *arena, const void *bytes, size_t length)
{
	static const char first[] = "\0[\0[[";
	const char *at = memmem(bytes, length, first, sizeof first), *end = (const char *)bytes + length;
	char **list = arena_alloc(arena, APPLETS_LIMIT + 1, sizeof *list);
	size_t count = 0;

	if (!at)
		return NULL;
	at++;
	while (at < end && *at) {
		size_t size = strnlen(at, (size_t)(end - at));

		if (at + size == end || size > 100 || memchr(at, '/', size) || at[0] == '.' || count == APPLETS_LIMIT)
			return NULL;
		list[count++] = arena_strndup(arena, at, size);
		at += size + 1;
	}
	return at < end ? list : NULL;
}

/* ---- the tree ------------------------------------------------------------------------- */

/* Sorted, a directory before what is in it. Applets come behind bin/busybox. */
static const struct {
	const char *path;
	enum tar_type type;
	mode_t mode;
	const char *content; /* of a file, or a link's target */
} tree[] = {
	{ "bin", TAR_DIRECTORY, 0755 },
	{ "bin/busybox", TAR_FILE, 0755 },
	{ "dev", TAR_DIRECTORY, 0755 },
	{ "etc", TAR_DIRECTORY, 0755 },
	{ "etc/group", TAR_FILE, 0644, "root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\ntty:x:5:\ndisk:x:6:\nmail:x:8:\nwheel:x:10:root\n"
		"www-data:x:33:\nutmp:x:43:\nstaff:x:50:\nusers:x:100:\nnogroup:x:65534:\n" },
	{ "etc/nsswitch.conf", TAR_FILE, 0644, "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n" },
	{ "etc/passwd", TAR_FILE, 0644, "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nbin:x:2:2:bin:/bin:/bin/false\n"
		"sys:x:3:3:sys:/dev:/bin/false\nmail:x:8:8:mail:/var/spool/mail:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\n"
		"nobody:x:65534:65534:nobody:/home:/bin/false\n" },
	{ "etc/shadow", TAR_FILE, 0640, "root:*::0:99999:7:::\ndaemon:*::0:99999:7:::\nbin:*::0:99999:7:::\nsys:*::0:99999:7:::\n"
		"mail:*::0:99999:7:::\nwww-data:*::0:99999:7:::\nnobody:*::0:99999:7:::\n" },
	{ "home", TAR_DIRECTORY, 0755 },
	{ "mnt", TAR_DIRECTORY, 0755 },
	{ "proc", TAR_DIRECTORY, 0555 },
	{ "root", TAR_DIRECTORY, 0700 },
	{ "run", TAR_DIRECTORY, 0755 },
	{ "sbin", TAR_SYMLINK, 0777, "bin" },
	{ "sys", TAR_DIRECTORY, 0555 },
	{ "tmp", TAR_DIRECTORY, 01777 },
	{ "usr", TAR_DIRECTORY, 0755 },
	{ "usr/bin", TAR_SYMLINK, 0777, "../bin" },
	{ "usr/sbin", TAR_SYMLINK, 0777, "../bin" },
	{ "var", TAR_DIRECTORY, 0755 },
	{ "var/run", TAR_SYMLINK, 0777, "../run" },
	{ "var/spool", TAR_DIRECTORY, 0755 },
	{ "var/spool/mail", TAR_DIRECTORY, 0755 },
	{ "var/tmp", TAR_DIRECTORY, 01777 },
	{ "var/www", TAR_DIRECTORY, 0755 },
};

static int add(struct tar_writer *writer, const struct tar_entry *entry, const void *data, struct error *err)
{
	int r = tar_writer_add(writer, entry, err);

	return r < 0 || !entry->size ? r : tar_writer_data(writer, data, entry->size, err);
}

static int add_applets(struct tar_writer *writer, char *const *applets, time_t mtime, struct error *err)
{
	int r = 0;

	for (; r == 0 && *applets; applets++) {
		_cleanup_free_ char *path = str_printf("bin/%s", *applets);
		const struct tar_entry entry = { .type = TAR_SYMLINK, .path = path, .target = "busybox", .mode = 0777, .mtime.tv_sec = mtime };

		if (!str_equal(*applets, "busybox"))
			r = add(writer, &entry, NULL, err);
	}
	return r;
}

int busybox_root_write(const void *bytes, size_t length, time_t mtime, struct sink sink, struct error *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_tar_writer_ struct tar_writer *writer = tar_writer_new(sink);
	char **applets = busybox_root_applets(arena, bytes, length);
	int r = 0;

	if (!applets)
		return error_set(err, ERROR_UNSUPPORTED, 0, "it has no list of applets that could be read");
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(tree); i++) {
		struct tar_entry entry = { .type = tree[i].type, .path = tree[i].path, .mode = tree[i].mode, .mtime.tv_sec = mtime };
		bool is_program = tree[i].type == TAR_FILE && !tree[i].content;

		if (tree[i].type == TAR_SYMLINK)
			entry.target = tree[i].content;
		else if (tree[i].type == TAR_FILE)
			entry.size = is_program ? length : strlen(tree[i].content);
		r = add(writer, &entry, is_program ? bytes : tree[i].content, err);
		if (r == 0 && is_program)
			r = add_applets(writer, applets, mtime, err);
	}
	return r < 0 ? r : tar_writer_finish(writer, err);
}
