# Hostile builds: Dockerfiles, contexts, bases and repositories of strangers. What clients of BuildKit's protocol send is in tests/e2e/serve_buildkit.

bats_require_minimum_version 1.5.0
load lib/rows
load lib/strangers
load ../lib/serve

setup_file() {
	[ -x "$BIVY_BUILD/bivy-builder" ] || skip "missing: bivy-builder in this build"
	strangers_setup_file
	mkdir "$SCRATCH/hostile"
	tar c -C "$BASE_ROOTFS" . | "$PYTHON" "$TESTS_DIR/attacks/lib/images.py" make "$CANARY" "$SCRATCH/hostile"
}

setup() {
	strangers_setup
	mkdir context "$CANARY/empty"
	canary_before=$(canary_now)
}

# build [ARGUMENT…]: of the Dockerfile on the standard input, with the directory context; sets status and output.
build() { run timeout -k 5 "$(slow 60)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" build --progress plain -f - "$@" context; }
# builds, fails WORDS: what is expected of it, with the words in what it says.
builds() {
	build
	[ "$status" -eq 0 ] || fail "not built:" "$output"
	assert_canary
	[[ $output != *"of the host"* ]] || fail "HIT: the host's file is in the build:" "$output"
}
fails() {
	build "${@:2}"
	[ "$status" -ne 0 ] || fail "HIT: built:" "$output"
	[[ $output == *$1* ]] || fail "fails otherwise:" "$output"
	assert_canary
	[[ $output != *"of the host"* ]] || fail "HIT: the host's file is in the build:" "$output"
}

# ---------------------------------------------------------------- mounts of steps

@test "mounts: what they are removed with afterwards is moved (CVE-2024-23652)" {
	builds <<-END
		FROM busybox
		RUN --mount=type=tmpfs,target=/x/empty mv /x /y && ln -s $CANARY /x
		RUN --mount=type=tmpfs,target=/a/b/file mv /a/b /a/c && ln -s $CANARY /a/b
		RUN --mount=type=cache,target=/d/empty mv /d /e; ln -s $CANARY /d
	END
	# What removes the mount point by its name afterwards.
	mkdir root
	ln -s "$CANARY" root/x
	rmdir root/x/empty
	! canary_is_untouched || fail "no attack"
	row "a step moves the directory above a mount point and leaves a link to the host (CVE-2024-23652)" "mount points are found beneath the step's files" "by name the host's directory is removed"
}

@test "mounts: a cache's directory that is a link (CVE-2024-23651, CVE-2024-9676)" {
	builds <<-END
		FROM busybox
		RUN --mount=type=cache,id=q,target=/c rm -rf /c/* && ln -s $CANARY /c/link && ln -s $CANARY/file /c/file
		RUN --mount=type=cache,id=q,source=link,target=/c cat /c/file || true; touch /c/new || true
		RUN --mount=type=cache,id=q,target=/c cat /c/link/file /c/file || true; echo evil >/c/file || true
		RUN --mount=type=cache,id=../../../../../../../../../..$CANARY,target=/c ls /c/file; touch /c/new
		RUN --mount=type=cache,id=..,target=/c touch /c/new
	END
	local cache
	cache=$(find "$SCRATCH/root/build/mounts" -name link -type l | head -1)
	[ -n "$cache" ] && [ "$(cat "$cache/file")" = "of the host" ] || fail "no attack: no link of the step's leads to the host"
	row "caches: links in them, links for their source, ids that are paths (CVE-2024-23651, CVE-2024-9676)" "part of a mount beneath its root; names of caches" "by name the link leads to the host"
}

@test "mounts: a cache whose directory alternates with a link while others mount it (CVE-2024-23651)" {
	cp "$(test_program exchange)" context/exchange || skip "missing: a C compiler for the test program exchange"
	build >swapper <<-END 3>&- &
		FROM busybox
		RUN --mount=target=/x --mount=type=cache,id=race,target=/c mkdir -p /c/sub && ln -sfn $CANARY /c/link && touch /c/ready && timeout 6 /x/exchange 6 /c/sub /c/link; true
	END
	own_pid $!
	wait_for_ready() { [ -n "$(find "$SCRATCH/root/build/mounts" -name ready 2>/dev/null)" ]; }
	wait_for wait_for_ready
	local i cache
	cache=$(dirname "$(find "$SCRATCH/root/build/mounts" -name ready)")
	for ((i = 0; i < 2000; i++)); do
		[ ! -e "$cache/sub/inner" ] && [ ! -e "$cache/sub/file" ] || break
	done
	[ $i -lt 2000 ] || fail "no attack: by name it never leads to the host"
	for ((i = 0; i < 4; i++)); do
		builds <<-END
			FROM busybox
			RUN --mount=type=cache,id=race,source=sub,target=/m --mount=type=bind,from=busybox,source=/etc,target=/n echo $i; cat /m/file || true; touch /m/new || true
		END
	done
	row "a cache's directory that alternates with a link while steps mount it (CVE-2024-23651)" "part of a mount beneath its root" "by name it leads to the host now and then"
}

@test "mounts: binds whose sources are links, or lead out (CVE-2024-9407, CVE-2024-11218)" {
	ln -s "$CANARY" context/link
	ln -s ../canary context/up
	local source
	for source in link up ../canary /../../canary link/dir; do
		fails "there is no '" <<-END
			FROM busybox
			RUN --mount=type=bind,source=$source,target=/c cat /c/file
		END
	done
	fails "there is no '" <<-END
		FROM busybox AS s
		RUN ln -s $CANARY /l
		FROM busybox
		RUN --mount=type=bind,from=s,source=/l,target=/c cat /c/file
	END
	fails "a mount has no 'bind-propagation'" <<-END
		FROM busybox
		RUN --mount=type=bind,target=/c,bind-propagation=shared true
	END
	grep -q "of the host" context/link/file || fail "no attack"
	row "binds of a step whose sources are links, .., of a stage with links; propagation (CVE-2024-9407, CVE-2024-11218)" "sources are found beneath their root" "by name the link leads to the host"
}

@test "entitlements: privileged steps, the host's network (CVE-2024-23653)" {
	fails "RUN --security=insecure is not allowed" <<-END
		FROM busybox
		RUN --security=insecure true
	END
	fails "RUN --network=host is not allowed" <<-END
		FROM busybox
		RUN --network=host true
	END
	build --allow security.insecure --allow network.host <<-END
		FROM busybox
		RUN --security=insecure grep -q 'CapEff:.*1ff' /proc/self/status && echo HIT:insecure
		RUN --network=host readlink /proc/self/ns/net
	END
	[[ $status -eq 0 && $output == *"$(readlink /proc/self/ns/net)"* && $output == *HIT:insecure* ]] || fail "no attack:" "$output"
	row "steps that ask for all capabilities, for the host's network (CVE-2024-23653)" "entitlements" "with --allow they have them"
}

@test "entitlements: a frontend that is an image (CVE-2024-23653)" {
	fails "the language 'busybox' is not built in" <<-END
		# syntax=busybox
		FROM busybox
		RUN true
	END
	builds <<-END
		FROM busybox
		RUN true
	END
	row "a frontend of the Dockerfile's choice (# syntax=)" "no image is executed for the file's language" "without the line it is built"
}

# ---------------------------------------------------------------- files

@test "COPY: links of the context, of stages, of the destination" {
	ln -s "$CANARY" context/link
	ln -s "$CANARY/file" context/file
	local source
	for source in link/file file ../canary/file /../../canary/file; do
		fails "there is no '" <<-END
			FROM busybox
			COPY $source /x
		END
	done
	fails "there is no 'l/file'" <<-END
		FROM busybox AS s
		RUN ln -s $CANARY /l
		FROM busybox
		COPY --from=s /l/file /x
	END
	builds <<-END
		FROM busybox
		COPY . /all
		RUN cat /all/file /all/link/file || true
		RUN ln -s $CANARY /l && ln -s $CANARY/file /f
		COPY <<E /l/new
		evil
		E
		COPY <<E /f
		evil
		E
		WORKDIR /l/made
	END
	[ "$(cat context/file)" = "of the host" ] || fail "no attack"
	row "COPY of links, through links of stages, to links; .." "paths end in the context or the root (RESOLVE_IN_ROOT)" "by name the link leads to the host's file"
}

@test "ADD and contexts: hostile archives" {
	local name
	for name in dotdot absolute through-link onto-link hard-link swapped opaque-through pax-path; do
		cp "$SCRATCH/hostile/$name.layer" context/evil.tar
		canary_before=$(rmdir "$CANARY/empty" && canary_now)
		is_an_attack "$SCRATCH/hostile/$name.layer"
		build <<-END
			FROM busybox
			ADD evil.tar /a/b/
		END
		assert_canary
		run timeout -k 5 "$(slow 60)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" build --progress plain - <context/evil.tar
		assert_canary
		mkdir "$CANARY/empty"
	done
	row "ADD of archives, and archives as contexts, with names and links that lead to the host (8 archives)" "names of layers; paths end in the root" "a careless program changes the host's files"
}

@test "the Dockerfile and what is not for the build are links, or wait for ever" {
	ln -s "$CANARY/file" context/Dockerfile
	run timeout -k 5 "$(slow 20)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" build context
	[[ $status -ne 0 && $output == *"there is no Dockerfile in '"* && $output != *"of the host"* ]] || fail "HIT: read:" "$output"
	grep -q "of the host" context/Dockerfile || fail "no attack"
	rm context/Dockerfile
	mkfifo context/Dockerfile
	run timeout -k 5 "$(slow 20)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" build context
	[ "$status" -eq 1 ] || fail "HIT: it waits: $status" "$output"
	rm context/Dockerfile
	mkfifo context/.dockerignore
	fails "cannot read '.dockerignore'" <<<"FROM busybox"
	run -124 timeout 0.2 cat context/.dockerignore
	rm context/.dockerignore
	echo secret >"$CANARY/../ignored"
	ln -s "$CANARY/../ignored" context/.dockerignore
	touch context/secret
	builds <<-END
		FROM busybox
		COPY . /x
		RUN ls /x/secret
	END
	rm "$CANARY/../ignored"
	row "Dockerfile and .dockerignore are links to the host's files, or fifos" "paths beneath the context; files alone" "by name the file is read; who reads the fifo waits"
}

@test "texts: variables that double, patterns that backtrack, names of heredocs" {
	local i
	{
		printf '%s\n' "FROM busybox" "ENV A0=aaaaaaaaaaaaaaaa"
		for i in 1 2 3 4 5 6 7 8 9 10; do
			printf 'ENV A%d=' $i
			printf "\$A$((i - 1))%.0s" {1..10}
			echo
		done
	} >laugh
	fails "variables make the text too long" <laugh
	head -4 laugh | builds
	printf '**/a*%.0s' {1..30} >context/.dockerignore
	printf 'x\n%s\n' "$(printf 'a*%.0s' {1..60})b" >>context/.dockerignore
	mkdir -p "context/$(printf 'aaaaaaaa/%.0s' {1..30})"
	touch "context/$(head -c 250 /dev/zero | tr '\0' a)"
	local before=$SECONDS
	builds <<-END
		FROM busybox
		COPY . /x
	END
	[ $((SECONDS - before)) -lt 20 ] || fail "HIT: it took $((SECONDS - before)) seconds"
	rm -r context/*
	fails "is no name of a file" <<-'END'
		FROM busybox
		COPY <<../../../../canary/new /d/
		x
		../../../../canary/new
	END
	row "ENV that becomes 160 GB, patterns that backtrack, heredocs called ../…" "bounds of texts; names of files" "two levels of it are built"
}

# ---------------------------------------------------------------- bases

@test "ONBUILD: what a base does to whoever builds on it" {
	local name
	for name in from nested host; do bivy load -q -i "$SCRATCH/hostile/onbuild-$name.tar" >/dev/null; done
	fails "ONBUILD of 'onbuild-from': FROM cannot be triggered" <<<"FROM onbuild-from"
	fails "ONBUILD of 'onbuild-nested': ONBUILD cannot be triggered" <<<"FROM onbuild-nested"
	fails "COPY: there is no '" <<<"FROM onbuild-host"
	printf '%s\n' "FROM busybox" "ONBUILD COPY given /taken" | build -t honest
	echo given >context/given
	builds <<<$'FROM honest\nRUN grep given /taken'
	row "a base whose ONBUILD copies files of the host, begins anew, triggers again" "what is written there is checked as the file is" "a file of the context is copied"
}

# ---------------------------------------------------------------- secrets

@test "secrets: in no layer, history, record, provenance, cache or environment" {
	local secret=s3cr3t-$RANDOM$RANDOM argument=t0ld-$RANDOM$RANDOM
	echo "$secret" >secret
	SECRET=$secret bivy build -q -t it --secret id=one,src=secret --secret id=two,env=SECRET --build-arg A=$argument --provenance=mode=max --metadata-file metadata \
		-o type=oci,dest=it.tar -f - context >told <<-'END'
		FROM busybox
		ARG A
		RUN --mount=type=secret,id=one --mount=type=secret,id=two,env=TWO grep -q . /run/secrets/one && [ -n "$TWO" ] && echo "$A" >/dev/null
		RUN ! grep -r . /run/secrets; [ -z "$TWO" ]
	END
	local where
	for where in "$SCRATCH/root" "$SCRATCH/run" metadata it.tar told; do
		! grep -raq "$secret" "$where" || fail "HIT: in $(grep -ral "$secret" "$where" | head -3)"
	done
	# What is no secret is found by the same search.
	grep -raq "$argument" "$SCRATCH/root" || fail "no attack: nothing is found there at all"
	row "secrets of steps in layers, history, records, provenance, metadata, caches" "a memory file system of the step's own" "an argument of the build is found there"
}

# ---------------------------------------------------------------- repositories

@test "git: transports that execute, options, hosts that are options" {
	type -P git >/dev/null || skip "missing: program git"
	local url
	for url in "ext::sh -c touch% $CANARY/pwned" "git@-oProxyCommand=touch $CANARY/pwned:x.git" "ssh://-oProxyCommand=touch%20$CANARY%2fpwned/x.git" \
		"ssh://a@-oProxyCommand=touch%20$CANARY%2fpwned/x.git" "git://127.0.0.1/x.git#--upload-pack=touch $CANARY/pwned" "https://127.0.0.1:1/x.git#-oops" \
		"--upload-pack=touch $CANARY/pwned" "git://-oProxyCommand=x/x.git" "https://127.0.0.1:1/x.git#main:../../.."; do
		run timeout -k 5 "$(slow 20)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" build -q -- "$url"
		[ "$status" -ne 0 ] || fail "HIT: built: $url"
		printf 'FROM busybox\nADD ["%s", "/x"]\n' "$url" | build
		[ "$status" -ne 0 ] || fail "HIT: built: ADD $url"
		assert_canary
	done
	GIT_ALLOW_PROTOCOL=ext git ls-remote "ext::sh -c touch% $CANARY/pwned" >/dev/null 2>&1 || true
	! canary_is_untouched || fail "no attack: git does not execute it either"
	row "addresses of repositories: ext::, --upload-pack, -oProxyCommand for a host or a user's" "grammar of addresses; the protocols that git may use" "git by itself executes it"
}

@test "git: submodules that are files of this host (CVE-2022-39253)" {
	type -P git >/dev/null && [ -x "$(git --exec-path)/git-daemon" ] || skip "missing: git with its daemon"
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_CONFIG_GLOBAL=/dev/null
	local port url kind commit
	git init -q -b main "$CANARY/private"
	(cd "$CANARY/private" && cp ../file . && git add file && git commit -qm private)
	commit=$(git -C "$CANARY/private" rev-parse HEAD)
	canary_before=$(canary_now)
	mkdir served
	for kind in file local ext; do
		git init -q -b main "served/$kind"
		case $kind in
		file) url=file://$CANARY/private ;;
		local) url=$CANARY/private ;;
		ext) url="ext::sh -c touch% $CANARY/pwned" ;;
		esac
		(cd "served/$kind" && printf 'FROM busybox\nCOPY . /x\nRUN cat /x/l/file\n' >Dockerfile && printf '[submodule "l"]\npath = l\nurl = %s\n' "$url" >.gitmodules &&
			git update-index --add --cacheinfo "160000,$commit,l" && git add Dockerfile .gitmodules && git commit -qm 1)
	done
	port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	"$(git --exec-path)/git-daemon" --base-path="$PWD/served" --export-all --listen=127.0.0.1 --port="$port" --reuseaddr 2>/dev/null 3>&- &
	own_pid $!
	is_served() { (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
	wait_for is_served
	for kind in file local ext; do
		run timeout -k 5 "$(slow 20)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" build --progress plain "git://127.0.0.1:$port/$kind"
		[[ $status -ne 0 && $output != *"of the host"* ]] || fail "HIT: $kind" "$output"
		assert_canary
	done
	git -c protocol.file.allow=always clone -q --recurse-submodules "git://127.0.0.1:$port/file" cloned &>git.log || true
	grep -q "of the host" cloned/l/file || fail "no attack: git by itself has no file of it either" "$(<git.log)"
	row "submodules at file://, at a path, at ext:: (CVE-2022-39253)" "the protocols that git may use" "git by itself, allowed to, has the host's file"
}

@test "POST /build: contexts, files and names that lead to the host" {
	[ -x "$BIVY_BUILD/bivy-server" ] || skip "missing: bivy-server in this build"
	SOCKET=$WORK/s
	serve
	local path name
	printf 'FROM busybox\nRUN true\n' >context/Dockerfile
	tar c -C context . >context.tar
	for path in "remote=file://$CANARY/file" "remote=$CANARY" "remote=ext::sh%20-c%20touch%25%20$CANARY/pwned" "dockerfile=../../canary/file" "dockerfile=$CANARY/file" \
		"t=../../x" "t=a%0ab" "remote=--upload-pack%3Dx" "cachefrom=%5B%5B%5B%5B" "buildargs=%5B%5B%5B" "networkmode=container:../../x" "target=..%2f.."; do
		curl -s -m 20 --unix-socket "$SOCKET" -X POST -H 'Content-Type: application/x-tar' --data-binary @context.tar "http://d/build?$path" >told || true
		! grep -q "of the host" told || fail "HIT: $path" "$(<told)"
		[[ $path == cachefrom* || $path == networkmode* ]] || ! grep -q "Successfully built" told || fail "HIT: built: $path" "$(<told)"
		assert_canary
	done
	for name in dotdot absolute through-link hard-link swapped pax-path; do
		curl -s -m 20 --unix-socket "$SOCKET" -X POST --data-binary @"$SCRATCH/hostile/$name.layer" "http://d/build" >told || true
		assert_canary
	done
	curl -s -m 20 --unix-socket "$SOCKET" -X POST -H 'Content-Type: application/x-tar' --data-binary @context.tar "http://d/build" >told
	grep -q "Successfully built" told || fail "no attack: nothing is built at all" "$(<told)"
	row "POST /build with remote=file:, a Dockerfile outside, names that are paths, hostile archives" "grammar of parameters; paths beneath the context" "the archive as it is is built"
}

@test "ssh: a step that adds, removes, locks, loads with the user's agent (CVE-2023-38408)" {
	cp "$(test_program probe)" context/probe || skip "missing: a C compiler for the test program probe"
	# It says what it was told: a message's length, its type, and more.
	"$PYTHON" "$TESTS_DIR/lib/helper.py" agent "$PWD/agent" 3>&- &
	own_pid $!
	wait_for test -S agent
	says() { "$(test_program probe)" unix "$PWD/agent" "$1" | tr -d '\0'; }
	[ "$(says $'size\x14evil')" = $'as 0: size\x14evil' ] || fail "no attack: an agent does not get it"
	build --ssh "default=$PWD/agent" <<-'END'
		FROM busybox
		RUN --mount=target=/c --mount=type=ssh for type in 013 015 033 021 022 023 024 025 026 027 031 032; do \
			/c/probe unix "$SSH_AUTH_SOCK" "$(printf "size\\${type}said")" | tr "\0" 0 | od -A n -t o1 | sed "s/^/$type:/"; done
	END
	[ "$status" -eq 0 ] || fail "not built:" "$output"
	local type
	for type in 013 015 033; do [[ $output == *"$type: 141 163 040 060 072 040 163 151 172 145 $type 163"* ]] || fail "an agent is not asked any more: $type" "$output"; done
	for type in 021 022 023 024 025 026 027 031 032; do [[ $output == *"$type: 141 163 040 060 072 040 163 151 172 145 060 163"* ]] || fail "HIT: passed on: $type" "$output"; done
	row "a step that adds and removes keys, locks, loads libraries by the user's agent (CVE-2023-38408)" "what a step may ask an agent for" "by itself the agent gets it"
}
