# Hostile containers: other processes, by their ids, their memory, descriptors and namespaces, and what is inherited from them.

bats_require_minimum_version 1.5.0
load lib/rows

# a_victim: the supervisor of another container, and a file of the host's. Its own one would do as well: it is found by its name.
a_victim() {
	bivy run -d --name victim --network none busybox sleep 100 >/dev/null
	local first
	first=$(bivy inspect -f '{{.State.Pid}}' victim)
	SUPERVISOR=$(awk '/^PPid:/ { print $2 }' "/proc/$first/status")
	[[ $(tr '\0' ' ' <"/proc/$SUPERVISOR/cmdline") == *supervise* ]] || fail "no supervisor: $SUPERVISOR"
	SECRET=$PWD/secret
	echo "of the host" >"$SECRET"
}

@test "the supervisor is traced" {
	a_victim
	attack "ptrace(2) of the supervisor" pidns userns cap:SYS_PTRACE -- hostile ptrace "#$SUPERVISOR"
}

@test "the supervisor's memory is read" {
	a_victim
	attack "process_vm_readv(2) of the supervisor" pidns userns cap:SYS_PTRACE -- hostile memory "#$SUPERVISOR"
}

@test "the supervisor is killed" {
	a_victim
	attack "kill(2) of the supervisor" pidns userns -- hostile signal "#$SUPERVISOR"
}

@test "the supervisor's descriptors are taken" {
	a_victim
	attack "pidfd_getfd(2) of the supervisor" pidns userns cap:SYS_PTRACE -- hostile steal "#$SUPERVISOR"
}

@test "the host's files by way of a process of the host" {
	a_victim
	attack "/proc/PID/root, cwd and fd of a process of the host" pidns userns cap:SYS_PTRACE -- hostile root "#$SUPERVISOR" "$SECRET"
}

@test "the host's mount namespace is joined" {
	a_victim
	attack "setns(2) to the host by /proc/PID/ns" pidns userns cap:SYS_PTRACE cap:SYS_ADMIN -- hostile join "#$SUPERVISOR" "$SECRET"
}

@test "out of the root by a second chroot" {
	echo "of the host" >secret
	mkdir -p jail/tmp && cp "$HOSTILE" jail/hostile
	run chroot jail /hostile climb "$PWD/secret"
	assert_hit "a chroot(2) holds it"
	in_container --privileged -- hostile climb "$PWD/secret"
	assert_stopped "with --privileged"
	in_container -- hostile climb "$PWD/secret"
	assert_stopped
	row "chroot(2) twice, and up from a directory outside" "a root of its own (pivot_root(2), the old one unmounted)" "--privileged: still stopped; in a root of chroot(1) it succeeds"
}

@test "a segment of shared memory of the host" {
	local key=$((0x62000000 + RANDOM))
	"$HOSTILE" shared-memory-make $key "of the host"
	attack "shmat(2) of a segment of the host" ipcns userns -- hostile shared-memory $key
	"$HOSTILE" shared-memory-remove $key
}

@test "an abstract socket of the host" {
	local name=@bivy-attack-$$
	"$HOSTILE" listen-unix $name 3>&- 4>&- &
	own_pid $!
	wait_for "$HOSTILE" unix $name
	attack "connect(2) to an abstract socket of the host" netns -- hostile unix $name
}

@test "the supervisor's socket" {
	bivy run -d --name victim --network none busybox sleep 100 >/dev/null
	local directory=$SCRATCH/run/containers/$(bivy inspect -f '{{.Id}}' victim) socket
	socket=$(find "$directory" -type s | head -n 1)
	[ -n "$socket" ]
	attack "connect(2) to the supervisor's socket" "mount namespace=-v $directory:$directory" "another user than the supervisor's=--userns host" -- hostile unix "$socket"
}

# ---------------------------------------------------------------- descriptors

# assert_none_inherited COMMAND…: it is run with descriptors that are not for it.
none_inherited() {
	exec 9</ 8<"$BATS_TEST_FILENAME"
	run "$@" </dev/null
	exec 9<&- 8<&-
	assert_stopped "$1 hands on descriptors"
	assert_has "stopped: descriptors"
}

@test "descriptors of who runs a container" {
	none_inherited bivy run --rm --network none busybox hostile descriptors
	run bash -c 'exec 3</; exec "$@"' sh "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm --network none --preserve-fds 1 busybox hostile descriptors
	assert_hit
	row "descriptors of who runs a container" "closing all that is not handed on" "with --preserve-fds: succeeds"
}

@test "descriptors of who executes in a container" {
	bivy run -d --name victim --network none busybox sleep 100 >/dev/null
	none_inherited bivy exec victim hostile descriptors
	none_inherited bivy exec -u user victim hostile descriptors
	run bash -c 'exec 3</; exec "$@"' sh "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" exec --preserve-fds 1 victim hostile descriptors
	assert_hit
	row "descriptors of who executes in a container" "closing all that is not handed on" "with --preserve-fds: succeeds"
}

@test "descriptors of the supervisor's, in a health check" {
	exec 9</
	bivy run -d --name victim --network none --health-cmd 'hostile descriptors >/tmp/found; true' --health-interval 1s busybox sleep 100 >/dev/null
	exec 9<&-
	wait_for bivy exec victim test -s /tmp/found
	run bivy exec victim cat /tmp/found
	assert_stopped
	assert_has "stopped: descriptors"
	# what is there to be handed on
	local first supervisor
	first=$(bivy inspect -f '{{.State.Pid}}' victim)
	supervisor=$(awk '/^PPid:/ { print $2 }' "/proc/$first/status")
	[ "$(ls "/proc/$supervisor/fd" | wc -l)" -gt 4 ]
	row "descriptors of the supervisor in a health check" "closing all that is not handed on" "the supervisor holds several"
}

@test "a terminal of who runs a container is typed into" {
	require_python
	# what is typed is read by who has the terminal afterwards
	typed() {
		cat >typed.sh <<-'SH'
			"$@"
			read -r -t 1 line && echo "typed: $line"
			true
		SH
		run timeout -k 5 "$(slow 60)" "$PYTHON" "$TESTS_DIR/lib/helper.py" pty 24x80 bash typed.sh "$@" </dev/null
	}
	[ "$(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null || echo 1)" = 1 ] || skip "missing: TIOCSTI"
	SUCCEEDED=says_typed
	says_typed() { [[ $output == *"typed: whoami"* ]]; }
	typed "$HOSTILE" type $'whoami\n'
	assert_hit
	local options
	for options in "" "-i" "-t" "-i -t" "--privileged -i -t"; do
		# shellcheck disable=SC2086
		typed "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm --network none $options busybox hostile type $'whoami\n'
		assert_stopped "with '$options'"
	done
	bivy run -d --name victim --network none busybox sleep 100 >/dev/null
	for options in "" "-i" "-i -t"; do
		# shellcheck disable=SC2086
		typed "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" exec $options victim hostile type $'whoami\n'
		assert_stopped "exec with '$options'"
	done
	row "TIOCSTI: typing into the terminal of who runs a container" "pipes, or a terminal of its own" "--privileged: still stopped; who has that terminal types into it"
}

# ---------------------------------------------------------------- mounts and setuid

@test "a mount that reaches the host" {
	mkdir shared
	mount --bind shared shared && mount --make-shared shared
	SUCCEEDED=host_sees_it
	host_sees_it() {
		local seen
		seen=$(findmnt -n -o FSTYPE "$PWD/shared/m" || true)
		[ -z "$seen" ] || umount "$PWD/shared/m"
		[ "$seen" = tmpfs ]
	}
	mkdir shared/m
	WITH=(--cap-add SYS_ADMIN)
	shared() { in_container -v "$PWD/shared:/shared$1" "${@:2}" -- sh -c 'mount -t tmpfs none /shared/m && echo mounted'; }
	shared ""
	assert_has mounted
	assert_stopped
	shared "" --userns host
	assert_has mounted
	assert_stopped "without a user namespace"
	shared ":rshared"
	assert_stopped "with rshared in a user namespace"
	shared ":rshared" --userns host
	assert_hit
	row "mount(2) that reaches the host" "private propagation; user namespace" "each of them alone stops it; without both of them it succeeds"
}

@test "a user of the container becomes its root by a setuid program" {
	mkdir given && cp "$HOSTILE" given/setuid && chmod 4755 given/setuid
	# of a mount, as of an image
	WITH=(-u 1000 -v "$PWD/given:/given")
	in_container --security-opt no-new-privileges -- /given/setuid rights
	assert_stopped
	in_container -- /given/setuid rights
	assert_hit
	row "a user of the container becomes its root by a setuid program" "no_new_privs, where it is asked for" "succeeds"
}

@test "a user of the host becomes root by a setuid program that a container leaves in a volume" {
	bivy run --rm --network none -v trap:/trap busybox sh -c 'cp /bin/hostile /trap/setuid && chmod 4755 /trap/setuid'
	local left=$SCRATCH/root/volumes/trap/_data/setuid
	[ -u "$left" ] || fail "no attack: $(ls -l "$left")"
	as_user() { run -"${2:-0}" chroot --userspec=65534:65534 / "$1" rights; }
	as_user "$left" 126
	assert_stopped
	cp -a "$left" within-reach
	as_user "$PWD/within-reach"
	assert_hit
	bivy volume rm trap >/dev/null
	row "a setuid program left in a volume for users of the host" "directories of the engine that they cannot enter" "copied to where they can, it succeeds"
}

# The forwarder of an ordinary user's published ports: he has no other process of that name with a filter.
forwarder_of() {
	local pid
	for pid in $(pgrep -f "^bivy-home .* hold $1\$"); do
		! grep -q '^Seccomp:[[:space:]]*2' "/proc/$pid/status" || echo "$pid"
	done
}

says_hello() { busybox nc -w 2 127.0.0.1 8300 </dev/null | grep -q hello; }

# The forwarder, as it is when it carries something, makes the system call $1, with its filter left out, too.
take_over() {
	local pid
	wait_for says_hello
	pid=$(forwarder_of "$HOME_OF_USER")
	run "$TAKEOVER" "$pid" "$1" free
	[[ $output != "no attack: PTRACE_SEIZE"* ]] || return 0
	assert_hit "$1" || return 1
	run "$TAKEOVER" "$pid" "$1"
	[[ $output == "stopped: Bad system call"* ]] || fail "$1 with the filter: $output"
	gone "$pid" || fail "$1: the forwarder lives"
}

@test "the forwarder of an ordinary user's ports, taken over" {
	local sign=$WORK/sign call result=0
	[ -x "$BIVY_BUILD/bivy-home" ] && [ -x "$BIVY_BUILD/bivy-transfer" ] || skip "missing: bivy-home and bivy-transfer in this build"
	require_unsanitized # others have calls more: host/relinquish.h
	TAKEOVER=$(test_program takeover) || skip "missing: a C compiler for the test program takeover"
	tar c --owner=0 --group=0 -C "$BASE_ROOTFS" . >root.tar
	mkdir -m 777 "$sign"
	chmod 755 "$SCRATCH" "$WORK"
	cat >script <<'X'
set -e
cd
"$BIVY" import "$1/root.tar" busybox >/dev/null 2>&1
"$BIVY" run -d --name web -p 127.0.0.1:8300:80 busybox busybox nc -ll -p 80 -e echo hello >/dev/null
echo "$XDG_RUNTIME_DIR/bivy" >"$1/sign/home.part"
mv "$1/sign/home.part" "$1/sign/home"
until [ -e "$1/sign/done" ]; do sleep 0.05; done
"$BIVY" rm -f web >/dev/null
X
	"$TESTS_DIR/lib/as-user" bash "$WORK/script" "$WORK" >said 2>&1 3>&- &
	local user=$!
	wait_for test -e "$sign/home" || fail "$(cat said)"
	HOME_OF_USER=$(<"$sign/home")
	for call in userns unix netlink inotify; do
		take_over $call || { result=1; break; }
	done
	# Another one carries what it did.
	[ $result -ne 0 ] || wait_for says_hello || result=1
	touch "$sign/done"
	wait $user
	[ $result -eq 0 ]
	[[ $output != "no attack: PTRACE_SEIZE"* ]] || skip "missing: PTRACE_O_SUSPEND_SECCOMP ($output)"
	row "unshare, socket (AF_UNIX, AF_NETLINK), inotify_init1 in the forwarder of a user's ports" "seccomp of the forwarder: it is ended, and begun anew" "with the filter suspended each succeeds"
}
