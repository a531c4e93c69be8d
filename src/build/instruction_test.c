/* SPDX-License-Identifier: Apache-2.0 */
#include "build/instruction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static char *environment[] = { "V=1.2", "EMPTY=", "DIR=/srv/x", "TWO=80 81", "ME=app", NULL };

/* Parses the last instruction of TEXT, and expands it, if it is to be. */
static int read_last(struct arena *arena, const char *text, bool expands, struct instruction **ret, struct dockerfile_mark *mark, struct error *err)
{
	const struct words words = { .escape = '\\', .environment = environment };
	struct dockerfile *file;
	int r = dockerfile_parse(arena, "Dockerfile", text, strlen(text), &file, mark, err);

	if (r == 0)
		r = instruction_parse(arena, file, &file->instructions[file->instruction_count - 1], ret, mark, err);
	if (r == 0 && expands)
		r = instruction_expand(arena, file, *ret, &words, ret, mark, err);
	return r;
}

static void add_list(struct buf *out, const char *name, char *const *list)
{
	if (!list)
		return;
	buf_printf(out, " %s[", name);
	for (size_t i = 0; list[i]; i++)
		buf_printf(out, "%s%s", i ? "|" : "", list[i]);
	buf_add_char(out, ']');
}

static void add_text(struct buf *out, const char *name, const char *text)
{
	if (text)
		buf_printf(out, " %s=%s", name, text);
}

static void add_mount(struct buf *out, const struct run_mount *mount)
{
	static const char *const kinds[] = { "bind", "cache", "tmpfs", "secret", "ssh" }, *const sharing[] = { "", " private", " locked" };

	buf_printf(out, " {%s%s%s%s", kinds[mount->kind], sharing[mount->sharing], mount->read_only ? " ro" : " rw", mount->required ? " required" : "");
	add_text(out, "id", mount->id);
	add_text(out, "from", mount->from);
	add_text(out, "source", str_equal(mount->source, "/") ? NULL : mount->source);
	add_text(out, "target", mount->target);
	add_text(out, "env", mount->env);
	if (mount->size)
		buf_printf(out, " size=%llu", (unsigned long long)mount->size);
	if (mount->has_mode)
		buf_printf(out, " mode=%o", mount->mode);
	if (mount->has_uid)
		buf_printf(out, " uid=%u", mount->uid);
	if (mount->has_gid)
		buf_printf(out, " gid=%u", mount->gid);
	buf_add_char(out, '}');
}

static void add_check(struct buf *out, const struct spec_health_check *check)
{
	const int64_t ms = 1000000;

	add_list(out, "test", check->test);
	buf_printf(out, " %lld %lld %lld %lld %lld", (long long)(check->interval_ns / ms), (long long)(check->timeout_ns / ms), (long long)(check->start_period_ns / ms),
		(long long)(check->start_interval_ns / ms), (long long)check->retries);
}

/* All that an instruction says, on one line. */
static char *describe(struct arena *arena, const struct instruction *i)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	buf_add_text(&out, instruction_names[i->kind]);
	add_text(&out, "platform", i->platform);
	add_text(&out, "image", i->image);
	add_text(&out, "stage", i->stage);
	add_list(&out, i->is_shell_form ? "shell" : "exec", i->command);
	for (size_t k = 0; k < i->mount_count; k++)
		add_mount(&out, &i->mounts[k]);
	buf_add_text(&out, i->network == RUN_NETWORK_NONE ? " no-network" : i->network == RUN_NETWORK_HOST ? " host-network" : "");
	buf_add_text(&out, i->security == RUN_SECURITY_INSECURE ? " insecure" : "");
	add_list(&out, "devices", i->devices);
	add_text(&out, "from", i->from);
	add_list(&out, "sources", i->sources);
	for (size_t k = 0; k < i->file_count; k++)
		buf_printf(&out, " <%s:%s>", i->files[k].name, i->files[k].content);
	add_text(&out, "to", i->destination);
	add_text(&out, "chown", i->chown);
	add_text(&out, "chmod", i->chmod);
	add_text(&out, "checksum", i->checksum);
	buf_printf(&out, "%s%s%s%s", i->link ? " link" : "", i->parents ? " parents" : "", i->keep_git_dir ? " git" : "", !i->has_unpack ? "" : i->unpack ? " unpack" : " packed");
	add_list(&out, "excludes", i->excludes);
	for (size_t k = 0; k < i->pair_count; k++)
		buf_printf(&out, " %s%s%s", i->pairs[k].name, i->pairs[k].value ? i->is_legacy_pair ? "~" : "=" : "", i->pairs[k].value ? i->pairs[k].value : "");
	add_list(&out, "words", i->words);
	if (i->health_check)
		add_check(&out, i->health_check);
	if (i->triggered)
		add_text(&out, "triggered", i->triggered->name);
	return arena_strndup(arena, out.data, out.length);
}

struct reading {
	const char *text, *description;
};

static void check(const struct reading *cases, size_t count, bool expands)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct instruction *instruction;
		struct dockerfile_mark mark;
		struct error err = ERROR_INIT;

		const char *description;

		description = read_last(arena, cases[i].text, expands, &instruction, &mark, &err) < 0 ? err.message : describe(arena, instruction);
		if (str_equal(description, cases[i].description))
			continue;
		print_error("'%s': %s\n", cases[i].text, description);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void test_parse(void **state _unused_)
{
	static const struct reading cases[] = {
		{ "FROM a", "FROM image=a" }, { "from --platform=$X a:$V as Build-1", "FROM platform=$X image=a:$V stage=build-1" }, { "FROM --platform= a", "FROM image=a" },
		{ "RUN a 'b", "RUN shell[a 'b]" }, { "RUN [\"a\", \"b\"]", "RUN exec[a|b]" }, { "RUN", "RUN shell[]" },
		{ "RUN --network=none --security=insecure --device=v.com/c=d,required x", "RUN shell[x] no-network insecure devices[v.com/c=d,required]" },
		{ "RUN --network=host --device=a --device=b x", "RUN shell[x] host-network devices[a|b]" },
		{ "CMD a b", "CMD shell[a b]" }, { "CMD []", "CMD exec[]" }, { "CMD [a]", "CMD shell[[a]]" }, { "ENTRYPOINT [\"x\"]", "ENTRYPOINT exec[x]" },
		{ "SHELL [\"a\", \"-c\"]", "SHELL exec[a|-c]" },
		{ "COPY a b c", "COPY sources[a|b] to=c" }, { "COPY [\"a b\", \"c\"]", "COPY sources[a b] to=c" },
		{ "COPY --from=x --chown=1:2 --chmod=755 --link --parents=false --exclude=a --exclude=b/** p q", "COPY from=x sources[p] to=q chown=1:2 chmod=755 link excludes[a|b/**]" },
		{ "COPY --from= --chown= a b", "COPY sources[a] to=b" }, { "COPY --link=FALSE --parents a b", "COPY sources[a] to=b parents" },
		{ "ADD --checksum=$C --keep-git-dir --unpack=false u d", "ADD sources[u] to=d checksum=$C git packed" },
		{ "ADD --unpack a b", "ADD sources[a] to=b unpack" },
		{ "ENV a=b c=\"d e\" f=g\\ h", "ENV a=b c=\"d e\" f=g\\ h" }, { "ENV a b c=d", "ENV a~b c=d" }, { "ENV a=", "ENV a=" }, { "LABEL \"a b\"=c", "LABEL \"a b\"=c" },
		{ "ARG a b=c d=", "ARG a b=c d=" }, { "EXPOSE 90 80/udp $P", "EXPOSE words[$P|80/udp|90]" }, { "VOLUME a b", "VOLUME words[a|b]" },
		{ "VOLUME [\" a \"]", "VOLUME words[a]" }, { "USER a b", "USER words[a b]" }, { "WORKDIR /a b", "WORKDIR words[/a b]" }, { "STOPSIGNAL $X", "STOPSIGNAL words[$X]" },
		{ "MAINTAINER me <a@b>", "MAINTAINER words[me <a@b>]" },
		{ "HEALTHCHECK none", "HEALTHCHECK test[NONE] 0 0 0 0 0" }, { "HEALTHCHECK CMD a  b", "HEALTHCHECK test[CMD-SHELL|a  b] 0 0 0 0 0" },
		{ "HEALTHCHECK --interval=1s --timeout=2s --start-period=1m --start-interval=5ms --retries=3 cmd [\"a\", \"b\"]", "HEALTHCHECK test[CMD|a|b] 1000 2000 60000 5 3" },
		{ "ONBUILD run --mount=type=ssh  x ", "ONBUILD words[run --mount=type=ssh  x ] triggered=RUN" },
	};

	check(cases, ARRAY_SIZE(cases), false);
}

static void test_heredocs(void **state _unused_)
{
	static const struct reading cases[] = {
		{ "RUN <<E\na\nb\nE", "RUN shell[a\nb\n]" }, { "RUN <<-E\n\ta\n\tE", "RUN shell[a\n]" },
		{ "RUN <<E\n#!/usr/bin/env x\na\nE", "RUN shell[/dev/pipes/E] <E:#!/usr/bin/env x\na\n>" },
		{ "RUN <<a/b\nc\na/b", "RUN shell[c\n]" },
		{ "RUN cat <<-E 3<<'F' > x\n\ta\nE\nb\nF", "RUN shell[cat <<-E 3<<'F' > x\n\ta\nE\nb\nF]" },
		{ "COPY <<a b <<'c' /d\n1\na\n2\nc", "COPY sources[b] <a:1\n> <c:2\n> to=/d" }, { "ADD --chmod=1 <<E /x\nE", "ADD sources[] <E:> to=/x chmod=1" },
		{ "ONBUILD COPY <<-E /x\n\ta\nE", "ONBUILD words[COPY <<-E /x\n\ta\nE] triggered=COPY" },
	};
	static const struct reading expanded[] = {
		{ "COPY <<a <<'b' /d\n\"$V\" '$V' \\$V \\x\na\n$V\nb", "COPY sources[] <a:\"1.2\" '1.2' $V x\n> <b:$V\n> to=/d" }, { "RUN <<E\n$V\nE", "RUN shell[$V\n]" },
	};

	check(cases, ARRAY_SIZE(cases), false);
	check(expanded, ARRAY_SIZE(expanded), true);
}

static void test_expand(void **state _unused_)
{
	static const struct reading cases[] = {
		{ "FROM --platform=$ME/b a:$V AS c", "FROM platform=app/b image=a:1.2 stage=c" }, { "RUN $V", "RUN shell[$V]" }, { "CMD [\"$V\"]", "CMD exec[$V]" },
		{ "COPY --from=x --chown=$ME --chmod=${NONE:-644} a$V \"b\"'c' $DIR/", "COPY from=x sources[a1.2|bc] to=/srv/x/ chown=app chmod=644" },
		{ "COPY [\"a $V\", \"$DIR\"]", "COPY sources[a 1.2] to=/srv/x" }, { "COPY --chown=$EMPTY --chmod=$EMPTY a b", "COPY sources[a] to=b" },
		{ "COPY --exclude=$V a b", "COPY sources[a] to=b excludes[$V]" }, { "COPY --chmod=u=rwX,go+rX-w a b", "COPY sources[a] to=b chmod=u=rwX,go+rX-w" },
		{ "ADD --checksum=0123abc https://x/y /z", "ADD sources[https://x/y] to=/z checksum=0123abc" },
		{ "ENV a=$V b=\"$DIR/y\" $ME=1 'c d'=e", "ENV a=1.2 b=/srv/x/y app=1 c d=e" }, { "ENV a $V b", "ENV a~1.2 b" }, { "LABEL x=${V%.*}", "LABEL x=1" },
		{ "ARG a=$V $ME=x b", "ARG a=1.2 $ME=x b" }, { "EXPOSE 90-91/UDP $TWO 5 127.0.0.1:1:2", "EXPOSE words[80/tcp|81/tcp|2/tcp|5/tcp|90/udp|91/udp]" }, { "EXPOSE $EMPTY", "EXPOSE words[]" },
		{ "VOLUME $DIR \"b\"", "VOLUME words[/srv/x|b]" }, { "USER $ME:$ME", "USER words[app:app]" }, { "WORKDIR '$V'/$V", "WORKDIR words[$V/1.2]" },
		{ "STOPSIGNAL ${X:-SIGQUIT}", "STOPSIGNAL words[SIGQUIT]" }, { "STOPSIGNAL 9", "STOPSIGNAL words[9]" }, { "MAINTAINER $V", "MAINTAINER words[$V]" },
		{ "HEALTHCHECK CMD $V", "HEALTHCHECK test[CMD-SHELL|$V] 0 0 0 0 0" }, { "ONBUILD RUN $V", "ONBUILD words[RUN $V] triggered=RUN" }, { "SHELL [\"$V\"]", "SHELL exec[$V]" },
	};

	check(cases, ARRAY_SIZE(cases), true);
}

static void test_mounts(void **state _unused_)
{
	static const struct reading expanded[] = {
		{ "RUN --mount=target=/a x", "RUN shell[x] {bind ro target=/a}" }, { "RUN --mount=type=bind,from=b,src=../c//d,dst=e,rw x", "RUN shell[x] {bind rw from=b source=/c/d target=e}" },
		{ "RUN --mount=type=CACHE,target=/a/../b/ x", "RUN shell[x] {cache rw id=/b target=/a/../b/}" }, { "RUN --mount=type=cache,target=./c x", "RUN shell[x] {cache rw id=c target=./c}" },
		{ "RUN --mount=type=cache,id=$ME,destination=$DIR,sharing=locked,mode=0700,uid=1,gid=2,ro x", "RUN shell[x] {cache locked ro id=app target=/srv/x mode=700 uid=1 gid=2}" },
		{ "RUN --mount=type=tmpfs,target=/t,size=1m x", "RUN shell[x] {tmpfs rw target=/t size=1048576}" },
		{ "RUN --mount=type=secret,id=a x", "RUN shell[x] {secret ro id=a}" }, { "RUN --mount=required,type=secret,target=/a/b,mode=0440 x", "RUN shell[x] {secret ro required id=b target=/a/b mode=440}" },
		{ "RUN --mount=type=secret,src=a,env=B x", "RUN shell[x] {secret ro id=a env=B}" }, { "RUN --mount=type=secret,id=a,env= x", "RUN shell[x] {secret ro id=a env=a}" },
		{ "RUN --mount=type=ssh x", "RUN shell[x] {ssh ro id=default}" }, { "RUN --mount=type=ssh,id=g,required=false,target=/s x", "RUN shell[x] {ssh ro id=g target=/s}" },
		{ "RUN --mount=type=bind,\\\"target=/a,b\\\" x", "RUN shell[x] {bind ro target=/a,b}" }, { "RUN --mount=target=/a,readonly=0 --mount=target=/b,rw=F x", "RUN shell[x] {bind rw target=/a} {bind ro target=/b}" },
	};
	/* What has variables is left out until they are known. */
	static const struct reading parsed[] = {
		{ "RUN --mount=type=cache,id=$A,target=/c,from=d x", "RUN shell[x] {cache rw from=d target=/c}" }, { "RUN --mount=type=$A,target=$B,sharing=locked x", "RUN shell[x] {bind locked ro}" },
	};

	check(expanded, ARRAY_SIZE(expanded), true);
	check(parsed, ARRAY_SIZE(parsed), false);
}

struct mistake {
	const char *text, *message, *hint;
	unsigned column, width;
};

static void check_mistakes(const struct mistake *cases, size_t count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < count; i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct instruction *instruction;
		struct dockerfile_mark mark;
		struct error err = ERROR_INIT;
		int r = read_last(arena, cases[i].text, true, &instruction, &mark, &err);

		if (r == -EINVAL && err.kind == ERROR_INVALID && str_equal(err.message, cases[i].message) && str_equal(err.hint, cases[i].hint) &&
		    mark.column == cases[i].column && mark.width == cases[i].width)
			continue;
		print_error("'%s': '%s' '%s' %u+%u\n", cases[i].text, err.message, err.hint, mark.column, mark.width);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void test_mistakes(void **state _unused_)
{
	static const struct mistake cases[] = {
		{ "FORM a", "Dockerfile:1: unknown instruction 'FORM'", "did you mean FROM?", 1, 4 },
		{ "RUN a &&\n  apt-get b", "Dockerfile:2: unknown instruction 'apt-get'", "if RUN goes on here, line 1 has to end in \\", 3, 7 },
		{ "RUN a\n\nxyzzy b", "Dockerfile:3: unknown instruction 'xyzzy'", "", 1, 5 },
		{ "FROM a\n// b", "Dockerfile:2: unknown instruction '//'", "a comment begins with '#'", 1, 2 },
		{ "FROM a\n<<<<<<< HEAD", "Dockerfile:2: unknown instruction '<<<<<<<'", "two versions of the file were merged, and nobody decided between them", 1, 7 },
		{ "version: 3", "Dockerfile:1: unknown instruction 'version:'", "is 'Dockerfile' a Dockerfile?", 1, 8 },
		{ "LABEL \"a", "Dockerfile:1: LABEL has no value for '\"a'", "LABEL NAME=VALUE", 7, 2 },
		{ "FROM", "Dockerfile:1: FROM has no image", "", 1, 4 },
		{ "FROM a b", "Dockerfile:1: FROM takes one image, not 'b', too", "FROM a AS NAME names the stage", 8, 1 },
		{ "FROM a ass b", "Dockerfile:1: FROM takes one image, not 'ass', too", "FROM a AS b names the stage", 8, 3 },
		{ "FROM a AS", "Dockerfile:1: 'AS' without the name of a stage", "", 8, 2 },
		{ "FROM a AS b c", "Dockerfile:1: 'c' behind the name of a stage", "", 13, 1 },
		{ "FROM a AS 1b", "Dockerfile:1: '1b' is no name of a stage", "a letter comes first, then letters, digits, '-', '_' and '.'", 11, 2 },
		{ "FROM $NONE", "Dockerfile:1: FROM has no image: '$NONE' is empty", "", 6, 5 },
		{ "FROM --platform=$NONE a", "Dockerfile:1: --platform has no value: '$NONE' is empty", "", 17, 5 },
		{ "FROM --platfrom=x a", "Dockerfile:1: FROM has no flag '--platfrom'", "did you mean --platform?", 6, 10 },
		{ "COPY --user=x a b", "Dockerfile:1: COPY has no flag '--user'", "COPY has --chmod, --chown, --exclude, --from, --link and --parents", 6, 6 },
		{ "FROM --as=x a", "Dockerfile:1: FROM has no flag '--as'", "FROM has --platform", 6, 4 },
		{ "COPY --mount=x a b", "Dockerfile:1: COPY has no flag '--mount'", "--mount is a flag of RUN", 6, 7 },
		{ "ENV --x a=b", "Dockerfile:1: ENV has no flag '--x'", "ENV has no flags; '--' before what begins with '--' makes it none", 5, 3 },
		{ "COPY --link=maybe a b", "Dockerfile:1: flag '--link' takes true or false, not 'maybe'", "", 6, 6 },
		{ "COPY --chown a b", "Dockerfile:1: flag '--chown' takes a value", "", 6, 7 },
		{ "COPY --from=a --from=b c d", "Dockerfile:1: flag '--from' is given twice", "", 6, 6 },
		{ "COPY --from=$V a b", "Dockerfile:1: variables are not replaced in --from", "name a stage with FROM $V AS NAME, and use that name here", 13, 2 },
		{ "COPY a", "Dockerfile:1: COPY has no destination for 'a'", "the last word is the destination: COPY SOURCE… DESTINATION", 6, 1 },
		{ "ADD", "Dockerfile:1: ADD has no source and no destination", "the last word is the destination: ADD SOURCE… DESTINATION", 1, 3 },
		{ "COPY a <<E\nE", "Dockerfile:1: a here-document cannot be a destination", "", 8, 3 },
		{ "COPY <<a/b /x\na/b", "Dockerfile:1: 'a/b' is no name of a file", "", 8, 3 },
		{ "RUN <<..\n#!/x\n..", "Dockerfile:1: '..' is no name of a file", "", 7, 2 },
		{ "COPY --chmod=999 a b", "Dockerfile:1: no mode of files: '999'", "such as 0755, 644 or u=rwX,go=rX", 6, 7 },
		{ "COPY --chmod=u+q a b", "Dockerfile:1: no mode of files: 'u+q'", "such as 0755, 644 or u=rwX,go=rX", 6, 7 },
		{ "COPY https://a/b c", "Dockerfile:1: COPY takes no URL: 'https://a/b'", "ADD does", 6, 11 },
		{ "ADD --checksum=sha256:0 https://a b", "Dockerfile:1: 'sha256:0' is no checksum", "", 16, 8 },
		{ "ADD --checksum=0123abc a b", "Dockerfile:1: --checksum is for URLs and git repositories, not 'a'", "", 5, 10 },
		{ "COPY a'b c", "Dockerfile:1: a single quote is not closed: 'a'b'", "names with blanks in them go into an array: COPY [\"a b\", \"c\"]", 6, 3 },
		{ "COPY \"a b\" c", "Dockerfile:1: a double quote is not closed: '\"a'", "names with blanks in them go into an array: COPY [\"a b\", \"c\"]", 6, 2 },
		{ "COPY ${V:=x} c", "Dockerfile:1: unknown modifier '=' in a substitution: '${V:=x}'", "there are :- - :+ + :? ? # ## % %% / and //", 6, 7 },
		{ "ENV", "Dockerfile:1: ENV has no names and values", "", 1, 3 },
		{ "ENV a", "Dockerfile:1: ENV has no value for 'a'", "a= is an empty one", 5, 1 },
		{ "ENV a=b c d", "Dockerfile:1: 'c' is not NAME=VALUE", "quotes keep a value with blanks together: a=\"b c\"", 9, 1 },
		{ "ENV a=b c = d", "Dockerfile:1: 'c' is not NAME=VALUE", "there are no blanks around '='", 9, 1 },
		{ "ENV =b", "Dockerfile:1: ENV has no name in '=b'", "", 5, 2 },
		{ "ENV $NONE=b", "Dockerfile:1: ENV has an empty name: '$NONE'", "", 5, 5 },
		{ "ARG", "Dockerfile:1: ARG has no names", "", 1, 3 },
		{ "ARG =x", "Dockerfile:1: ARG has no name in '=x'", "", 5, 2 },
		{ "EXPOSE", "Dockerfile:1: EXPOSE has no port", "", 1, 6 },
		{ "EXPOSE 80 http", "Dockerfile:1: no number from 0 to 65535 in the port 'http'", "", 11, 4 },
		{ "EXPOSE 80/tpc", "Dockerfile:1: an unknown protocol in the port '80/tpc'", "did you mean tcp?", 8, 6 },
		{ "EXPOSE web:80", "Dockerfile:1: no address in the port 'web:80'", "", 8, 6 },
		{ "EXPOSE 65536", "Dockerfile:1: no number from 0 to 65535 in the port '65536'", "", 8, 5 },
		{ "EXPOSE 9-8", "Dockerfile:1: a range that ends before it begins in the port '9-8'", "", 8, 3 },
		{ "EXPOSE 0-65535 1", "Dockerfile:1: more than 65536 ports", "", 16, 1 },
		{ "VOLUME", "Dockerfile:1: VOLUME has no directory", "", 1, 6 },
		{ "VOLUME [\" \"]", "Dockerfile:1: VOLUME has an empty name", "", 1, 6 },
		{ "VOLUME a $NONE", "Dockerfile:1: VOLUME has an empty name: '$NONE'", "", 10, 5 },
		{ "WORKDIR", "Dockerfile:1: WORKDIR has no value", "", 1, 7 },
		{ "STOPSIGNAL SIGFOO", "Dockerfile:1: no such signal: 'SIGFOO'", "such as SIGTERM, QUIT or 9", 12, 6 },
		{ "SHELL /bin/bash -c", "Dockerfile:1: SHELL takes an array in JSON", "such as SHELL [\"/bin/bash\", \"-c\"]", 7, 12 },
		{ "RUN []", "Dockerfile:1: RUN has no command", "", 1, 3 },
		{ "RUN --network=hots x", "Dockerfile:1: flag '--network' has no 'hots'", "did you mean host?", 15, 4 },
		{ "RUN --security=x x", "Dockerfile:1: flag '--security' has no 'x'", "there are sandbox and insecure", 16, 1 },
		{ "RUN --device=a,requird x", "Dockerfile:1: a device has no 'requird'", "did you mean required?", 16, 7 },
		{ "HEALTHCHECK", "Dockerfile:1: HEALTHCHECK has neither CMD nor NONE", "", 1, 11 },
		{ "HEALTHCHECK curl x", "Dockerfile:1: HEALTHCHECK takes CMD or NONE, not 'curl'", "HEALTHCHECK CMD curl x", 13, 4 },
		{ "HEALTHCHECK CMD", "Dockerfile:1: HEALTHCHECK CMD has no command", "", 13, 3 },
		{ "HEALTHCHECK NONE x", "Dockerfile:1: HEALTHCHECK NONE takes no command", "", 18, 1 },
		{ "HEALTHCHECK --interval=5 CMD x", "Dockerfile:1: flag '--interval' takes a length of time, not '5'", "such as 30s, 1m30s or 500ms", 24, 1 },
		{ "HEALTHCHECK --timeout=1us CMD x", "Dockerfile:1: flag '--timeout' takes 1ms at least, not '1us'", "", 23, 3 },
		{ "HEALTHCHECK --retries=-1 CMD x", "Dockerfile:1: flag '--retries' takes a number, not '-1'", "", 23, 2 },
		{ "ONBUILD", "Dockerfile:1: ONBUILD has no instruction", "", 1, 7 },
		{ "ONBUILD FROM x", "Dockerfile:1: FROM cannot be behind ONBUILD", "", 9, 4 },
		{ "ONBUILD ONBUILD RUN x", "Dockerfile:1: ONBUILD cannot be behind ONBUILD", "", 9, 7 },
		{ "ONBUILD RNU x", "Dockerfile:1: unknown instruction 'RNU'", "did you mean RUN?", 9, 3 },
		{ "ONBUILD COPY \\\n  x", "Dockerfile:2: COPY has no destination for 'x'", "the last word is the destination: COPY SOURCE… DESTINATION", 3, 1 },
	};

	check_mistakes(cases, ARRAY_SIZE(cases));
}

static void test_mistakes_of_mounts(void **state _unused_)
{
	static const struct mistake cases[] = {
		{ "RUN --mount= x", "Dockerfile:1: flag '--mount' takes a value", "", 5, 7 },
		{ "RUN --mount=type=cahce,target=/a x", "Dockerfile:1: no type of mounts 'cahce'", "did you mean cache?", 13, 10 },
		{ "RUN --mount=type=volume,target=/a x", "Dockerfile:1: no type of mounts 'volume'", "there are bind, cache, tmpfs, secret and ssh", 13, 11 },
		{ "RUN --mount=type=cache,tagret=/a x", "Dockerfile:1: a mount has no 'tagret'", "did you mean target?", 24, 6 },
		{ "RUN --mount=type=cache x", "Dockerfile:1: a mount of type 'cache' has no target", "", 13, 10 },
		{ "RUN --mount=type=cache,target x", "Dockerfile:1: 'target' of a mount takes a value", "", 24, 6 },
		{ "RUN --mount=type=cache,target=/ x", "Dockerfile:1: a mount cannot be on '/'", "", 24, 8 },
		{ "RUN --mount=type=cache,target=/a,sharing=no x", "Dockerfile:1: no sharing of caches 'no'", "there are shared, private and locked", 34, 10 },
		{ "RUN --mount=type=bind,target=/a,sharing=locked x", "Dockerfile:1: a mount of type 'bind' has no 'sharing'", "", 33, 14 },
		{ "RUN --mount=type=bind,target=/a,size=1 x", "Dockerfile:1: a mount of type 'bind' has no 'size'", "", 33, 6 },
		{ "RUN --mount=type=tmpfs,target=/a,size=x x", "Dockerfile:1: 'size' of a mount is a size, not 'x'", "", 34, 6 },
		{ "RUN --mount=type=cache,target=/a,mode=9 x", "Dockerfile:1: 'mode' of a mount is an octal number up to 7777, not '9'", "", 34, 6 },
		{ "RUN --mount=type=cache,target=/a,uid=me x", "Dockerfile:1: 'uid' of a mount is a number, not 'me'", "", 34, 6 },
		{ "RUN --mount=target=/a,ro=maybe x", "Dockerfile:1: 'ro' of a mount is true or false, not 'maybe'", "", 23, 8 },
		{ "RUN --mount=type=secret x", "Dockerfile:1: a secret has no id", "", 13, 11 },
		{ "RUN --mount=type=secret,id=a,src=b x", "Dockerfile:1: a secret has an id or a source, not both", "", 30, 5 },
		{ "RUN --mount=type=secret,id=a,from=b x", "Dockerfile:1: a mount of type 'secret' has no 'from'", "", 30, 6 },
		{ "RUN --mount=type=ssh,src=b x", "Dockerfile:1: a mount of type 'ssh' has no 'src'", "", 22, 5 },
		{ "RUN --mount=type=bind,from=a$V,target=/b x", "Dockerfile:1: variables are not replaced in a mount's from", "name a stage with FROM a$V AS NAME, and use that name here", 23, 8 },
		{ "RUN --mount=type=bind,target=${V x", "Dockerfile:1: '${' without '}': '${V'", "", 30, 3 },
	};

	check_mistakes(cases, ARRAY_SIZE(cases));
}

static void test_names(void **state _unused_)
{
	for (size_t i = 0; i + 1 < INSTRUCTION_KIND_COUNT; i++)
		assert_true(strcmp(instruction_names[i], instruction_names[i + 1]) < 0);
	assert_string_equal(instruction_names[INSTRUCTION_WORKDIR], "WORKDIR");
	assert_string_equal(instruction_names[INSTRUCTION_MAINTAINER], "MAINTAINER");
	assert_null(instruction_names[INSTRUCTION_KIND_COUNT]);
}

static void test_original_stays(void **state _unused_)
{
	const struct words words = { .escape = '\\', .environment = environment };
	static const char text[] = "ENV a=$V\nCOPY $V $DIR\nEXPOSE $TWO\n";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct dockerfile *file;
	struct dockerfile_mark mark;

	assert_int_equal(dockerfile_parse(arena, "D", text, strlen(text), &file, &mark, NULL), 0);
	for (size_t i = 0; i < file->instruction_count; i++) {
		struct instruction *parsed, *expanded;
		char *before;

		assert_int_equal(instruction_parse(arena, file, &file->instructions[i], &parsed, &mark, NULL), 0);
		before = describe(arena, parsed);
		assert_int_equal(instruction_expand(arena, file, parsed, &words, &expanded, &mark, NULL), 0);
		assert_string_equal(describe(arena, parsed), before);
		assert_string_not_equal(describe(arena, expanded), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_heredocs),
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_mistakes_of_mounts),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_original_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
