# Hostile containers: what runtimes and engines have had numbers for, through the whole engine. tests/cve does the same to the
# runtime alone, with more variants, and shows in proof.bats that a careless one falls for each.
#
# Where a layer cannot be taken away, because it is how bivy goes about paths, the last step of a row does by name what it does by
# descriptor, in a mount namespace of its own: `by_name`.

bats_require_minimum_version 1.5.0
load ../cve/attack
load lib/rows

RACE_SECONDS=1

# a_root: ROOT, a root file system of the attacker's; EVIL, a directory of his that is given to containers; CANARY, one of the host's.
a_root() {
	ROOT=$PWD/root EVIL=$PWD/evil CANARY=$PWD/canary
	cp -a "$BASE_ROOTFS" "$ROOT"
	mkdir "$EVIL" "$CANARY"
	echo untouched | tee "$CANARY/canary" >"$CANARY/ptmx"
	canary_before=$(listing "$CANARY")
}

# in_root OPTION… -- COMMAND…: a container on ROOT. It may be refused.
in_root() {
	local options=()
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	run timeout -k 5 "$(slow 30)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm --network none "${options[@]}" --rootfs "$ROOT" "$@" </dev/null
	# with status 125 in one line
	[ "$status" -ne 124 ] && [ "$status" -ne 137 ] || fail "it hangs:" "$output"
}

# race_root SECONDS CHECK OPTION… -- COMMAND…: that again and again, CHECK after each.
race_root() {
	local end=$((SECONDS + $1)) check=$2 count=0
	shift 2
	while [ $SECONDS -le $end ] && [ $count -lt 30 ]; do
		in_root "$@" && $check || return 1
		count=$((count + 1))
	done
}

# by_name SCRIPT: as who resolves the attacker's paths on the host would.
by_name() { unshare --mount --propagation private sh -ec "$1"; }

# proc_is_honest: after in_root of `see_proc`: it was refused, or its /proc is the kernel's and masked.
see_proc='echo alive; cat /proc/1/comm; grep " /proc " /proc/self/mountinfo | sed "s/^/mount: /"; head -c 64 /proc/keys | wc -c | sed "s/^/keys: /"
	cat /proc/self/oom_score_adj | sed "s/^/oom: /"'
settings=(--sysctl net.ipv4.ip_forward=1 --oom-score-adj 500)
proc_is_honest() { assert_proc_honest && assert_canary; }

@test "CVE-2018-15664: cp by way of a directory that alternates with a link" {
	local exchange i pid
	exchange=$(test_program exchange)
	mkdir canary tools && echo "the host's" >canary/file && cp "$exchange" tools/exchange && echo evil >planted
	bivy run -d --name evil --network none -v "$PWD/tools:/tools:ro" busybox sh -c "mkdir /race && echo inner >/race/file && ln -s '$PWD/canary' /link &&
		touch /ready && exec /tools/exchange 60 /race /link" >/dev/null
	wait_for bivy exec evil test -e /ready
	for ((i = 0; i < 6; i++)); do
		bivy cp -q planted evil:/race/new 2>/dev/null || true
		[ "$(ls canary)" = file ] || fail "HIT: written to the host"
		rm -rf out
		! bivy cp -q evil:/race/file out 2>/dev/null || [ "$(cat out)" = inner ] || fail "HIT: read from the host"
	done
	pid=$(bivy inspect -f '{{.State.Pid}}' evil)
	for ((i = 0; i < 2000; i++)); do
		cp planted "/proc/$pid/root/race/new" 2>/dev/null || true
		[ ! -e canary/new ] || break
	done
	[ -e canary/new ] || fail "no attack"
	row "CVE-2018-15664: cp by way of a directory that alternates with a link" "paths resolve within the root (openat2(2))" "by name: succeeds"
}

@test "CVE-2019-14271: what cp needs is in the container" {
	local mark=/tmp/bivy-mark-$$-$RANDOM name
	a_root
	printf '#!/bin/sh\n: >%s\n' "$mark" >mark && chmod 755 mark
	mkdir -p "$ROOT"/usr/sbin "$ROOT"/sbin "$ROOT"/usr/lib/gconv
	for name in usr/bin/tar usr/bin/docker-tar usr/sbin/tar sbin/tar usr/bin/gzip usr/bin/bivy-transfer; do cp mark "$ROOT/$name"; done
	for name in libnss_files.so.2 libc.so.6 libz.so.1; do echo garbage >"$ROOT/usr/lib/$name"; done
	tar c -C "$ROOT" . | bivy import - evil >/dev/null
	bivy run -d --name evil --network none evil sleep 100 >/dev/null
	echo text >file
	bivy cp -q file evil:/etc/file
	bivy cp evil:/etc - | tar t >/dev/null
	bivy export evil | tar t >/dev/null
	bivy diff evil >/dev/null
	bivy commit evil evil >/dev/null
	[ ! -e "$mark" ] || fail "HIT: a program of the container's was executed"
	run -1 bivy exec evil test -e "$mark"
	chroot "$ROOT" /usr/bin/tar
	[ -e "$ROOT$mark" ] || fail "no attack"
	row "CVE-2019-14271: programs and libraries of the container for who copies" "descriptors in place of a changed root" "in a changed root: succeeds"
}

@test "CVE-2019-16884: a volume on /proc" {
	a_root
	fake_proc "$EVIL"
	in_root "${settings[@]}" -v "$EVIL:/proc" -- sh -c "$see_proc"
	proc_is_honest
	assert_fake_untouched "$EVIL"
	by_name "mount --bind '$EVIL' '$ROOT/proc'; echo 500 >'$ROOT/proc/self/oom_score_adj'"
	[ "$(cat "$EVIL/self/oom_score_adj")" = 500 ] || fail "no attack"
	row "CVE-2019-16884: a volume on /proc takes what is written there" "procfs is checked to be that" "by name: succeeds"
}

@test "CVE-2019-19921: /proc is a link" {
	a_root
	fake_proc "$ROOT/fake"
	rmdir "$ROOT/proc" && ln -s fake "$ROOT/proc"
	in_root "${settings[@]}" -- sh -c "$see_proc"
	proc_is_honest
	assert_fake_untouched "$ROOT/fake"
	rm "$ROOT/proc" && mkdir "$ROOT/proc" && ln -s fake "$ROOT/link"
	exchange "$ROOT/proc" "$ROOT/link"
	local exchanger=$!
	untouched() { assert_fake_untouched "$ROOT/fake"; }
	race_root 1 untouched "${settings[@]}" -- true
	row "CVE-2019-19921: /proc is a link, or alternates with one" "mounts by descriptor; procfs is checked to be that" "by name: succeeds (tests/cve)"
	# Stopped: between two looks it could change places.
	kill -STOP "$exchanger"
	is_stopped() { grep -q '^State:.T' "/proc/$exchanger/status"; }
	wait_for is_stopped
	[ -L "$ROOT/proc" ] || [ -L "$ROOT/link" ]
}

@test "CVE-2019-5736: the runtime's program is overwritten" {
	local overwrite copy before
	overwrite=$(test_program overwrite)
	mkdir program && cp "$BIVY_RUNTIME" program/bivy-runtime && cp "$HOSTILE" program/other
	copy=$PWD/program/bivy-runtime
	before=$(sha256sum <"$copy")
	printf '#!/proc/self/exe\n' >script && chmod 755 script
	attacker() {
		BIVY_RUNTIME=$copy bivy run -d --name "$1" --network none "${@:3}" -v "$overwrite:/bin/overwrite:ro" -v "$PWD/script:/bin/script:ro" busybox \
			/bin/overwrite "$2" >/dev/null
	}
	ended() { [ "$(bivy inspect -f '{{.State.Running}}' "$1")" = false ]; }
	attacked() {
		local i
		attacker "$1" 2 "${@:2}"
		for i in 1 2 3; do
			BIVY_RUNTIME=$copy bivy exec "$1" /proc/self/exe >/dev/null 2>&1 || true
			BIVY_RUNTIME=$copy bivy exec "$1" /bin/script >/dev/null 2>&1 || true
			BIVY_RUNTIME=$copy bivy exec "$1" true >/dev/null 2>&1 || true
		done
		wait_for ended "$1"
		[ "$(sha256sum <"$copy")" = "$before" ] || fail "HIT: the runtime was overwritten ($1)"
	}
	attacked safe
	attacked host --privileged
	# one that enters the container as it is, and is all that does: whatever is seen there is overwritten
	attacker bare 4 --privileged
	program/other enter "$(bivy inspect -f '{{.State.Pid}}' bare)" 1
	wait_for ended bare
	[ "$(sha256sum <program/other)" != "$(sha256sum <"$HOSTILE")" ] || fail "no attack"
	row "CVE-2019-5736: the runtime's program is overwritten" "user namespace; it runs from a read-only mount that is attached nowhere" "--privileged: still stopped; a program that enters as it is: succeeds"
}

@test "CVE-2021-30465: a volume is mounted by way of a link" {
	a_root
	echo evil >"$EVIL/who"
	mkdir -p volumes/m "$ROOT/swap/m" "$ROOT/second"
	echo honest >volumes/m/who
	ln -s "$PWD/volumes" "$ROOT/link"
	two=(-v "$EVIL:/swap/m" -v "$PWD/volumes/m:/second" -- sh -c 'echo "second: $(cat /second/who)"')
	honest() { [[ $output != *"second: evil"* ]] || fail "HIT: $output"; }
	exchange "$ROOT/swap" "$ROOT/link"
	race_root 1 honest "${two[@]}"
	[[ $output == *"second: honest"* || $status -eq 125 ]]
	kill "${TEST_PIDS[-1]}" && wait "${TEST_PIDS[-1]}" 2>/dev/null || true
	[ ! -L "$ROOT/swap" ] || { rm "$ROOT/swap" && mv "$ROOT/link" "$ROOT/swap" && ln -s "$PWD/volumes" "$ROOT/link"; }
	rm -rf "$ROOT/swap" && ln -s "$PWD/volumes" "$ROOT/swap"
	in_root "${two[@]}"
	honest
	[ "$(by_name "mount --bind '$EVIL' '$ROOT/swap/m'; cat '$PWD/volumes/m/who'")" = evil ] || fail "no attack"
	row "CVE-2021-30465: a volume is mounted by way of a link" "mounts by descriptor, within the root" "by name: succeeds"
}

@test "CVE-2022-0492: a release agent" {
	local hierarchy
	hierarchy=$(awk '/ - cgroup / { n = split($NF, o, ","); print o[n]; exit }' /proc/self/mountinfo)
	[ -n "$hierarchy" ] || skip "missing: cgroup v1"
	attack "CVE-2022-0492: a release agent, which the kernel runs as root" cap:SYS_ADMIN userns "cgroup namespace=--cgroupns host" -- \
		sh -c 'mkdir /tmp/c && mount -t cgroup -o "$1" none /tmp/c && hostile open /tmp/c/release_agent w' sh "$hierarchy"
}

@test "CVE-2022-29162: inheritable capabilities" {
	local inherit
	inherit=$(test_program inherit)
	given() { [[ $output == *CapInh:* ]] && [[ $output != *CapInh:*0000000000000000*CapPrm* ]]; }
	SUCCEEDED=given
	run "$inherit" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm --network none busybox grep Cap /proc/self/status
	assert_has CapInh
	assert_stopped
	bivy run -d --name victim --network none busybox sleep 100 >/dev/null
	run "$inherit" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" exec -u user victim grep Cap /proc/self/status
	assert_has CapInh
	assert_stopped
	run "$inherit" grep Cap /proc/self/status
	assert_hit
	row "CVE-2022-29162: inheritable capabilities from who starts it" "capabilities are set, not kept" "executed as it is: succeeds"
}

@test "CVE-2023-25809: control groups without a namespace of them" {
	local name=bivy-attack-$$
	local try='for d in /sys/fs/cgroup /sys/fs/cgroup/*; do [ ! -e $d/cgroup.procs ] || ! mkdir $d/$1 || echo HIT: $d; done 2>/dev/null; true'
	in_container --cgroupns host -- sh -c "$try" sh "$name"
	assert_stopped
	in_container --cgroupns host --userns host -- sh -c "$try" sh "$name"
	assert_stopped "without a user namespace"
	in_container --cgroupns host --privileged --userns auto -- sh -c "$try" sh "$name"
	assert_stopped "with a writable mount"
	in_container --cgroupns host --privileged -- sh -c "$try" sh "$name"
	assert_hit
	row "CVE-2023-25809: control groups without a namespace of them" "read-only mount; user namespace" "each of them alone stops it; with --privileged it succeeds"
}

@test "CVE-2023-27561: /proc is a link into a volume" {
	a_root
	fake_proc "$EVIL/p"
	mkdir "$ROOT/vol"
	rmdir "$ROOT/proc" && ln -s vol/p "$ROOT/proc"
	in_root "${settings[@]}" -v "$EVIL:/vol" -- sh -c "$see_proc"
	proc_is_honest
	assert_fake_untouched "$EVIL"
	by_name "mount --bind '$EVIL' '$ROOT/vol'; echo 500 >'$ROOT/proc/self/oom_score_adj'"
	[ "$(cat "$EVIL/p/self/oom_score_adj")" = 500 ] || fail "no attack"
	row "CVE-2023-27561: /proc is a link into a volume" "mounts by descriptor; procfs is checked to be that" "by name: succeeds"
}

@test "CVE-2023-28642: a volume on a link to /proc" {
	a_root
	fake_proc "$EVIL"
	ln -s proc "$ROOT/innocent"
	in_root "${settings[@]}" -v "$EVIL:/innocent" -- sh -c "$see_proc"
	proc_is_honest
	assert_fake_untouched "$EVIL"
	by_name "mount --bind '$EVIL' '$ROOT/innocent'; echo 500 >'$ROOT/proc/self/oom_score_adj'"
	[ "$(cat "$EVIL/self/oom_score_adj")" = 500 ] || fail "no attack"
	row "CVE-2023-28642: a volume on a link to /proc" "mounts on /proc are found by where they are, not by name" "by name: succeeds"
}

@test "CVE-2024-21626: a working directory of the host's" {
	local n up=../../../../../../../../../../../../../../.. secret
	mkdir -m 755 open && echo "of the host" >open/secret
	secret=$PWD/open/secret
	bivy run -d --name victim --network none busybox sleep 100 >/dev/null
	SUCCEEDED=was_read
	was_read() { [[ $output == *"of the host"* ]]; }
	for n in 3 4 5 6 7 8 9 10; do
		run bivy run --rm --network none -w /proc/self/fd/$n busybox cat "$up$secret"
		assert_stopped "run -w $n"
		run bivy exec -w /proc/self/fd/$n victim cat "$up$secret"
		assert_stopped "exec -w $n"
	done
	handed() { run bash -c 'exec 3</; exec "$@"' sh "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm --network none --preserve-fds 1 "$@"; }
	handed -w /proc/self/fd/3 busybox cat "$up$secret"
	assert_stopped "with a descriptor of the host's"
	handed busybox cat "/proc/self/fd/3$secret"
	assert_hit
	row "CVE-2024-21626: a working directory by /proc/self/fd" "closing all descriptors; the working directory is checked" "with --preserve-fds: the working directory is refused, the descriptor leads to the host"
}

@test "CVE-2024-45310: a mount point that is made by way of a link" {
	a_root
	ln -s "$CANARY" "$ROOT/link"
	in_root -v "$EVIL:/link/new/directory" -- true
	assert_canary
	mkdir "$ROOT/shared"
	exchange "$ROOT/shared" "$ROOT/link"
	race_root 1 assert_canary -v "$EVIL:/shared/new/directory" -- true
	kill "${TEST_PIDS[-1]}" && wait "${TEST_PIDS[-1]}" 2>/dev/null || true
	mkdir -p "$ROOT/link/new" "$ROOT/shared/new"
	[ -d "$CANARY/new" ] || fail "no attack"
	row "CVE-2024-45310: a mount point that is made by way of a link" "paths resolve within the root (openat2(2))" "by name: succeeds"
}

@test "CVE-2025-31133: /dev/null is a link to procfs, and masks are made of it" {
	a_root
	mkdir -p "$EVIL/pts" "$EVIL/shm" "$EVIL/mqueue"
	ln -s /proc/sys/kernel/domainname "$EVIL/null"
	in_root --cap-add SYS_ADMIN --userns host -v "$EVIL:/dev" -- sh -c 'echo alive; echo pwned >/proc/keys; echo "domain: $(cat /proc/sys/kernel/domainname)"
		echo "mask: $(stat -c %t:%T /proc/keys) $(head -c 64 /proc/keys | wc -c)"'
	[[ $output != *alive* || $output == *"mask: 1:3 0"* ]] || fail "HIT: not masked:" "$output"
	[[ $output != *"domain: pwned"* ]] || fail "HIT: the mask leads elsewhere:" "$output"
	run by_name "mount --bind '$EVIL/null' '$ROOT/etc/passwd'; stat -c %d:%i '$ROOT/etc/passwd' /proc/sys/kernel/domainname | uniq | wc -l"
	[ "$output" = 1 ] || fail "no attack: $output"
	row "CVE-2025-31133: /dev/null of the attacker's as a mask" "masks are checked to be /dev/null" "by name: another file of procfs"
}

@test "CVE-2025-52565: /dev/console is a link" {
	require_python
	a_root
	mkdir -p dev/{pts,shm,mqueue} "$ROOT/vol"
	mknod -m 666 dev/null c 1 3 && ln -s pts/ptmx dev/ptmx && ln -s /vol/file dev/console
	echo untouched >"$EVIL/file"
	run timeout -k 5 "$(slow 60)" "$PYTHON" "$TESTS_DIR/lib/helper.py" pty 24x80 "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm -t --network none \
		--userns host --cap-add SYS_ADMIN -v "$PWD/dev:/dev" -v "$EVIL:/vol" --rootfs "$ROOT" sh -c 'echo pwned >/dev/console; stat -c "volume: %F" /vol/file' </dev/null
	[[ $output != *"volume: character"* ]] || fail "HIT: the terminal is a file of the volume:" "$output"
	[ "$(cat "$EVIL/file")" = untouched ] || fail "HIT: the file was written to"
	by_name "mount --bind '$PWD/dev' '$ROOT/dev'; mount --bind '$EVIL' '$ROOT/vol'; chroot '$ROOT' sh -c 'echo pwned >/dev/console'"
	[ "$(cat "$EVIL/file")" = pwned ] || fail "no attack"
	row "CVE-2025-52565: /dev/console is a link" "the terminal is attached by descriptor, without links" "by name: succeeds"
}

@test "CVE-2025-52881: settings are redirected by mounts below /proc" {
	a_root
	fake_proc "$EVIL"
	in_root "${settings[@]}" -v "$EVIL/sys/net:/proc/sys/net" -- sh -c "$see_proc"
	proc_is_honest
	in_root "${settings[@]}" -v "$EVIL/self:/proc/1" -- sh -c "$see_proc"
	proc_is_honest
	assert_fake_untouched "$EVIL"
	by_name "mount --bind '$EVIL/sys/net' /proc/sys/net; echo 1 >/proc/sys/net/ipv4/ip_forward"
	[ "$(cat "$EVIL/sys/net/ipv4/ip_forward")" = 1 ] || fail "no attack"
	row "CVE-2025-52881: settings are redirected by mounts below /proc" "nothing is mounted there; procfs is the runtime's own" "by name: succeeds"
}

@test "CVE-2026-41579: /dev is a link to the host" {
	a_root
	rmdir "$ROOT/dev" && ln -s "$CANARY" "$ROOT/dev"
	in_root -- true
	assert_canary
	rm "$ROOT/dev" && ln -s "../../../../../../../../../../..$CANARY" "$ROOT/dev"
	in_root --userns host -- true
	assert_canary
	rm "$ROOT/dev/ptmx"
	[ ! -e "$CANARY/ptmx" ] || fail "no attack"
	row "CVE-2026-41579: /dev is a link to the host" "paths resolve within the root; no links at /dev" "by name: succeeds"
}
