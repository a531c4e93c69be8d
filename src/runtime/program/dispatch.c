/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From argv to a verb: the options before it, the log, the state directory,
 * the executable out of reach; then the verb's own options and its run.
 */
#include "base/log.h"
#include "base/memory.h"
#include "host/prefault.h"
#include "runtime/program/program.h"
#include "runtime/program/report.h"
#include "runtime/program/root.h"
#include "runtime/self.h"

#include <fcntl.h>

struct program_request {
	struct report_request report;
	const char *root, *rootless, *criu;
	bool systemd_cgroup, version;
};

#define AT(member) offsetof(struct program_request, member)

static const struct option_entry entries[] = {
	{ "root", 0, OPTION_STRING, OPTION_DIRECTORY, AT(root), "DIR",
	  "where the records of containers are; default: /run/bivy-runtime, for ordinary users $XDG_RUNTIME_DIR/bivy-runtime" },
	{ "log", 0, OPTION_STRING, OPTION_FILE, AT(report.log), "FILE", "append messages to this file, besides the standard error" },
	{ "log-format", 0, OPTION_STRING, 0, AT(report.log_format), "text|json", "how lines of the log look; default: text" },
	{ "debug", 0, OPTION_FLAG, 0, AT(report.debug), NULL, "log what is done" },
	{ "systemd-cgroup", 0, OPTION_FLAG, 0, AT(systemd_cgroup), NULL, "let systemd make the cgroups; not supported yet" },
	{ "rootless", 0, OPTION_STRING, 0, AT(rootless), "true|false|auto", "go on where cgroups cannot be made; default: auto" },
	{ "criu", 0, OPTION_STRING, OPTION_HIDDEN, AT(criu), "FILE", "accepted for callers that give it, without effect" },
	{ "version", 'v', OPTION_FLAG, 0, AT(version), NULL, "print the version" },
	{ 0 },
};

const struct options_command program_command = {
	.name = PROGRAM_NAME,
	.operands = "COMMAND",
	.summary = "runs containers from OCI bundles",
	.entries = entries,
	.properties = OPTIONS_STOP_AT_OPERAND,
	.maximum_operands = OPTIONS_ANY_NUMBER,
};

/* A descriptor 0, 1 or 2 that is closed would be taken by the next file opened, and written to as if it were a stream. */
static int open_missing_streams(struct error *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) /* no CLOEXEC: streams are inherited */
			return error_errno(err, errno, "cannot open '/dev/null' in place of a closed standard stream");
	return 0;
}

static int print_help(const struct verb *verb, struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (verb)
		options_help(&verb->command, PROGRAM_NAME, &text);
	else
		program_add_overview(&text);
	return program_print(&text, err);
}

static int print_version(struct error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	program_add_version(&text);
	return program_print(&text, err);
}

/* The verb's own arguments decoded, and it run. */
static int run_verb(const struct verb *verb, const struct runtime *runtime, char **args, int *ret_status, struct error *err)
{
	_cleanup_free_ void *request = memory_new(1, verb->request_size);
	struct call call = { .runtime = runtime, .request = request };
	struct options_result result;
	int r;

	if (verb->defaults)
		memcpy(request, verb->defaults, verb->request_size);
	r = options_parse(&verb->command, args, request, &result, err);
	if (r < 0)
		return r;
	if (result.help_asked)
		return print_help(verb, err);
	call.operands = result.operands;
	call.operand_count = result.operand_count;
	r = verb->run(&call, err);
	if (r == 0)
		*ret_status = call.status;
	return r;
}

/* ARGS begin with the verb's name. */
static int dispatch(char **argv, char **args, const struct program_request *request, int *ret_status, struct error *err)
{
	const struct verb *verb = program_find_verb(args[0], err);
	struct runtime runtime = { 0 };
	int r;

	if (!verb)
		return -EINVAL;
	if (verb->properties & VERB_ABOUT_PROGRAM)
		return run_verb(verb, &runtime, args + 1, ret_status, err);
	if (request->systemd_cgroup)
		return error_set(err, ERROR_UNSUPPORTED, 0, "--systemd-cgroup is not supported yet");
	/* First of all: what was done before is done again after it. */
	r = verb->properties & VERB_ENTERS_CONTAINER ? self_reexec_sealed(argv, err) : 0;
	if (r == 0 && verb->properties & VERB_ENTERS_CONTAINER)
		prefault_program();
	if (r == 0)
		r = root_choose(request->root, request->rootless, &runtime, err);
	if (r < 0)
		return r;
	log_debug("%s %s: %s, state directory '%s'%s", PROGRAM_NAME, BIVY_VERSION, args[0], runtime.root, runtime.rootless ? ", rootless" : "");
	return run_verb(verb, &runtime, args + 1, ret_status, err);
}

static int run_program(char **argv, int *ret_status, struct error *err)
{
	struct program_request request = { .rootless = "auto" };
	struct options_result result;
	int r = open_missing_streams(err);

	if (r == 0)
		r = options_parse(&program_command, argv + 1, &request, &result, err);
	if (r == 0)
		r = report_open(&request.report, err);
	if (r < 0)
		return r;
	if (request.version)
		return print_version(err);
	if (result.help_asked || result.operand_count == 0)
		return print_help(NULL, err);
	return dispatch(argv, result.operands, &request, ret_status, err);
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	int status = 0;

	if (argc < 1 || run_program(argv, &status, &err) == 0)
		return argc < 1 ? 1 : status;
	report_error(&err);
	return err.exit_status ? err.exit_status : 1;
}
