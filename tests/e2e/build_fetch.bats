# build: contexts that are no directories, and what ADD takes from elsewhere: the standard input, a web server, git repositories.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

PYTHON=/usr/bin/python3
[ -x "$PYTHON" ] || PYTHON=$(command -v python3)

setup_file() {
	[ -x "${BIVY_BUILD:-}/bivy-builder" ] || skip "missing: bivy-builder in this build"
	engine_setup_file
}

# built ARGUMENT…: `bivy build` that succeeds. refused ARGUMENT…: one that fails.
built() { run bivy build --progress plain "$@"; [ "$status" -eq 0 ] || { echo "$output"; return 1; }; }
refused() { run -1 bivy build --progress plain "$@"; }

# told COMMAND…: prints what the command says in a container of the image `it`.
told() { bivy run --rm --network none --pull never it "$@"; }

# serve: the directory web; $url is where, and `requests` prints what was asked for since it was asked last.
serve() {
	mkdir -p web
	(cd web && exec "$PYTHON" "$BIVY_SOURCE/tests/lib/web.py" >../web.log 3>&-) &
	TEST_PIDS+=($!)
	until [ -s web.log ]; do sleep 0.02; done
	url=http://127.0.0.1:$(head -1 web.log)
	asked=1
}
requests() { tail -n "+$((asked + 1))" web.log; }
forget_requests() { asked=$(wc -l <web.log); }

make_context() {
	mkdir -p context/sub
	echo hello >context/sub/f
	printf '%s\n' 'FROM busybox' 'COPY . /x' >context/Dockerfile
	printf '%s\n' 'FROM busybox' 'COPY sub/f /other' >context/sub/Other
}

@test "the standard input: an archive in any compression" {
	make_context
	built -t it - < <(tar c -C context .)
	[ "$(told cat /x/sub/f)" = hello ]
	for compress in gzip zstd; do
		type "$compress" >/dev/null || continue
		built -t it - < <(tar c -C context . | "$compress" -c)
		[[ $output == *"COPY . /x"*CACHED* ]]
	done
	built -t it -f sub/Other - < <(tar c -C context .)
	[ "$(told cat /other)" = hello ]
	run bivy build --check - < <(tar c -C context .)
	[ "$status" -eq 0 ]
	[ -z "$(ls "$SCRATCH/root/build/work")" ]
}

@test "the standard input: a Dockerfile alone has no files beside it" {
	touch here
	built -t it - <<<$'FROM busybox\nCOPY . /x'
	[ -z "$(told ls -A /x)" ]
}

@test "the standard input: what is neither, or twice" {
	make_context
	refused - </dev/null
	[ "$output" = "bivy: cannot use the standard input as the context: it is empty" ]
	refused - < <(gzip -c context/Dockerfile)
	[ "$output" = "bivy: cannot use the standard input as the context: it is compressed, but not a tar archive with anything in it" ]
	refused - < <(tar cz -C context . | head -c 150)
	[[ $output == *"cannot decompress gzip: it ends too early" ]]
	refused - < <(tar c -C context sub)
	[[ $output == "bivy: there is no Dockerfile in 'the standard input'"* ]]
	refused -f - - </dev/null
	[ "$output" = "bivy: the standard input cannot be both the context and the Dockerfile" ]
	refused -f X - <<<'FROM busybox'
	[[ $output == "bivy: there are two Dockerfiles: 'X' is one, and the context is one, no archive"* ]]
}

@test "URLs as contexts: an archive, a Dockerfile, a named one" {
	serve
	make_context
	tar czf web/a.tar.gz -C context .
	echo 'FROM busybox' >web/alone
	built -t it "$url/a.tar.gz"
	[ "$(told cat /x/sub/f)" = hello ]
	built "$url/to/alone"
	built -t it --build-context "n=$url/a.tar.gz" - <<<$'FROM busybox\nCOPY --from=n sub/f /named'
	[ "$(told cat /named)" = hello ]
	[ "$(requests)" = $'/a.tar.gz 200\n/to/alone 302\n/alone 200\n/a.tar.gz 304' ]
	refused "$url/none"
	[[ $output == *"bivy: cannot get '$url/none': the server answers with status 404" ]]
	refused "$url/endless"
	[[ $output == *"' redirects without end" ]]
}

@test "secrets show servers who asks: a bearer, git's user, for one host or for all" {
	serve
	type git >/dev/null || skip "missing: git"
	[ -e "$SCRATCH/git" ] || (mkdir "$SCRATCH/git" && cd "$SCRATCH/git" && make_repositories)
	mkdir web/private
	git clone -q --bare "$SCRATCH/git/r" web/private/r.git
	git -C web/private/r.git update-server-info
	echo one >web/private/f
	echo t0ken >token
	printf '%s\n' 'FROM busybox' "ADD $url/private/f /f" "ADD $url/private/r.git /r" >Dockerfile
	refused .
	[[ $output == *"the server answers with status 401" ]]
	built --secret "id=HTTP_AUTH_TOKEN_127.0.0.1,src=token" --secret "id=GIT_AUTH_TOKEN.${url#http://},src=token" -t it .
	[ "$(told cat /f /r/f)" = $'one\n2' ]
	T=t0ken built --secret id=GIT_AUTH_TOKEN,env=T -t it "$url/private/r.git#v1"
	[ "$(told cat /x/f)" = 1 ]
	H='Bearer t0ken' built --secret id=GIT_AUTH_HEADER,env=H --no-cache -t it "$url/private/r.git#main"
	refused --secret id=GIT_AUTH_TOKEN.elsewhere,src=token "$url/private/r.git#v1"
	printf 'a\nX-Evil: b' >token
	refused --secret id=GIT_AUTH_TOKEN,src=token "$url/private/r.git#v1"
	[[ $output == *"secret 'GIT_AUTH_TOKEN': expected one line"* ]]
	! grep -rq t0ken "$SCRATCH/root"
}

@test "ADD of URLs: names, modes, times, owners; unpacked if that is asked for" {
	serve
	make_context
	echo one >"web/one file"
	touch -d '2020-05-05T05:05:05Z' "web/one file"
	tar czf web/a.tgz -C context .
	cat >Dockerfile <<-END
		FROM busybox
		ADD $url/one%20file /a/
		ADD --chown=7:8 --chmod=741 $url/to/one%20file?x /b
		ADD Dockerfile $url/a.tgz /c/
		ADD --unpack $url/a.tgz /d/
	END
	built -t it .
	run told stat -c '%n %a %u:%g %Y' '/a/one file' /b
	[ "$output" = $'/a/one file 600 0:0 1588655105\n/b 741 7:8 1588655105' ]
	[ "$(told ls /c /d)" = $'/c:\nDockerfile\na.tgz\n\n/d:\nDockerfile\nsub' ]
}

@test "ADD of URLs: nothing is done again unless something else is there" {
	serve
	echo one >web/f
	printf '%s\n' 'FROM busybox' "ADD $url/f /f" >Dockerfile
	built -t it .
	[ "$(requests)" = "/f 200" ]
	forget_requests
	built -t it .
	[[ $output == *"ADD $url/f /f"*CACHED* ]]
	[ "$(requests)" = "/f 304" ]
	echo two >web/f
	built -t it .
	[ "$(told cat /f)" = two ]
}

@test "ADD of URLs: a checksum is checked, and spares asking" {
	serve
	echo one >web/f
	sum=sha256:$(sha256sum web/f | cut -d' ' -f1)
	printf '%s\n' 'FROM busybox' "ADD --checksum=$sum $url/f /f" >Dockerfile
	built -t it --provenance=true --metadata-file metadata .
	[ "$(jq -r '.["buildx.build.provenance"].materials[1] | .uri + " sha256:" + .digest.sha256' metadata)" = "$url/f $sum" ]
	[ "$(told cat /f)" = one ]
	forget_requests
	built .
	built --no-cache .
	[ -z "$(requests)" ]
	echo two >web/g
	refused - <<<$'FROM busybox\nADD --checksum='"$sum $url/g /g"
	[[ $output == *"bivy: Dockerfile:2: '$url/g' has the digest sha256:"*", not $sum"* ]]
	refused - <<<$'FROM busybox\nADD '"$url/none /g"
	[[ $output == *"> 2 | ADD $url/none /g"*"bivy: Dockerfile:2: cannot get '$url/none': the server answers with status 404" ]]
}

# make_repositories: r, of two commits, v1 and main, and a branch with the submodule lib; $1 is where they will be.
make_repositories() {
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_CONFIG_GLOBAL=/dev/null
	git init -q -b main lib && echo lib >lib/l && git -C lib add l && git -C lib commit -qm l
	git init -q -b main r && cd r
	mkdir sub
	printf '%s\n' 'FROM busybox' 'COPY . /x' | tee Dockerfile >sub/Dockerfile
	echo 1 >f
	ln -s / out
	git add . && git commit -qm 1 && git tag -a -m v1 v1
	echo 2 >f
	git commit -qam 2
	git checkout -q -b more
	printf '[submodule "l"]\npath = l\nurl = ../lib\n' >.gitmodules
	git update-index --add --cacheinfo "160000,$(git -C ../lib rev-parse HEAD),l"
	git add .gitmodules && git commit -qm 3 && git checkout -q main
	cd ..
}

# serve_git: $url is where a repository is, $first its first commit.
serve_git() {
	local port
	type git >/dev/null && [ -x "$(git --exec-path)/git-daemon" ] || skip "missing: git with its daemon"
	[ -e "$SCRATCH/git" ] || (mkdir "$SCRATCH/git" && cd "$SCRATCH/git" && make_repositories)
	first=$(git -C "$SCRATCH/git/r" rev-parse 'v1^{commit}')
	port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	url=git://127.0.0.1:$port/r
	"$(git --exec-path)/git-daemon" --base-path="$SCRATCH/git" --export-all --listen=127.0.0.1 --port="$port" --reuseaddr 2>/dev/null 3>&- &
	TEST_PIDS+=($!)
	until (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.02; done
}

@test "git repositories as contexts: references, directories, submodules" {
	serve_git
	built -t it "$url"
	[ "$(told ls -A /x)" = $'Dockerfile\nf\nout\nsub' ]
	[ "$(told cat /x/f)" = 2 ]
	built -t it --provenance=version=v1 --metadata-file metadata "$url?tag=v1&commit=${first:0:8}"
	[ "$(jq -c '.["buildx.build.provenance"].buildDefinition | [.externalParameters.configSource.digest.sha1, .resolvedDependencies[1].uri, .resolvedDependencies[1].digest.sha1]' metadata)" = \
		"[\"$first\",\"$url#refs/tags/v1\",\"$first\"]" ]
	[ "$(told cat /x/f)" = 1 ]
	built -t it "$url#more"
	[ "$(told cat /x/l/l)" = lib ]
	# A link of the repository leads nowhere else.
	built -t it "$url#main:out/sub"
	[ "$(told ls -A /x)" = Dockerfile ]
	refused "$url#nope"
	[[ $output == *"bivy: there is no branch or tag 'nope' in '$url'" ]]
	refused "$url?branch=main&commit=${first:0:8}"
	[[ $output == *"bivy: 'refs/heads/main' of '$url' is the commit "*", not ${first:0:8}" ]]
}

@test "ADD of git repositories, and what a commit spares" {
	serve_git
	cat >Dockerfile <<-END
		FROM busybox
		ADD $url#$first /c
		ADD --chown=3:4 $url#main:sub /a/
		ADD --keep-git-dir $url#v1 /b
	END
	built -t it .
	run told sh -c 'stat -c "%n %a %u:%g" /a/Dockerfile /c/f; cat /b/.git/HEAD; ls -A /c; cat /c/f'
	[ "$output" = $'/a/Dockerfile 644 3:4\n/c/f 644 0:0\n'"$first"$'\nDockerfile\nf\nout\nsub\n1' ]
	built .
	[ "$(grep -c CACHED <<<"$output")" -eq 3 ]
	refused - <<<$'FROM busybox\nADD --checksum=0123456 '"$url /g"
	[[ $output == *"bivy: Dockerfile:2: 'HEAD' of '$url' is the commit "*", not 0123456" ]]
	# Nobody need be there for what has a commit's name.
	kill "${TEST_PIDS[@]}"
	printf '%s\n' 'FROM busybox' "ADD $url#$first /c" >Dockerfile
	built .
	[[ $output == *CACHED* ]]
}

@test "images of a layout as contexts" {
	printf '%s\n' 'FROM busybox' 'RUN echo one >/f' >Dockerfile
	built -t one .
	bivy save --format oci-archive -o one.tar one
	mkdir layout && tar xf one.tar -C layout
	id=$(bivy image inspect --format '{{.Id}}' one)
	bivy rmi one >/dev/null
	for name in layout layout:latest "layout@$(jq -r '.manifests[0].digest' layout/index.json)"; do
		built -t it --build-context "n=oci-layout://$name" - <<<$'FROM n\nCOPY --from=n /f /g'
	done
	[ "$(told cat /f /g)" = $'one\none' ]
	[[ $output == *CACHED* ]]
	run -1 bivy image inspect "$id" # once no build needs it it is gone
	bivy system check
	refused --build-context n=oci-layout://layout:nope - <<<'FROM n'
	[[ $output == "bivy: cannot use the context 'oci-layout://layout:nope': there is no such image in it"* ]]
}
