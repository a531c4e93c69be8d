/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that hand over to bivy-transfer share: arguments, the progress shown, options about registries. */
#ifndef BIVY_CLI_TRANSFER_H
#define BIVY_CLI_TRANSFER_H

#include "cli/command.h"
#include "cli/progress.h"
#include "engine/terminal.h"
#include "engine/transfer.h"

struct cli_transfer {
	struct arena *arena; /* for the arguments and what is reported */
	const char **arguments;
	size_t count, capacity;
	enum progress_verb verb;
	bool quiet;        /* no progress */
	bool gives_output; /* the standard output is the archive's: progress on the standard error, on a terminal alone */
};

/* A command of bivy-transfer without arguments so far; all live in the arena. */
struct cli_transfer cli_transfer_begin(struct arena *arena, const char *command, enum progress_verb verb);
void cli_transfer_add(struct cli_transfer *transfer, const char *argument);
/* "NAME=VALUE", if VALUE is not NULL. */
void cli_transfer_add_option(struct cli_transfer *transfer, const char *name, const char *value);
/* NAME, if IS. */
void cli_transfer_add_flag(struct cli_transfer *transfer, const char *name, bool is);
/* "--", then the operands of CALL. */
void cli_transfer_add_operands(struct cli_transfer *transfer, const struct command_call *call);

/* Runs it; what it prints, a JSON document, or what it reports. */
int cli_transfer_run(const struct command_call *call, const struct cli_transfer *transfer, const char **ret_text, struct error *err) _must_check_;
int cli_transfer_report(const struct command_call *call, const struct cli_transfer *transfer, struct spec_transfer_report *ret, struct error *err)
	_must_check_;

/* How registries are asked. */
struct registry_request {
	bool verifies; /* true by default */
	const char *authfile, *creds;
};

#define REGISTRY_ENTRIES(type, member) \
	{ "authfile", 0, OPTION_STRING, OPTION_FILE, offsetof(type, member.authfile), "FILE", "where logins are looked for" }, \
	{ "creds", 0, OPTION_STRING, 0, offsetof(type, member.creds), "USER:PASSWORD", "who to be, in place of a login" }, \
	{ "tls-verify", 0, OPTION_FLAG, 0, offsetof(type, member.verifies), NULL, \
		"default: true; false: plain HTTP, and certificates that do not verify, will do" }

void cli_transfer_add_registry(struct cli_transfer *transfer, const struct registry_request *request);

#endif
