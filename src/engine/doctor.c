/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/doctor.h"

#include "base/options.h"
#include "engine/doctor_subject.h"
#include "spec/value_list.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

static const struct doctor_group *const groups[] = {
	&doctor_kernel, &doctor_cgroups, &doctor_ids, &doctor_packages, &doctor_places, &doctor_settings, &doctor_network, &doctor_state,
};

static const char *const verdict_words[DOCTOR_VERDICT_COUNT] = {
	[DOCTOR_OK]      = "ok",
	[DOCTOR_NOTE]    = "note",
	[DOCTOR_WARNING] = "warning",
	[DOCTOR_ERROR]   = "error",
};

const char *doctor_verdict_word(enum doctor_verdict verdict)
{
	return verdict_words[verdict];
}

/* ---- what is said ------------------------------------------------------------------ */

struct doctor_outcome {
	struct arena *arena;
	const struct doctor_group *group;
	const struct doctor_check *check;
	struct doctor_report report;
};

static void say(struct doctor_outcome *out, const struct doctor_finding *what, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

static void say(struct doctor_outcome *out, const struct doctor_finding *what, const char *format, va_list args)
{
	struct doctor_report *report = &out->report;
	struct doctor_finding finding = *what;
	char text[1024];

	vsnprintf(text, sizeof text, format, args);
	/* Names of the host's may be in it, which a terminal shall not obey. */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	finding.group = out->group->name;
	finding.check = out->check->name;
	finding.purpose = out->check->purpose;
	finding.text = arena_strdup(out->arena, text);
	report->findings = value_list_grow(out->arena, report->findings, report->count, sizeof *report->findings);
	report->findings[report->count++] = finding;
	report->verdicts[finding.verdict]++;
}

void doctor_say(struct doctor_outcome *out, enum doctor_verdict verdict, const char *fix, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(out, &(const struct doctor_finding){ .verdict = verdict, .fix = fix }, format, args);
	va_end(args);
}

void doctor_say_by_hand(struct doctor_outcome *out, enum doctor_verdict verdict, const char *fix, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(out, &(const struct doctor_finding){ .verdict = verdict, .fix = fix, .is_by_hand = true }, format, args);
	va_end(args);
}

/* ---- all checks ----------------------------------------------------------------------- */

static const char *full_name(struct arena *arena, const struct doctor_group *group, const struct doctor_check *check)
{
	return arena_printf(arena, "%s/%s", group->name, check->name);
}

static bool is_asked(struct arena *arena, const struct doctor_group *group, const struct doctor_check *check, const char *only)
{
	return !only || str_equal(only, group->name) || str_equal(only, check->name) || str_equal(only, full_name(arena, group, check));
}

size_t doctor_run(const struct doctor_subject *subject, const char *only, struct doctor_report *ret)
{
	const unsigned audience = subject->uid == 0 ? DOCTOR_ROOT : DOCTOR_USER;
	struct doctor_outcome out = { .arena = subject->arena };
	size_t asked = 0;

	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		out.group = groups[g];
		for (size_t i = 0; i < groups[g]->count; i++) {
			out.check = &groups[g]->checks[i];
			if (!is_asked(subject->arena, out.group, out.check, only))
				continue;
			asked++;
			if (out.check->audience & audience)
				out.check->run(subject, &out);
		}
	}
	*ret = out.report;
	return asked;
}

const char **doctor_names(struct arena *arena)
{
	const char **names;
	size_t count = 0;

	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		count += groups[g]->count;
	names = arena_alloc(arena, count + 1, sizeof *names);
	count = 0;
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++)
		for (size_t i = 0; i < groups[g]->count; i++)
			names[count++] = full_name(arena, groups[g], &groups[g]->checks[i]);
	return names;
}

static int refuse_unknown(struct arena *arena, const char *only, struct error *err)
{
	const char **names = doctor_names(arena), *nearest;
	size_t count = 0;

	while (names[count])
		count++;
	error_set(err, ERROR_NOT_FOUND, 0, "there is no check '%.100s'", only);
	nearest = options_nearest(only, names, count);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -EINVAL;
}

int doctor_examine(struct arena *arena, const struct directories *directories, const char *only, struct doctor_report *ret, struct error *err)
{
	_cleanup_doctor_subject_ struct doctor_subject subject = { .host_fd = -EBADF };
	int r = doctor_subject_take(arena, directories, &subject, err);

	if (r < 0)
		return r;
	return doctor_run(&subject, only, ret) ? 0 : refuse_unknown(arena, only, err);
}

/* ---- mending ------------------------------------------------------------------------------ */

int doctor_fix(const struct doctor_finding *finding, struct error *err)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before[2];
	int status = 0, r = 0;
	pid_t pid;

	/* As system(3) has it: an interrupt ends the line, and we tell of that. */
	if (sigaction(SIGINT, &ignore, &before[0]) < 0 || sigaction(SIGQUIT, &ignore, &before[1]) < 0)
		return error_errno(err, errno, "cannot ignore interrupts");
	pid = fork();
	if (pid == 0) {
		if (sigaction(SIGINT, &before[0], NULL) < 0 || sigaction(SIGQUIT, &before[1], NULL) < 0)
			_exit(126);
		execl("/bin/sh", "sh", "-c", finding->fix, (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		r = error_errno(err, errno, "cannot start '/bin/sh'");
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			r = error_errno(err, errno, "cannot wait for the line");
			break;
		}
	ignore_result(sigaction(SIGINT, &before[0], NULL)); /* cannot fail: it was read from there */
	ignore_result(sigaction(SIGQUIT, &before[1], NULL));
	if (r == 0 && WIFSIGNALED(status))
		r = error_set(err, ERROR_INTERNAL, 0, "the line for %s/%s was ended by signal %d", finding->group, finding->check, WTERMSIG(status));
	else if (r == 0 && WEXITSTATUS(status) != 0)
		r = error_set(err, ERROR_INTERNAL, 0, "the line for %s/%s failed with status %d", finding->group, finding->check, WEXITSTATUS(status));
	return r;
}
