/* SPDX-License-Identifier: Apache-2.0 */
#include "build/package_list.h"
#include "base/str.h"

#include <stdlib.h>

void package_list_add(struct package_list *list, const struct package *package)
{
	struct package *larger;

	if (!package->name || !package->version || package->is_removed || list->count >= PACKAGE_LIMIT)
		return;
	if (list->count == list->capacity) {
		list->capacity = list->capacity * 2 + 64;
		larger = arena_alloc(list->arena, list->capacity, sizeof *larger);
		if (list->count)
			memcpy(larger, list->list, list->count * sizeof *larger);
		list->list = larger;
	}
	list->list[list->count++] = *package;
}

static int compare(const void *a, const void *b)
{
	const struct package *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order ? order : strcmp(one->version, other->version);
}

void package_list_sort(struct package_list *list)
{
	if (list->count)
		qsort(list->list, list->count, sizeof *list->list, compare);
}

/* ---- texts ---------------------------------------------------------------------------- */

/* The next line, ended; NULL: there is none. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*text = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

static const char *after(const char *line, const char *prefix)
{
	const char *value = str_starts_with(line, prefix) ? line + strlen(prefix) : NULL;

	return value ? value + strspn(value, " ") : NULL;
}

static void take_dpkg_line(const char *line, struct package *package)
{
	const char *value;

	if ((value = after(line, "Package:")))
		package->name = value;
	else if ((value = after(line, "Version:")))
		package->version = value;
	else if ((value = after(line, "Architecture:")))
		package->architecture = value;
	else if ((value = after(line, "Maintainer:")))
		package->supplier = value;
	else if ((value = after(line, "Status:")))
		package->is_removed = !strstr(value, " installed");
}

/* deb-control(5): paragraphs of "Field: value"; lines that go on begin with a space. */
void package_list_take_dpkg(struct package_list *list, char *text)
{
	struct package package = { .kind = "deb" };
	char *line;

	while ((line = next_line(&text))) {
		if (*line) {
			take_dpkg_line(line, &package);
			continue;
		}
		package_list_add(list, &package);
		package = (struct package){ .kind = "deb" };
	}
	package_list_add(list, &package);
}

static void take_apk_line(const char *line, struct package *package)
{
	switch (line[0]) {
	case 'P': package->name = line + 2; break;
	case 'V': package->version = line + 2; break;
	case 'A': package->architecture = line + 2; break;
	case 'm': package->supplier = line + 2; break;
	case 'L': package->license = line + 2; break;
	}
}

/* Paragraphs of "X:value". */
void package_list_take_apk(struct package_list *list, char *text)
{
	struct package package = { .kind = "apk" };
	char *line;

	while ((line = next_line(&text))) {
		if (*line && line[1] == ':')
			take_apk_line(line, &package);
		if (*line)
			continue;
		package_list_add(list, &package);
		package = (struct package){ .kind = "apk" };
	}
	package_list_add(list, &package);
}
