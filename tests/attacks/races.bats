# Containers that change their files while commands work on them: volumes, copies, exports, health checks, exec. `cp` of both ways is in
# tests/cve/CVE-2018-15664; what the runtime does with mounts that race is in tests/cve, too.

bats_require_minimum_version 1.5.0
load lib/rows
load lib/strangers

# How often an attack is tried.
ROUNDS=${ROUNDS:-8}

setup_file() { strangers_setup_file; }

setup() {
	strangers_setup
	mkdir tools
	cp "$(test_program exchange)" "$(test_program overwrite)" tools || skip "missing: a C compiler for the test programs"
}

# attacker NAME DIR [OPTION…]: a container that alternates DIR/race between a directory, with the file `inner`, and a link to CANARY.
attacker() {
	bivy run -d --name "$1" --network none -v "$PWD/tools:/tools:ro" "${@:3}" busybox sh -c "mkdir -p $2/race && echo inner >$2/race/file &&
		ln -s '$CANARY' $2/link && touch /ready && exec /tools/exchange 60 $2/race $2/link" >/dev/null
	wait_for bivy exec "$1" test -e /ready
}

# leads_to_host PATH: who goes by name is led to the host, now and then.
leads_to_host() {
	local i
	for ((i = 0; i < 4000; i++)); do
		[ "$(cat "$1" 2>/dev/null)" != "of the host" ] || return 0
	done
	fail "no attack: by name it never leads to the host"
}

# ---------------------------------------------------------------- volumes

@test "a subpath of a volume that alternates with a link (CVE-2021-25741)" {
	bivy volume create shared >/dev/null
	attacker evil /data -v shared:/data
	leads_to_host "$(bivy volume inspect -f '{{.Mountpoint}}' shared)/race/file"
	local i seen=0
	# Some come to the mount; on a busy machine few do.
	for ((i = 0; i < ROUNDS || (i < 20 * ROUNDS && !seen); i++)); do
		run bivy run --rm --network none --mount type=volume,src=shared,dst=/x,volume-subpath=race busybox sh -c 'cat /x/file; touch /x/new; ls /x/dir'
		[[ $output != *"of the host"* && $output != *$'\ninner'* ]] || fail "HIT: the host's directory is in the container:" "$output"
		[[ $output != inner* ]] || seen=1
	done
	assert_canary
	((seen)) || fail "no attack: it never comes to the mount"
	row "a subpath of a volume that alternates with a link to the host (CVE-2021-25741)" "part of a mount beneath its root, by descriptor" "by name it leads to the host now and then"
}

@test "a subpath of a volume that is a link, of an image, with .." {
	bivy volume create linked >/dev/null
	bivy run --rm --network none -v linked:/data busybox sh -c "ln -s '$CANARY' /data/link; ln -s ../../../../../../../../..$CANARY /data/up" >/dev/null
	printf 'FROM busybox\nRUN ln -s %s /link\n' "$CANARY" | bivy build -q -t linked -f - tools >/dev/null
	local mount
	for mount in type=volume,src=linked,volume-subpath=link type=volume,src=linked,volume-subpath=up type=volume,src=linked,volume-subpath=../../canary \
		type=volume,src=linked,volume-subpath=link/dir type=image,src=linked,image-subpath=link type=image,src=linked,image-subpath=../../canary; do
		run bivy run --rm --network none --mount "$mount,dst=/x" busybox cat /x/file /x/inner
		[ "$status" -ne 0 ] || fail "HIT: mounted: $mount" "$output"
		[[ $output != *"of the host"* ]] || fail "HIT: $mount" "$output"
	done
	assert_canary
	grep -q "of the host" "$(bivy volume inspect -f '{{.Mountpoint}}' linked)/link/file" || fail "no attack"
	row "subpaths of volumes and images that are links, that have .." "part of a mount beneath its root" "by name the link leads to the host"
}

@test "a volume filled from an image whose directory is a link to the host; mounts on such a link" {
	printf 'FROM busybox\nRUN ln -s %s /data && ln -s %s/file /one\n' "$CANARY" "$CANARY" | bivy build -q -t linked -f - tools >/dev/null
	run bivy run --rm --network none -v filled:/data linked sh -c 'ls -R /data; cat /data/file'
	[[ $output != *"of the host"* ]] || fail "HIT: the volume has the host's files:" "$output"
	[ ! -e "$(bivy volume inspect -f '{{.Mountpoint}}' filled)/file" ] || fail "HIT: the volume has the host's files"
	mkdir given
	echo evil >given/file
	run bivy run --rm --network none -v "$PWD/given:/data" -v "$PWD/given/file:/one" --tmpfs /data/dir linked cat /data/file /one
	assert_canary
	! grep -q " $CANARY" /proc/self/mountinfo || fail "HIT: mounted on the host's directory: $(grep " $CANARY" /proc/self/mountinfo)"
	[ -e "$(find "$SCRATCH"/root/images/layers/*/diff -maxdepth 1 -name data -type l | head -1)/file" ] || fail "no attack: by name the link leads nowhere"
	row "images whose mount points are links to the host's files (volumes filled, binds, tmpfs)" "paths end in the container's root" "by name the link leads to the host"
}

# ---------------------------------------------------------------- copies

@test "export, commit, diff, cp -a of a tree that alternates with links to the host" {
	attacker evil /
	leads_to_host "/proc/$(bivy inspect -f '{{.State.Pid}}' evil)/root/race/file"
	local i
	for ((i = 0; i < ROUNDS / 2; i++)); do
		bivy export -o out.tar evil || true
		! tar xOf out.tar 2>/dev/null | grep -aq "of the host" || fail "HIT: exported"
		run bivy diff evil
		[[ $output != *"$CANARY"* && $output != */race/dir* ]] || fail "HIT: listed:" "$output"
		rm -rf copied
		mkdir copied
		bivy cp -a -q evil:/. copied 2>/dev/null || true
		! grep -arqs --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev "of the host" copied || fail "HIT: copied"
	done
	bivy commit evil committed >/dev/null
	[ "$(bivy run --rm --network none committed sh -c 'cat /race/file /link/file 2>/dev/null')" = inner ] || fail "HIT: committed"
	assert_canary
	row "export, commit, diff and cp of a tree in which a directory alternates with a link to the host" "each step by descriptor, links not followed" "by name it leads to the host now and then"
}

@test "cp and export of fifos, of devices, of what never ends" {
	bivy run -d --name one --network none busybox sh -c 'mkdir /odd && mkfifo /odd/fifo && mknod /odd/zero c 1 5; ln -s /dev/zero /odd/link; touch /ready; sleep 100' >/dev/null
	wait_for bivy exec one test -e /ready
	run -124 timeout 0.3 bash -c "cat /proc/$(bivy inspect -f '{{.State.Pid}}' one)/root/odd/fifo" # who opens it waits
	local path
	for path in fifo zero link .; do
		rm -rf out
		run timeout -k 5 "$(slow 20)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" cp -q "one:/odd/$path" out
		[ "$status" -ne 124 ] || fail "HIT: cp of $path does not end"
		[ ! -e out ] || [ "$(du -sk out | cut -f1)" -lt 100 ] || fail "HIT: cp of $path has $(du -sk out)"
	done
	timeout -k 5 "$(slow 20)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" export -o out.tar one || fail "HIT: export does not end"
	[ "$(stat -c %s out.tar)" -lt 20000000 ]
	row "cp and export of fifos and of /dev/zero" "they are archived as what they are, not opened" "who opens the fifo waits"
}

# ---------------------------------------------------------------- users

@test "users are looked up in files that never end, wait, or lead out" {
	local kind
	is_ready() { bivy logs one 2>&1 | grep -q ready; }
	for kind in "mkfifo /etc/passwd" "ln -s /dev/zero /etc/passwd" "mknod /etc/passwd c 1 5" "ln -s /proc/self/fd/0 /etc/passwd" "ln -s passwd /etc/passwd" "dd if=/dev/zero of=/etc/passwd bs=1M seek=4000 count=1" \
		"ln -s $CANARY/passwd /etc/passwd" "mkfifo /etc/group"; do
		bivy run -d --name one --network none busybox sh -c "rm -f /etc/passwd /etc/group; $kind; echo ready; sleep 100" >/dev/null
		wait_for is_ready
		echo "canary:x:0:0::/:/bin/sh" >"$CANARY/passwd"
		run timeout -k 5 "$(slow 20)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" exec -u canary:audio one id
		[[ $status -ne 0 && $status -ne 124 ]] || fail "HIT: $kind: $status" "$output"
		rm "$CANARY/passwd"
		bivy rm -f one >/dev/null
	done
	row "exec --user where /etc/passwd is a fifo, a device, of 4 GB, a link to itself or to the host's" "users' files beneath the root, files alone, bounded" "each of them is there when it is read"
}

# ---------------------------------------------------------------- processes that join

@test "exec: working directories that are descriptors of the host (CVE-2024-21626)" {
	bivy run -d --name one --network none busybox sleep 100 >/dev/null
	local fd
	for fd in {3..24}; do
		run bivy exec -w "/proc/self/fd/$fd" one cat "../../../../../../../..$CANARY/file"
		[[ $output != *"of the host"* ]] || fail "HIT: by descriptor $fd"
	done
	run bivy exec -w "/proc/1/cwd/../../../..$CANARY" one cat file
	[[ $output != *"of the host"* ]] || fail "HIT: by /proc/1/cwd"
	# A descriptor of the host's that is there leads out.
	exec 9<"$CANARY"
	[ "$(cd /proc/self/fd/9 && cat file)" = "of the host" ] || fail "no attack"
	exec 9<&-
	row "exec --workdir /proc/self/fd/N (CVE-2024-21626)" "no descriptor is inherited; the directory is checked" "by a descriptor of the host's the file is read"
}

@test "exec: a working directory that alternates with a link to a descriptor" {
	bivy run -d --name evil --network none -v "$PWD/tools:/tools:ro" busybox sh -c "mkdir /race && ln -s /proc/self/fd/7 /link && touch /ready && exec /tools/exchange 60 /race /link" >/dev/null
	wait_for bivy exec evil test -e /ready
	local i done=
	for ((i = 0; i < ROUNDS * 2; i++)); do
		run bivy exec -w /race evil sh -c "cat ../../../../../..$CANARY/file; echo came"
		[[ $output != *"of the host"* ]] || fail "HIT: $output"
		[[ $output != *came* ]] || done=1
	done
	[ -n "$done" ] || fail "no attack: nothing was executed"
	row "exec --workdir where it alternates with a link to /proc/self/fd/7" "no descriptor is inherited; the directory is checked" "half of them begin in the directory"
}

@test "health checks: a shell that is /proc/self/exe, and who watches for our executable (CVE-2019-5736)" {
	local copy=$WORK/own-runtime before
	mkdir "$copy"
	cp "$BIVY_RUNTIME" "$copy/bivy-runtime"
	before=$(sha256sum <"$copy/bivy-runtime")
	BIVY_RUNTIME=$copy/bivy-runtime bivy run -d --name evil --network none --userns host --cap-add DAC_OVERRIDE --cap-add SYS_ADMIN -v "$PWD/tools:/tools:ro" --health-cmd /bin/script \
		--health-interval 50ms busybox sh -c "printf '#!/proc/self/exe\n' >/bin/script; chmod 755 /bin/script; exec /tools/overwrite 4" >/dev/null
	local pid
	pid=$(bivy inspect -f '{{.State.SupervisorPid}}' evil)
	[ "/proc/$pid/exe" -ef "$copy/bivy-runtime" ] || fail "no attack: it is not executed from here"
	BIVY_RUNTIME=$copy/bivy-runtime bivy exec evil /bin/script >/dev/null 2>&1 || true
	bivy wait evil >told
	[ "$(sha256sum <"$copy/bivy-runtime")" = "$before" ] || fail "HIT: our program was overwritten"
	bivy logs evil 2>&1 | grep -q 'foreign executables: ' || fail "no attack: it has not run: $(bivy logs evil)"
	row "a health check that executes /proc/self/exe, and a process that overwrites what it finds there (CVE-2019-5736)" "the program is executed from where it cannot be written" "with a careless runtime it is (tests/cve/proof)"
}
