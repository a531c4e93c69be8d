/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/mount_options.h"
#include "spec/config.h"

#include <string.h>
#include <sys/mount.h>

/* Flags of mount(2) that some C libraries do not declare. */
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 0x100
#endif
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif

/* Attributes of mount_setattr(2), for the recursive options. */
enum mount_attribute {
	ATTR_RDONLY = 0x01,
	ATTR_NOSUID = 0x02,
	ATTR_NODEV = 0x04,
	ATTR_NOEXEC = 0x08,
	ATTR_ATIME_MASK = 0x70, /* relatime is 0 in it */
	ATTR_RELATIME = 0x00,
	ATTR_NOATIME = 0x10,
	ATTR_STRICTATIME = 0x20,
	ATTR_NODIRATIME = 0x80,
	ATTR_NOSYMFOLLOW = 0x200000,
};

enum option_kind {
	OPTION_NOTHING,         /* "defaults" */
	OPTION_SET,             /* a flag of mount(2) */
	OPTION_CLEAR,
	OPTION_PROPAGATION,
	OPTION_RECURSIVE_SET,   /* an attribute of mount_setattr(2) for the whole tree */
	OPTION_RECURSIVE_CLEAR,
	OPTION_RECURSIVE_ATIME, /* one of the values under ATTR_ATIME_MASK */
	OPTION_TMPCOPYUP,
	OPTION_IDMAP,
	OPTION_RIDMAP,
};

/* Sorted by name, which lookups need. No pointers: nothing to relocate at the start of the program. */
static const struct option {
	char name[16];
	uint32_t kind;
	uint32_t flag;
} options[] = {
	{ "async", OPTION_CLEAR, MS_SYNCHRONOUS },
	{ "atime", OPTION_CLEAR, MS_NOATIME },
	{ "bind", OPTION_SET, MS_BIND },
	{ "defaults", OPTION_NOTHING, 0 },
	{ "dev", OPTION_CLEAR, MS_NODEV },
	{ "diratime", OPTION_CLEAR, MS_NODIRATIME },
	{ "dirsync", OPTION_SET, MS_DIRSYNC },
	{ "exec", OPTION_CLEAR, MS_NOEXEC },
	{ "idmap", OPTION_IDMAP, 0 },
	{ "iversion", OPTION_SET, MS_I_VERSION },
	{ "lazytime", OPTION_SET, MS_LAZYTIME },
	{ "loud", OPTION_CLEAR, MS_SILENT },
	{ "mand", OPTION_SET, MS_MANDLOCK },
	{ "noatime", OPTION_SET, MS_NOATIME },
	{ "nodev", OPTION_SET, MS_NODEV },
	{ "nodiratime", OPTION_SET, MS_NODIRATIME },
	{ "noexec", OPTION_SET, MS_NOEXEC },
	{ "noiversion", OPTION_CLEAR, MS_I_VERSION },
	{ "nolazytime", OPTION_CLEAR, MS_LAZYTIME },
	{ "nomand", OPTION_CLEAR, MS_MANDLOCK },
	{ "norelatime", OPTION_CLEAR, MS_RELATIME },
	{ "nostrictatime", OPTION_CLEAR, MS_STRICTATIME },
	{ "nosuid", OPTION_SET, MS_NOSUID },
	{ "nosymfollow", OPTION_SET, MS_NOSYMFOLLOW },
	{ "private", OPTION_PROPAGATION, MS_PRIVATE },
	{ "ratime", OPTION_RECURSIVE_ATIME, ATTR_RELATIME },
	{ "rbind", OPTION_SET, MS_BIND | MS_REC },
	{ "rdev", OPTION_RECURSIVE_CLEAR, ATTR_NODEV },
	{ "rdiratime", OPTION_RECURSIVE_CLEAR, ATTR_NODIRATIME },
	{ "relatime", OPTION_SET, MS_RELATIME },
	{ "remount", OPTION_SET, MS_REMOUNT },
	{ "rexec", OPTION_RECURSIVE_CLEAR, ATTR_NOEXEC },
	{ "ridmap", OPTION_RIDMAP, 0 },
	{ "rnoatime", OPTION_RECURSIVE_ATIME, ATTR_NOATIME },
	{ "rnodev", OPTION_RECURSIVE_SET, ATTR_NODEV },
	{ "rnodiratime", OPTION_RECURSIVE_SET, ATTR_NODIRATIME },
	{ "rnoexec", OPTION_RECURSIVE_SET, ATTR_NOEXEC },
	{ "rnorelatime", OPTION_RECURSIVE_ATIME, ATTR_RELATIME },
	{ "rnostrictatime", OPTION_RECURSIVE_ATIME, ATTR_RELATIME },
	{ "rnosuid", OPTION_RECURSIVE_SET, ATTR_NOSUID },
	{ "rnosymfollow", OPTION_RECURSIVE_SET, ATTR_NOSYMFOLLOW },
	{ "ro", OPTION_SET, MS_RDONLY },
	{ "rprivate", OPTION_PROPAGATION, MS_PRIVATE | MS_REC },
	{ "rrelatime", OPTION_RECURSIVE_ATIME, ATTR_RELATIME },
	{ "rro", OPTION_RECURSIVE_SET, ATTR_RDONLY },
	{ "rrw", OPTION_RECURSIVE_CLEAR, ATTR_RDONLY },
	{ "rshared", OPTION_PROPAGATION, MS_SHARED | MS_REC },
	{ "rslave", OPTION_PROPAGATION, MS_SLAVE | MS_REC },
	{ "rstrictatime", OPTION_RECURSIVE_ATIME, ATTR_STRICTATIME },
	{ "rsuid", OPTION_RECURSIVE_CLEAR, ATTR_NOSUID },
	{ "rsymfollow", OPTION_RECURSIVE_CLEAR, ATTR_NOSYMFOLLOW },
	{ "runbindable", OPTION_PROPAGATION, MS_UNBINDABLE | MS_REC },
	{ "rw", OPTION_CLEAR, MS_RDONLY },
	{ "shared", OPTION_PROPAGATION, MS_SHARED },
	{ "silent", OPTION_SET, MS_SILENT },
	{ "slave", OPTION_PROPAGATION, MS_SLAVE },
	{ "strictatime", OPTION_SET, MS_STRICTATIME },
	{ "suid", OPTION_CLEAR, MS_NOSUID },
	{ "symfollow", OPTION_CLEAR, MS_NOSYMFOLLOW },
	{ "sync", OPTION_SET, MS_SYNCHRONOUS },
	{ "tmpcopyup", OPTION_TMPCOPYUP, 0 },
	{ "unbindable", OPTION_PROPAGATION, MS_UNBINDABLE },
};

const char *spec_mount_option_name(size_t index)
{
	return index < ARRAY_SIZE(options) ? options[index].name : NULL;
}

const char *spec_mount_flag_word(unsigned long flag)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].kind == OPTION_SET && options[i].flag == flag)
			return options[i].name;
	return NULL;
}

static const struct option *find_option(const char *name)
{
	size_t low = 0, high = ARRAY_SIZE(options);

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, options[middle].name);

		if (order == 0)
			return &options[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Later options win over earlier ones. */
static void apply_option(struct spec_mount *mount, const struct option *option)
{
	switch ((enum option_kind)option->kind) {
	case OPTION_NOTHING:
		break;
	case OPTION_SET:
		mount->set_flags |= option->flag;
		mount->clear_flags &= ~(unsigned long)option->flag;
		break;
	case OPTION_CLEAR:
		mount->set_flags &= ~(unsigned long)option->flag;
		mount->clear_flags |= option->flag;
		break;
	case OPTION_PROPAGATION:
		mount->propagation[mount->propagation_count++] = option->flag;
		break;
	case OPTION_RECURSIVE_SET:
		mount->recursive_set |= option->flag;
		mount->recursive_clear &= ~(uint64_t)option->flag;
		break;
	case OPTION_RECURSIVE_CLEAR:
		mount->recursive_set &= ~(uint64_t)option->flag;
		mount->recursive_clear |= option->flag;
		break;
	case OPTION_RECURSIVE_ATIME:
		/* mount_setattr(2): a change of access times must clear the whole mask. */
		mount->recursive_set = (mount->recursive_set & ~(uint64_t)ATTR_ATIME_MASK) | option->flag;
		mount->recursive_clear |= ATTR_ATIME_MASK;
		break;
	case OPTION_TMPCOPYUP:
		mount->tmpcopyup = true;
		break;
	case OPTION_IDMAP:
		mount->idmap = true;
		break;
	case OPTION_RIDMAP:
		mount->idmap = mount->idmap_recursive = true;
		break;
	}
}

void spec_mount_set_options(struct arena *arena, struct spec_mount *mount, char **list)
{
	size_t bytes = 0, count = 0, used = 0;
	char *data;

	for (; list[count]; count++)
		bytes += strlen(list[count]) + 1;
	mount->options = list;
	if (count == 0)
		return;
	mount->propagation = arena_alloc(arena, count, sizeof *mount->propagation);
	data = arena_alloc(arena, bytes, 1);
	for (size_t i = 0; i < count; i++) {
		const struct option *option = find_option(list[i]);

		if (option) {
			apply_option(mount, option);
		} else if (*list[i]) {
			size_t length = strlen(list[i]);

			if (used)
				data[used++] = ',';
			memcpy(data + used, list[i], length);
			used += length;
		}
	}
	mount->data = used ? data : NULL;
}
