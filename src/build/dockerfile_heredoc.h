/* SPDX-License-Identifier: Apache-2.0 */
/* Which words of an instruction announce here-documents: "<<EOF", "3<<-'EOF'". Internal to build. */
#ifndef BIVY_BUILD_DOCKERFILE_HEREDOC_H
#define BIVY_BUILD_DOCKERFILE_HEREDOC_H

#include "build/dockerfile.h"

/* Whether WORD announces one; all of *RET but contents and lines. Quotes that do not close announce none. */
bool dockerfile_heredoc_of_word(struct arena *arena, const char *word, struct dockerfile_heredoc *ret);

/* All of a line, in their order. */
void dockerfile_heredoc_find(struct arena *arena, const char *line, struct dockerfile_heredoc **ret, size_t *ret_count);

/* Whether the name of a here-document may be a file's in a directory. */
bool dockerfile_heredoc_is_file_name(const char *name);

/* CONTENT without the tabs that lines begin with. */
char *dockerfile_heredoc_strip(struct arena *arena, const char *content);

#endif
