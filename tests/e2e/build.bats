# build: what Dockerfiles say, instruction by instruction and flag by flag. Whether images equal docker's is bench/build-equal's.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/programs

setup_file() {
	[ -x "${BIVY_BUILD:-}/bivy-builder" ] || skip "missing: bivy-builder in this build"
	engine_setup_file
}

# built ARGUMENT…: `bivy build` that succeeds, told line by line; `steps` is how many were done, not taken from the cache.
built() {
	local line
	declare -A title=()
	run bivy build --progress plain "$@"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
	steps=0
	for line in "${lines[@]}"; do
		[[ ! $line =~ ^(#[0-9]+)\ \[.*\]\ (RUN|COPY|ADD|WORKDIR) ]] || title[${BASH_REMATCH[1]}]=yes
		[[ ! $line =~ ^(#[0-9]+)\ DONE || -z ${title[${BASH_REMATCH[1]}]-} ]] || steps=$((steps + 1))
	done
}

# refused ARGUMENT…: `bivy build` that fails with 1.
refused() { run -1 bivy build --progress plain "$@"; }

# told COMMAND…: prints what the command says in a container of the image `it`.
told() { bivy run --rm --network none --pull never it "$@"; }

# described FILTER [IMAGE]: prints what jq finds in what `image inspect` says.
described() { bivy image inspect "${2:-it}" | jq -rc ".[0]$1"; }

@test "RUN in all forms, and what it sees of ARG, ENV, SHELL, USER and WORKDIR" {
	cat >Dockerfile <<-'END'
		# escape=`
		ARG TOP=top
		FROM busybox
		ARG TOP
		ARG OWN=own
		ARG GIVEN=x
		ENV KEPT=$OWN-$TOP `
		    GIVEN_TOO=${GIVEN:+yes}
		RUN echo "$OWN $TOP $GIVEN $KEPT $GIVEN_TOO" >/out; `
		    pwd >>/out
		RUN ["sh", "-c", "echo \"exec $KEPT\" >>/out"]
		WORKDIR /w
		WORKDIR x/y
		USER user
		SHELL ["/bin/sh", "-e", "-c"]
		RUN id -u >w || true; test ! -e w
		USER 0:0
		RUN <<MANY
		pwd >>/out
		id -un >>/out
		MANY
		RUN <<-'QUOTED' cat >>/out
			$OWN
			QUOTED
		RUN <<SCRIPT
		#!/bin/awk -f
		BEGIN { print "awk" >>"/out" }
		SCRIPT
	END
	built --build-arg GIVEN=given -t it .
	run told cat /out
	assert_equal $'own top given own-top yes\n/\nexec own-top\n/w/x/y\nroot\n$OWN\nawk' "$output"
	assert_equal '["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","KEPT=own-top","GIVEN_TOO=yes"]' "$(described .Config.Env)"
}

@test "what was done is not done again, only what its input changes" {
	echo 1 >a; echo 1 >b; echo 1 >ignored
	printf '%s\n' 'ignored' '*.log' '!kept.log' >.dockerignore
	printf '%s\n' 'FROM busybox AS one' 'COPY a /' 'FROM busybox' 'ARG V' 'COPY b kept.log* /d/' 'COPY --from=one /a /' 'RUN cat a d/b >c; echo $V' >Dockerfile
	built --iidfile id1 --build-arg V=1 -t it .
	assert_equal 4 "$steps" "all steps"
	touch a b; echo 2 >ignored
	built --iidfile id2 --build-arg V=1 -t it .
	assert_equal 0 "$steps" "steps of the second"
	[ "$(cat id1)" = "$(cat id2)" ]
	echo 2 >a
	built --build-arg V=1 -t it .
	assert_equal 3 "$steps" "after a change of a"
	run told cat /c
	assert_equal $'2\n1' "$output"
	built --build-arg V=2 -t it .
	assert_equal 1 "$steps" "after a change of V"
	built --build-arg V=2 --no-cache-filter one -t it .
	assert_equal 1 "$steps" "with --no-cache-filter"
	# What comes of another stage is known by what it is, also from a build that has looked for nothing.
	echo 3 >a
	built --build-arg V=2 --no-cache -t it .
	assert_equal 4 "$steps" "with --no-cache"
	sed -i '2a RUN echo else >/else' Dockerfile
	built --build-arg V=2 -t it .
	assert_equal 1 "$steps" "after the stage got something else"
}

@test "the image's configuration is what the instructions say" {
	cat >Dockerfile <<-'END'
		FROM busybox
		MAINTAINER someone
		ENV A="b c" D=$PATH
		LABEL one=1 "two words"="2 words" three='$A'
		EXPOSE 80 53/udp 8000-8001
		VOLUME /v /not
		VOLUME ["/x y", "/z"]
		USER user:wheel
		WORKDIR /tmp
		STOPSIGNAL SIGUSR1
		HEALTHCHECK --interval=1m30s --timeout=2s --start-period=1s --start-interval=500ms --retries=4 CMD test -e /ok
		SHELL ["/bin/sh", "-ec"]
		ENTRYPOINT ["/bin/sh", "-c", "echo $0 $@"]
		CMD one 'two three'
		ONBUILD RUN echo triggered >/tmp/onbuild
		ONBUILD COPY . /tmp/
	END
	built --label two=2 --label one=one -t it -t other:1 .
	[ "$(described .Id)" = "$(described .Id other:1)" ]
	assert_equal someone "$(described .Author)"
	assert_equal '{"one":"one","three":"$A","two":"2","two words":"2 words"}' "$(described '.Config.Labels | to_entries | sort_by(.key) | from_entries')"
	assert_equal '["53/udp","80/tcp","8000/tcp","8001/tcp"]' "$(described '.Config.ExposedPorts | keys')"
	assert_equal '["/not","/v","/x y","/z"]' "$(described '.Config.Volumes | keys')"
	assert_equal '["user:wheel","/tmp","SIGUSR1",["/bin/sh","-ec"],["/bin/sh","-c","echo $0 $@"],["/bin/sh","-ec","one '"'two three'"'"]]' \
		"$(described '.Config | [.User, .WorkingDir, .StopSignal, .Shell, .Entrypoint, .Cmd]')"
	assert_equal '[["CMD-SHELL","test -e /ok"],90000000000,2000000000,1000000000,500000000,4]' \
		"$(described '.Config.Healthcheck | [.Test, .Interval, .Timeout, .StartPeriod, .StartInterval, .Retries]')"
	assert_equal '["RUN echo triggered >/tmp/onbuild","COPY . /tmp/"]' "$(described .Config.OnBuild)"
	# The triggers are done by whoever builds on it, once.
	printf '%s\n' 'FROM other:1' 'HEALTHCHECK NONE' 'ENTRYPOINT []' 'CMD ["cat", "/tmp/onbuild"]' >next
	built -f next -t it .
	assert_equal '[null,["NONE"],null,"/tmp"]' "$(described '.Config | [.OnBuild, .Healthcheck.Test, .Entrypoint, .WorkingDir]')"
	assert_equal triggered "$(bivy run --rm --network none it)"
}

@test "COPY: what is copied where, whose it is, and what it keeps" {
	mkdir -p tree/sub/deep tree/empty
	echo a >tree/a.txt; echo b >tree/sub/b.txt; echo c >tree/sub/deep/c.md
	ln -s a.txt tree/link; ln tree/a.txt tree/hard; chmod 750 tree/sub; chmod 4755 tree/sub/b.txt
	cat >Dockerfile <<-'END'
		FROM busybox AS from
		RUN mkdir -p /f/g; echo g >/f/g/h; ln -s g /f/l; chown -R 7:8 /f
		FROM busybox
		COPY tree /all
		COPY tree/*.txt tree/sub /flat/
		COPY --chown=user:audio --chmod=u=rwX,go=rX tree/sub /owned
		COPY --chown=5 --chmod=600 tree/a.txt /five
		COPY --parents tree/./sub/*/c.md /parents/
		COPY --exclude=**/*.md --exclude=a* tree /less
		COPY --from=from --link /f /linked
		COPY --from=from /f/l /through/
		COPY --from=busybox /etc/passwd /etc/passwd2
		RUN mkdir /real && ln -s real /to
		COPY tree/a.txt /to/
		COPY <<one <<-"two" /here/
		$PATH
		one
			$PATH
			two
		WORKDIR /work
		COPY tree/a.txt .
		COPY ["tree/a.txt", "with space"]
	END
	built -t it .
	run told sh -c 'cd "$0"; for i; do stat -c "%n %A %u:%g %h" "$i"; done' / all all/empty all/sub all/sub/b.txt all/hard all/link flat/a.txt flat/b.txt flat/deep/c.md \
		owned owned/b.txt five parents/sub/deep/c.md linked/g/h linked/l through/h real/a.txt to here/one work/a.txt
	assert_equal "all drwxr-xr-x 0:0 4
all/empty drwxr-xr-x 0:0 2
all/sub drwxr-x--- 0:0 3
all/sub/b.txt -rwsr-xr-x 0:0 1
all/hard -rw-r--r-- 0:0 2
all/link lrwxrwxrwx 0:0 1
flat/a.txt -rw-r--r-- 0:0 1
flat/b.txt -rwsr-xr-x 0:0 1
flat/deep/c.md -rw-r--r-- 0:0 1
owned drwxr-xr-x 1000:29 3
owned/b.txt -rwxr-xr-x 1000:29 1
five -rw------- 5:5 1
parents/sub/deep/c.md -rw-r--r-- 0:0 1
linked/g/h -rw-r--r-- 7:8 1
linked/l lrwxrwxrwx 7:8 1
through/h -rw-r--r-- 7:8 1
real/a.txt -rw-r--r-- 0:0 1
to lrwxrwxrwx 0:0 1
here/one -rw-r--r-- 0:0 1
work/a.txt -rw-r--r-- 0:0 1" "$output"
	run told sh -c 'cat /here/*; ls /less /less/sub/deep /work; readlink /linked/l; cmp /etc/passwd /etc/passwd2'
	assert_equal '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
$PATH
/less:
empty
hard
link
sub

/less/sub/deep:

/work:
a.txt
with space
g' "$output"
}

@test "ADD: archives are unpacked, unless not asked for" {
	mkdir -p in/d; echo x >in/d/f; chmod 640 in/d/f
	tar cf plain.tar -C in . --owner=3 --group=4; gzip -k plain.tar; xz -k plain.tar; echo no >not.tar
	cat >Dockerfile <<-'END'
		FROM busybox
		ADD plain.tar /1/
		ADD plain.tar.gz plain.tar.xz not.tar /2/
		ADD --unpack=false plain.tar /3/
		ADD --chown=9:9 plain.tar.gz /4
		COPY plain.tar /5/
	END
	built -t it .
	run told sh -c 'stat -c "%n %A %u:%g" /1/d/f /2/d/f /3/* /4/d/f /5/*; ls /2'
	assert_equal '/1/d/f -rw-r----- 3:4
/2/d/f -rw-r----- 3:4
/3/plain.tar -rw-r--r-- 0:0
/4/d/f -rw-r----- 3:4
/5/plain.tar -rw-r--r-- 0:0
d
not.tar' "$output"
}

@test "mounts of RUN, of which nothing stays" {
	echo from-context >file; mkdir sub; echo secret-words >secret
	cat >Dockerfile <<-'END'
		FROM busybox AS other
		RUN echo from-other >/o
		FROM busybox
		RUN --mount=type=bind,target=/ctx --mount=from=other,source=/o,target=/o,rw cat /ctx/file /o >/out; ! touch /ctx/x; echo w >/o; ln -s tmp /l
		RUN --mount=type=tmpfs,target=/t,size=1m --mount=type=tmpfs,target=/l/t touch /t/x && grep -c " /t tmpfs.*size=1024k" /proc/mounts >>/out
		RUN --mount=type=cache,id=c,target=/c,uid=3,mode=700 stat -c "%u %a" /c >>/out; cat /c/n >>/out; echo again >/c/n
		RUN --mount=type=cache,id=c,target=/c,readonly cat /c/n >>/out; ! touch /c/x
		RUN --mount=type=secret,id=s --mount=type=secret,id=e,env=SECRET,required cat /run/secrets/s >/dev/null && [ ${#SECRET} -eq 14 ] && ! [ -e /run/secrets/e ]
		RUN --mount=type=secret,id=s,target=/k/s,mode=0440,uid=1 stat -c "%a %u" /k/s >>/out
		RUN --network=none [ "$(ls /sys/class/net)" = lo ]
	END
	V=variable-words built --secret id=s,src=secret --secret id=e,env=V -t it .
	# Another that builds finds what is in the cache; what it writes there is no part of what is looked up.
	run told sh -c 'cat /out; ls -d /ctx /o /t /c /tmp/t /run/secrets /k 2>/dev/null'
	assert_equal $'from-context\nfrom-other\n1\n3 700\nagain\n440 1' "$output"
	look() { if is_user; then bivy system enter "$@"; else "$@"; fi; }
	run -1 look grep -rlE 'secret-words|variable-words' "$SCRATCH/root"
	refused --no-cache .
	assert_has "bivy: Dockerfile:8: RUN: the step needs the secret 'e', which was not given"
	assert_equal "hint: --secret id=e,src=FILE" "${lines[-1]}"
}

@test "RUN --mount=type=ssh: the agent answers, though it talks to root alone" {
	user_lacks "an agent that talks to root alone"
	cp "$(test_program probe)" probe
	"$PYTHON" "$TESTS_DIR/lib/helper.py" agent "$PWD/agent" 3>&- &
	TEST_PIDS+=($!)
	wait_for test -S agent
	cat >Dockerfile <<-'END'
		FROM busybox
		RUN --mount=target=/c --mount=type=ssh [ "$SSH_AUTH_SOCK" = /run/buildkit/ssh_agent.0 ]; \
			words=$(printf "size\\013"; head -c 100000 /dev/zero | tr "\0" x); [ "$(/c/probe unix $SSH_AUTH_SOCK $words)" = "as 0: $words" ]
		RUN --mount=target=/c --mount=type=ssh,id=b,target=/a,uid=1000,mode=0640,required stat -c "%F %a %u" /a >out; \
			for i in 1 2 3; do /c/probe unix /a $i & done >>out; wait
		RUN --mount=type=ssh,id=none,target=/a ! [ -e /a ]; [ -z "$SSH_AUTH_SOCK" ]
	END
	SSH_AUTH_SOCK=$PWD/agent built --ssh default --ssh "b=$PWD/agent" -t it .
	assert_equal $'as 0: 1\nas 0: 2\nas 0: 3\nsocket 640 1000' "$(told sort out)"
	run -1 told ls /run/buildkit /a
	refused --no-cache --ssh default="$PWD/probe" .
	assert_has "bivy: --ssh default: '$PWD/probe' is neither the socket of an agent nor a key without passphrase"
	[[ ${lines[-1]} == "hint: 'ssh-add "* ]]
	refused --no-cache --ssh default="$PWD/agent" .
	assert_equal "hint: --ssh b=SOCKET" "${lines[-1]}"
}

@test "--ssh with files of keys: an agent of the build's own has them, and goes with it" {
	require_program ssh-agent openssh-client
	ssh-keygen -q -t ed25519 -N '' -C first -f one
	ssh-keygen -q -t ed25519 -N '' -C second -f two
	ssh-keygen -q -t ed25519 -N secret -C third -f locked
	chmod 644 one
	printf 'FROM busybox\nRUN --mount=type=ssh,id=k,required sleep 1000\n' >Dockerfile
	"$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" build --progress quiet --ssh k=one,two -t it . 3>&- &
	builder=$!
	TEST_PIDS+=("$builder")
	socket_of() { socket=$(find "$SCRATCH/root/build/work" -name agent -type s | head -n 1); [ -n "$socket" ]; }
	asks() { socket_of && SSH_AUTH_SOCK=$socket ssh-add -l >keys 2>&1 && [ "$(wc -l <keys)" -eq 2 ]; }
	wait_for asks
	grep -q first keys && grep -q second keys
	agent=$(pgrep -P "$builder" -x ssh-agent)
	# Who decodes what the step asks can do little else.
	grep -l $'^CapEff:\t0000000000000002' $(for child in $(pgrep -P "$builder"); do pgrep -P "$child" | sed 's:.*:/proc/&/status:'; done) >relays
	run grep -hE '^(NoNewPrivs|Seccomp):' "$(head -n 1 relays)"
	assert_output $'NoNewPrivs:\t1\nSeccomp:\t2'
	kill -9 "$builder"
	gone() { ! kill -0 "$agent" 2>/dev/null; }
	wait_for gone
	printf 'FROM busybox\nRUN --mount=type=ssh,id=k,required [ -S "$SSH_AUTH_SOCK" ]\n' >Dockerfile
	# What was killed may still be ending, and has its directory until then.
	swept() { built --ssh k=two -t it . && [ -z "$(find "$SCRATCH/root/build/work" -name agent)" ]; }
	wait_for swept
	refused --ssh k=locked .
	assert_has "bivy: --ssh k: '$PWD/locked' is neither the socket of an agent nor a key without passphrase"
	[[ ${lines[-1]} == "hint: 'ssh-add "* ]]
	refused --ssh k=two,gone .
	assert_has "bivy: --ssh k: cannot read '$PWD/gone': no such file or directory"
}

@test "--secret: a file that is not there is told of before anything is done" {
	printf 'FROM no-such-image\nRUN true\n' >Dockerfile
	refused --secret id=token,src=none .
	assert_has "bivy: secret 'token': cannot read '$PWD/none': no such file or directory"
}

@test "a base that is here for another platform, and cannot be pulled for this one" {
	printf 'FROM scratch\nCOPY Dockerfile /\n' >Dockerfile
	bivy build -q --platform linux/s390x -t 127.0.0.1:1/base . >/dev/null
	printf 'FROM 127.0.0.1:1/base\n' >Dockerfile
	refused --platform linux/arm64 .
	[[ $output = *$'\n'"bivy: Dockerfile:1: "*"127.0.0.1:1/base"*$'\n'"hint: the image '127.0.0.1:1/base' is here for linux/s390x, not for linux/arm64" ]]
	refused --platform linux/arm64 --pull=never .
	assert_has "the image '127.0.0.1:1/base' is here for linux/s390x, not for linux/arm64"
	bivy rmi 127.0.0.1:1/base >/dev/null
}

@test "stages: only those that are needed, by name, number, target" {
	cat >Dockerfile <<-'END'
		FROM busybox AS a
		RUN echo a >/a
		FROM a AS b
		RUN echo b >/b; mkdir /tmp/d
		FROM busybox AS unused
		RUN false
		FROM scratch
		COPY --from=0 /a /
		COPY --from=b /b /tmp/d /d/
	END
	built -t it .
	assert_equal 2 "$(described '.RootFS.Layers | length')"
	bivy save it | tar x
	assert_equal $'a\nd/\nd/b' "$(for blob in blobs/sha256/*; do tar tf "$blob" 2>/dev/null || true; done | sort)"
	built --target a -t it .
	assert_equal 0 "$steps"
	assert_equal a "$(told cat /a)"
	refused --target unused .
	assert_has "'RUN false' did not complete successfully: exit code 1"
	refused --target c .
	assert_has "bivy: "
	printf '%s\n' 'FROM busybox AS build' 'FROM scratch' 'COPY --from=buidl /a /' >wrong
	refused -f wrong .
	[[ $output = *"> 3 | COPY --from=buidl /a /"*$'\n'"bivy: wrong:3: cannot pull 'buidl:latest': "*$'\n'"hint: did you mean the stage 'build'?" ]]
	run bivy build --call targets .
	assert_equal $'TARGET                   BASE\na                        busybox\nb                        a\nunused                   busybox\n3                        scratch  (default)' "$output"
}

@test "a step that fails is shown, and nothing is left of it" {
	printf '%s\n' 'FROM busybox' 'RUN echo before; \' '  echo words >&2; exit 3' >Dockerfile
	refused -t failed .
	[[ $output = *"> 2 | RUN echo before; \\"* && $output =~ ' before'.*' words' ]]
	[[ ${lines[-1]} = "bivy: Dockerfile:2: 'RUN echo before;   echo words >&2; exit 3' did not complete successfully: exit code 3"* || ${lines[-1]} = hint:* ]]
	run -1 bivy image inspect failed
	touch file.txt; printf '%s\n' 'FROM busybox' 'COPY fil.txt /' >Dockerfile
	refused .
	[[ $output = *$'\n'"bivy: Dockerfile:2: COPY: there is no 'fil.txt'"$'\n'"hint: did you mean 'file.txt'?" ]]
	printf '%s\n' 'FROM busybox' 'COPPY a /' >Dockerfile
	refused .
	[[ $output = *$'\n'"bivy: Dockerfile:2: unknown instruction 'COPPY'"$'\n'"hint: did you mean COPY?" ]]
	refused nowhere
	assert_equal "bivy: cannot use the context 'nowhere': no such file or directory" "${lines[0]}"
	echo 'no program' >sh; printf '%s\n' 'FROM scratch' 'COPY --chmod=755 sh /bin/' 'RUN true' >Dockerfile
	refused --platform linux/s390x .
	[[ $output = *$'\n'"bivy: Dockerfile:3: RUN for linux/s390x: cannot execute \"/bin/sh\": exec format error"$'\n'"hint: this machine has no emulator: "* ]]
	printf '%s\n' 'FROM busybox' 'RUN --security=insecure true' >Dockerfile
	refused .
	[[ $output = *$'\n'"hint: '--allow security.insecure' allows it" ]]
	printf '%s\n' 'FROM busybox' 'RUN --network=host true' >Dockerfile
	refused .
	[[ $output = *$'\n'"hint: '--allow network.host' allows it" ]]
	[ -z "$(ls -A "$SCRATCH/root/build/work" "$SCRATCH/root/containers" "$SCRATCH/run/containers" | grep -v -e ':$' -e '^$')" ]
	[ -z "$(bivy ps -aq)" ]
}

@test "contexts: the standard input, other files, named ones" {
	mkdir c named; echo c >c/f; echo n >named/f
	printf '%s\n' 'FROM busybox' 'COPY f /f' >c/Dockerfile
	tar c -C c . | gzip | bivy build -q -t it - >id
	assert_equal c "$(told cat /f)"
	printf '%s\n' 'FROM base' 'COPY --from=other f /f' >third
	built -f third --build-context other=named --build-context base=docker-image://busybox -t it c
	assert_equal n "$(told cat /f)"
	printf 'FROM busybox\nRUN echo alone >/f\n' | bivy build -q -t it -
	assert_equal alone "$(told cat /f)"
	printf 'FROM busybox\nCOPY f /f\n' | bivy build -q -t it -f - c
	assert_equal c "$(told cat /f)"
}

@test "limits, hosts and mounts of steps" {
	mkdir v; echo v >v/f
	cat >Dockerfile <<-'END'
		FROM busybox
		RUN ulimit -n >/out; sed -n "s|.* /dev/shm .*size=\([0-9a-z]*\).*|\1|p" /proc/mounts >>/out; \
			grep -c "10.1.2.3.*thing" /etc/hosts >>/out; cat /v/f >>/out; ls /sys/class/net >>/out; ! touch /v/x
	END
	built --ulimit nofile=123:456 --shm-size 2m --add-host thing:10.1.2.3 -v "$PWD/v:/v:ro" -m 64m --network none -t it .
	assert_equal $'123\n2048k\n1\nv\nlo' "$(told sh -c 'cat /out; ls -d /v 2>/dev/null')"
	printf '%s\n' 'FROM busybox' 'RUN x=12345678; while :; do x=$x$x; done' >Dockerfile
	refused -m 16m --memory-swap 16m --network none .
	[[ $output = *": exit code 137"$'\n'"hint: it ran out of memory: --memory "* ]]
}

@test "builder du and prune, system df and prune: what builds keep, and what is too much" {
	bivy builder prune -af >/dev/null # what other tests have left
	printf '%s\n' 'FROM busybox AS one' 'RUN --mount=type=cache,id=kept,target=/c head -c 20000 /dev/zero | tee /c/x >/big' 'FROM busybox' 'ARG V=1' \
		'COPY a /' 'RUN echo $V >/v' >Dockerfile
	echo 1 >a
	built --target one --iidfile one .
	built -t it .
	run -0 bivy system df --format '{{.Type}} {{.Active}} {{.Size}}'
	[[ $output =~ 'Build Cache 0 '[1-9] ]]
	run -0 bivy builder du --filter type=exec.cachemount --format '{{.ID}} {{.InUse}} {{.Shared}}'
	assert_equal "kept false false" "$output"
	run -0 bivy builder du --filter description=big --format '{{.Size}} {{.Shared}}'
	assert_equal "20kB true" "$output"
	run -0 bivy builder du --filter description=big --verbose
	assert_has $'Shared:\t\ttrue' $'Type:\t\tregular'
	bivy rmi "$(<one)" >/dev/null
	# Its blob stays for the next archive.
	run -0 bivy builder du --filter private --filter type=regular --filter description=big --format '{{.Size}}'
	[[ $output =~ ^20\.[0-9]+kB$ ]]
	# By itself at the end of a build: what was not used for longest, and what is of no use.
	export XDG_CONFIG_HOME=$PWD
	mkdir bivy
	echo '{"gc":{"maxUsedSpace":"30k","minFreeSpace":0,"reservedSpace":0}}' >bivy/build.json
	rm -f "$SCRATCH"/root/build/collected
	touch -d '1 hour ago' "$SCRATCH"/root/build/mounts/kept # not in the same second as its step
	built --build-arg V=2 -t it .
	run -0 bivy builder du --filter type=exec.cachemount --format '{{.ID}}'
	assert_equal "" "$output"
	run -0 bivy builder du --filter description=big --format '{{.Size}}'
	[[ $output =~ ^20\.[0-9]+kB$ ]]
	echo '{"gc":{"unused":"3h"}}' >bivy/build.json
	built --build-arg V=3 -t it .
	assert_has "the build cache may become larger than it should: $PWD/bivy/build.json: gc.unused: there is no such setting"
	# By hand; what images have stays, and is found by the next build.
	run -0 bivy builder prune -f --max-used-space 1g --min-free-space 1
	assert_equal $'Total:\t0B' "$output"
	run -0 bivy builder prune -f --filter description=big
	[[ ${lines[-1]} =~ ^Total:.20\.[0-9]+kB$ ]]
	run -0 bivy system prune -f
	assert_has "Deleted build cache objects:"
	built --build-arg V=3 -t it .
	assert_equal 0 "$steps" "after all that no image has was removed"
	bivy builder prune -af >/dev/null
	assert_equal "" "$(find "$SCRATCH/root/build" -mindepth 2 ! -path '*/results/*')"
	bivy system check
}

@test "--check tells of mistakes, with docker's names" {
	printf '%s\n' 'from busybox as X' 'MAINTAINER me' 'CMD echo hi' >Dockerfile
	refused --check .
	assert_equal "ConsistentInstructionCasing StageNameCasing MaintainerDeprecated JSONArgsRecommended" "$(sed -n 's/^WARNING: \([A-Za-z]*\) - .*/\1/p' <<<"$output" | xargs)"
	refused --build-arg BUILDKIT_DOCKERFILE_CHECK=error=true --progress plain .
	[[ $output == *'JSONArgsRecommended'*'which the build argument BUILDKIT_DOCKERFILE_CHECK makes errors'* && $output != *'exporting'* ]]
	printf '%s\n' '# check=error=true' 'FROM busybox' 'MAINTAINER me' 'RUN echo never' >Dockerfile
	refused --progress plain .
	[[ $output == *'MaintainerDeprecated'* && $output != *'RUN echo never'*'DONE'* ]]
	bivy build --build-arg BUILDKIT_DOCKERFILE_CHECK=skip=all --progress quiet .
	printf '%s\n' 'FROM busybox' 'CMD ["echo"]' >Dockerfile
	assert_equal "Check complete, no warnings found." "$(bivy build --check .)"
}
