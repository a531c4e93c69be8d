# The life of a container: create, start, state, kill, pause, resume, delete, run; their statuses in every order.

load ../lib/common

# 128+n, the number of a signal by name.
signal_status() { echo $((128 + $(kill -l "$1"))); }

@test "create, start, end and delete go through the four statuses" {
	mkfifo "$WORK/gate"
	config '.mounts += [{destination: "/gate", type: "bind", source: $w, options: ["bind"]}]' --arg w "$WORK"
	own_rootfs
	config_sh 'read line </gate/gate; echo "$line" >/gate/got'
	create_ct
	assert_equal created "$(ct_status)"
	local pid
	pid=$(ct_pid)
	[ -d "/proc/$pid" ]
	[ ! -e "$WORK/got" ]
	run rt start "$ID"
	assert_ok
	assert_equal running "$(ct_status)"
	assert_equal "$pid" "$(ct_pid)"
	timeout 10 sh -c 'echo hello >"$1"' sh "$WORK/gate"
	wait_for status_is stopped
	assert_equal hello "$(cat "$WORK/got")"
	run rt delete "$ID"
	assert_ok
	assert_output ""
	run rt state "$ID"
	assert_fails 1
	assert_nothing_left
}

@test "create does not start the command" {
	own_rootfs
	config_sh 'echo ran >/ran'
	create_ct
	sleep 0.1
	[ ! -e "$ROOTFS/ran" ]
	run rt start "$ID"
	assert_ok
	wait_for status_is stopped
	[ -e "$ROOTFS/ran" ]
}

@test "run gives the command's status" {
	local code
	for code in 0 1 7 125 255; do
		config_sh "exit $code"
		run_ct
		assert_equal "$code" "$status" "status of exit $code"
		assert_output ""
	done
	assert_nothing_left
}

@test "run gives 128+n for a command that a signal ended" {
	local name
	for name in KILL TERM; do
		config_sh "sh -c 'kill -$name \$\$'; exit \$?"
		run_ct
		assert_equal "$(signal_status $name)" "$status" "inner $name"
	done
	config_args sleep 1000
	rt run --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 &
	local pid=$!
	own_pid "$pid"
	wait_for status_is running
	run rt kill "$ID" KILL
	assert_ok
	status=0
	wait "$pid" || status=$?
	assert_equal 137 "$status"
	assert_nothing_left
}

@test "run passes the three standard streams through" {
	config_sh 'cat; echo to-err >&2'
	printf 'one\ntwo\n' | rt run -b "$BUNDLE" "$ID" >"$WORK/1" 2>"$WORK/2"
	assert_equal "$(printf 'one\ntwo')" "$(cat "$WORK/1")"
	assert_equal to-err "$(cat "$WORK/2")"
	assert_nothing_left
}

@test "run moves a megabyte through a pipe unchanged" {
	config_args cat
	head -c 1000000 /dev/urandom >"$WORK/in"
	rt run -b "$BUNDLE" "$ID" <"$WORK/in" | cat >"$WORK/res"
	cmp "$WORK/in" "$WORK/res"
}

@test "run finds the bundle in the current directory" {
	config_args echo here
	cd "$BUNDLE"
	run rt run "$ID" </dev/null
	assert_ok
	assert_output here
}

@test "run --keep keeps the record of the ended container" {
	config_sh 'exit 3'
	run_ct --keep
	assert_fails 3
	assert_equal stopped "$(ct_status)"
	run rt delete "$ID"
	assert_ok
	assert_nothing_left
}

@test "run --detach returns while the container runs" {
	sleeper
	assert_equal running "$(ct_status)"
	run rt kill "$ID" KILL
	assert_ok
	wait_for status_is stopped
	run rt delete "$ID"
	assert_ok
	assert_nothing_left
}

@test "a detached container is nobody's child" {
	sleeper
	local parent
	parent=$(awk '/^PPid/ { print $2 }' "/proc/$(ct_pid)/status")
	assert_lacks "$BIVY_RUNTIME"
	[ "$parent" -ne $$ ]
	[ "$(readlink -f "/proc/$parent/exe" 2>/dev/null)" != "$(readlink -f "$BIVY_RUNTIME")" ]
}

@test "--pid-file holds the container's process id" {
	config_args sleep 1000
	detached create --bundle "$BUNDLE" --pid-file "$WORK/pid" "$ID"
	assert_ok
	assert_equal "$(ct_pid)" "$(cat "$WORK/pid")"
	run rt delete --force "$ID"
	assert_ok
	detached run --detach --bundle "$BUNDLE" --pid-file "$WORK/pid2" "$ID"
	assert_ok
	assert_equal "$(ct_pid)" "$(cat "$WORK/pid2")"
}

@test "--pid-file that cannot be written fails and leaves nothing" {
	detached create --bundle "$BUNDLE" --pid-file "$WORK/no/such/pid" "$ID"
	assert_refused no/such
}

@test "--pidfd-socket sends a pidfd of the container's process" {
	require_python
	only_ours "runc 1.1 has no --pidfd-socket"
	"$PYTHON" "$TESTS_DIR/lib/helper.py" pidfd "$WORK/sock" "$WORK/pidfd" 3>&- &
	own_pid $!
	wait_for test -S "$WORK/sock"
	config_args sleep 1000
	start_ct --pidfd-socket "$WORK/sock"
	wait_for grep -q pid "$WORK/pidfd"
	assert_equal "pid $(ct_pid)" "$(head -n 1 "$WORK/pidfd")"
	run rt kill "$ID" KILL
	assert_ok
	wait_for grep -q ended "$WORK/pidfd"
}

@test "--explain tells the plan, each step once, and does nothing" {
	only_ours "--explain"
	config '.root.readonly = true'
	run rt create --explain --bundle "$BUNDLE" "$ID"
	assert_ok
	assert_has "container '$ID'" "mount 'proc' on '/proc'" "make '/' read-only" "execute 'true'"
	assert_equal "root '$ROOTFS', read-only:" "$(grep "^root " <<<"$output")"
	assert_nothing_left
	[ ! -e "$STATE/$ID" ]
	config '.mounts = [] | .root.readonly = false | del(.linux.maskedPaths, .linux.readonlyPaths)
		| .linux.namespaces |= map(select(.type != "mount"))'
	run rt run --explain --bundle "$BUNDLE" "$ID"
	assert_ok
	assert_equal "root '$ROOTFS', in the host's mount namespace by chroot:" "$(grep "^root " <<<"$output")"
}

@test "--no-pivot runs with a moved root" {
	config_sh 'ls -d /bin; ls /home; cat /etc/hostname 2>/dev/null; ls -d /work /var/lib/dpkg 2>/dev/null; true'
	run_ct --no-pivot
	assert_ok
	assert_output "$(printf '/bin\nuser')"
	assert_nothing_left
}

@test "--no-subreaper is accepted" {
	run_ct --no-subreaper
	assert_ok
	assert_nothing_left
}

# ---------------------------------------------------------------- the wrong order

@test "every verb says that a container does not exist" {
	local verb
	for verb in state start kill pause resume delete ps "exec" "update" events; do
		case $verb in
		exec) run rt exec nosuch true ;;
		update) run rt update --pids-limit 10 nosuch ;;
		events) run rt events --stats nosuch ;;
		kill) run rt kill nosuch TERM ;;
		*) run rt $verb nosuch ;;
		esac
		assert_fails
		assert_one_line
		assert_has "does not exist"
	done
	[ -z "$(ls -A "$STATE" 2>/dev/null)" ]
}

@test "create with an id in use is refused and harms nobody" {
	sleeper
	detached create --bundle "$BUNDLE" "$ID"
	assert_fails 1
	assert_one_line
	assert_has exist
	assert_equal running "$(ct_status)"
	in_ct true
	detached run --bundle "$BUNDLE" "$ID"
	assert_fails 1
	assert_equal running "$(ct_status)"
}

@test "of ten simultaneous creates of one id one wins" {
	config_args sleep 1000
	local i pids=()
	for i in 1 2 3 4 5 6 7 8 9 10; do
		(rt create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 && echo won >"$WORK/won.$i") &
		pids+=($!)
	done
	wait "${pids[@]}" || true
	assert_equal 1 "$(ls "$WORK"/won.* | wc -l)" winners
	assert_equal created "$(ct_status)"
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

@test "ids that are no file names are refused" {
	local bad
	for bad in "" . .. a/b /abs "sp ace" "new
line" 'semi;colon' 'star*' "$(printf 'x%.0s' {1..1025})"; do
		detached create --bundle "$BUNDLE" -- "$bad"
		assert_fails 1
		is_reference || [ -z "$bad" ] || assert_has "container id"
		is_reference || assert_one_line
	done
	assert_nothing_left
}

@test "ids may hold letters, digits and + - . _" {
	config_args true
	for ID in a A-1 with_under dots.and+plus 0; do
		run_ct
		assert_ok
	done
	assert_nothing_left
}

@test "start of a running or stopped container is refused" {
	sleeper
	run rt start "$ID"
	assert_fails 1
	assert_one_line
	assert_equal running "$(ct_status)"
	run rt kill "$ID" KILL
	wait_for status_is stopped
	run rt start "$ID"
	assert_fails 1
	assert_one_line
	assert_has stopped
}

@test "kill of a stopped container is refused" {
	config_args true
	start_ct
	wait_for status_is stopped
	run rt kill "$ID" TERM
	assert_fails 1
	assert_one_line
	assert_has "not running"
}

@test "pause and resume are refused out of order" {
	require_controller freezer
	config_args sleep 1000
	start_ct
	run rt resume "$ID"
	assert_fails 1
	assert_one_line
	run rt pause "$ID"
	assert_ok
	run rt pause "$ID"
	assert_fails 1
	assert_one_line
	assert_equal paused "$(ct_status)"
	run rt resume "$ID"
	assert_ok
	assert_equal running "$(ct_status)"
	run rt kill "$ID" KILL
	wait_for status_is stopped
	run rt pause "$ID"
	assert_fails 1
	assert_one_line
}

# ---------------------------------------------------------------- kill

@test "kill names its signal in every spelling and sends TERM by default" {
	own_rootfs
	config_sh 'for s in TERM HUP USR1 USR2; do trap "echo $s >>/signals" $s; done; echo ready >/ready
		while :; do sleep 0.02; done'
	start_ct
	wait_for test -e "$ROOTFS/ready"
	local sent=0 spelling
	for spelling in "" TERM SIGTERM 15 HUP sighup usr1 SIGUSR2 10; do
		run rt kill "$ID" $spelling
		assert_ok
		assert_output ""
		sent=$((sent + 1))
		wait_for eval "[ \$(wc -l <'$ROOTFS/signals') -eq $sent ]"
	done
	assert_equal "TERM TERM TERM TERM HUP HUP USR1 USR2 USR1" "$(tr '\n' ' ' <"$ROOTFS/signals" | sed 's/ $//')"
}

@test "kill accepts real-time signals and signal 0" {
	config_args sleep 1000
	start_ct
	run rt kill "$ID" 0
	assert_ok
	assert_equal running "$(ct_status)"
	run rt kill "$ID" 34
	assert_ok
	run rt kill "$ID" KILL
	assert_ok
}

@test "kill of an unknown signal is refused" {
	config_args sleep 1000
	start_ct
	local bad
	for bad in NOSUCH SIGNOSUCH 65 999 1x; do
		run rt kill "$ID" "$bad"
		assert_fails 1
		assert_one_line
		is_reference || assert_has signal "$bad"
	done
	assert_equal running "$(ct_status)"
}

@test "kill reaches a container that was created and not started" {
	config_args sleep 1000
	create_ct
	run rt kill "$ID" KILL
	assert_ok
	wait_for status_is stopped
	run rt delete "$ID"
	assert_ok
	assert_nothing_left
}

@test "kill TERM ends a container that waits for its start" {
	local name
	config_args true
	for name in TERM INT HUP; do
		create_ct
		run rt kill "$ID" $name
		assert_ok
		wait_for status_is stopped
		run rt start "$ID"
		assert_fails
		run rt delete "$ID"
		assert_ok
	done
	assert_nothing_left
}

@test "kill KILL ends what the first process left behind in the host's pid namespace" {
	only_ours "runc 1.1 refuses"
	config '.linux.namespaces |= map(select(.type != "pid"))'
	config_sh 'sleep 1000 & exit 0'
	start_ct
	wait_for status_is stopped
	local pid
	pid=$(cat "$(cgroup_dir pids)/cgroup.procs")
	own_pid "$pid"
	run rt kill "$ID" TERM
	assert_fails
	assert_has "not running"
	run rt kill "$ID" KILL
	assert_ok
	wait_for gone "$pid"
	wait_for kill_is_refused
}
kill_is_refused() { run rt kill "$ID" KILL; [ "$status" -eq 1 ]; }

@test "the end of init ends every process of its pid namespace" {
	config_sh 'sleep 1000 & sleep 1001 & while :; do sleep 1000; done'
	start_ct
	wait_for eval '[ "$(cat "$(cgroup_dir pids)/cgroup.procs" | wc -l)" -ge 4 ]'
	run rt kill "$ID" KILL
	assert_ok
	wait_for status_is stopped
	run rt delete "$ID"
	assert_ok
	assert_nothing_left
}

@test "kill --all ends a container that shares the host's pid namespace" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	config_sh 'sleep 1000 & sleep 1001 & while :; do sleep 1000; done'
	start_ct
	wait_for eval '[ "$(cat "$(cgroup_dir pids)/cgroup.procs" | wc -l)" -ge 4 ]'
	local procs
	procs=$(cat "$(cgroup_dir pids)/cgroup.procs")
	run rt kill --all "$ID" KILL
	assert_ok
	local pid
	for pid in $procs; do wait_for gone "$pid"; done
	wait_for status_is stopped
	run rt delete "$ID"
	assert_ok
	assert_nothing_left
}

@test "delete --force ends what is left in a shared pid namespace" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	config_sh 'sleep 1000 & sleep 1001 & exit 0'
	start_ct
	wait_for status_is stopped
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

# ---------------------------------------------------------------- delete

@test "delete of a running container needs --force" {
	config_args sleep 1000
	start_ct
	run rt delete "$ID"
	assert_fails 1
	assert_one_line
	assert_has "$ID" running
	assert_equal running "$(ct_status)"
	run rt delete --force "$ID"
	assert_ok
	assert_output ""
	assert_nothing_left
}

@test "delete of a created container ends it" {
	config_args sleep 1000
	create_ct
	run rt delete "$ID"
	assert_ok
	assert_nothing_left
}

@test "delete --force of a container that does not exist succeeds silently" {
	run rt delete --force nosuch
	assert_ok
	assert_output ""
	run rt delete -f nosuch
	assert_ok
}

@test "delete --force ends a paused container" {
	require_controller freezer
	config_args sleep 1000
	start_ct
	run rt pause "$ID"
	assert_ok
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

@test "delete --force works when the bundle has vanished" {
	config_args sleep 1000
	start_ct
	rm -rf "$BUNDLE"
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

@test "delete removes cgroups that the container made below its own" {
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	config_args sleep 1000
	start_ct
	mkdir -p "$(cgroup_dir pids)/child/grandchild"
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

# ---------------------------------------------------------------- pause

@test "pause freezes every process, resume thaws it" {
	require_controller freezer
	own_rootfs
	config_sh 'i=0; while :; do i=$((i + 1)); echo $i >/count; usleep 2000; done'
	start_ct
	wait_for test -s "$ROOTFS/count"
	run rt pause "$ID"
	assert_ok
	assert_equal paused "$(ct_status)"
	local before after
	before=$(cat "$ROOTFS/count")
	sleep 0.08
	after=$(cat "$ROOTFS/count")
	assert_equal "$before" "$after" "count while paused"
	run rt resume "$ID"
	assert_ok
	assert_equal running "$(ct_status)"
	wait_for eval "[ \"\$(cat '$ROOTFS/count')\" != '$after' ]"
}

@test "kill KILL ends a paused container" {
	require_controller freezer
	config_args sleep 1000
	start_ct
	run rt pause "$ID"
	assert_ok
	run rt kill "$ID" KILL
	assert_ok
	wait_for status_is stopped
	run rt delete "$ID"
	assert_ok
	assert_nothing_left
}

# ---------------------------------------------------------------- run in the foreground

@test "run forwards signals to the command" {
	own_rootfs
	config_sh 'for s in HUP INT USR1 USR2 WINCH; do trap "echo $s >>/signals" $s; done; trap "echo TERM >>/signals; exit 9" TERM
		echo ready >/ready; while :; do sleep 0.02; done'
	"$BIVY_RUNTIME" --root "$STATE" run -b "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&- &
	local pid=$! name sent=0
	own_pid "$pid"
	wait_for test -e "$ROOTFS/ready"
	for name in HUP USR1 USR2 TERM; do
		kill -s "$name" "$pid"
		sent=$((sent + 1))
		wait_for eval "[ \$(wc -l <'$ROOTFS/signals') -eq $sent ]"
	done
	status=0
	wait "$pid" || status=$?
	assert_equal 9 "$status"
	assert_equal "HUP USR1 USR2 TERM" "$(tr '\n' ' ' <"$ROOTFS/signals" | sed 's/ $//')"
	assert_nothing_left
}

@test "a runtime killed in the foreground leaves a container that can be deleted" {
	config_args sleep 1000
	"$BIVY_RUNTIME" --root "$STATE" run -b "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&- &
	local pid=$!
	own_pid "$pid"
	wait_for status_is running
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || true
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

@test "run reaps orphans of the container" {
	config_sh 'for i in 1 2 3 4 5; do (sleep 0.01 &) ; done; sleep 0.1; exit 4'
	run_ct
	assert_fails 4
	assert_nothing_left
}

@test "twenty runs at once all succeed" {
	config_sh 'echo "$$ ok"'
	local i pids=() failed=0
	for i in {1..20}; do
		mkdir "$WORK/b$i"
		jq -c --arg c "$CGROUP-$i" '.linux.cgroupsPath = $c' "$BUNDLE/config.json" >"$WORK/b$i/config.json"
		rt run -b "$WORK/b$i" "$ID-$i" </dev/null >"$WORK/out.$i" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || failed=$((failed + 1)); done
	assert_equal 0 "$failed" "failed runs"
	assert_equal 20 "$(cat "$WORK"/out.* | grep -cx '1 ok')" "good outputs"
	assert_nothing_left
}

@test "two containers may share a bundle" {
	config_args sleep 1000
	start_ct
	config '.linux.cgroupsPath += "-b"'
	ID=$ID-b
	start_ct
	assert_equal running "$(ct_status)"
	run rt delete --force "$ID"
	assert_ok
	assert_equal running "$(ct_status "${ID%-b}")"
}

# ---------------------------------------------------------------- descriptors that are handed in

@test "--preserve-fds passes exactly the descriptors asked for" {
	config_sh 'cat <&3; echo more >&4; ls /proc/self/fd | tr "\n" " "; [ ! -e /proc/self/fd/5 ] && echo none'
	echo content >"$WORK/three"
	timeout 60 "$BIVY_RUNTIME" --root "$STATE" run -b "$BUNDLE" --preserve-fds 2 "$ID" </dev/null >"$WORK/res" 2>&1 \
		3<"$WORK/three" 4>"$WORK/four" 5</dev/null
	grep -qx content "$WORK/res"
	assert_equal more "$(cat "$WORK/four")"
	grep -q 'none$' "$WORK/res"
}

@test "--preserve-fds with a closed descriptor is refused" {
	only_ours "a Go program has descriptors of its own in that place"
	status=0
	"$BIVY_RUNTIME" --root "$STATE" run -b "$BUNDLE" --preserve-fds 3 "$ID" </dev/null >"$WORK/out" 2>&1 3>&- 4>&- 5>&- ||
		status=$?
	output=$(<"$WORK/out")
	assert_refused "descriptor 3"
}

@test "no descriptor of the caller reaches the container" {
	config_sh 'ls /proc/self/fd | wc -l'
	timeout 60 "$BIVY_RUNTIME" --root "$STATE" run -b "$BUNDLE" "$ID" </dev/null >"$WORK/res" 2>&1 \
		3<"$BUNDLE/config.json" 7<"$BUNDLE/config.json" 9</dev/null
	# 0, 1, 2 and the one with which ls reads the directory.
	assert_equal 4 "$(cat "$WORK/res")"
}

# As sd_listen_fds(3): the variables count only when LISTEN_PID is the runtime itself, hence the shell that execs it.
listening_run() {
	LISTEN_FDS=1 timeout 60 sh -c 'LISTEN_PID=${1:-$$}; export LISTEN_PID; shift; exec "$@"' sh "$1" \
		"$BIVY_RUNTIME" --root "$STATE" run -b "$BUNDLE" "$ID" </dev/null 2>&1 3<"$WORK/three"
}

@test "LISTEN_FDS hands sockets over, with LISTEN_PID set to the container's process" {
	config_sh 'echo "$LISTEN_FDS $LISTEN_PID $$"; cat <&3'
	echo content >"$WORK/three"
	listening_run "" >"$WORK/res"
	assert_equal "$(printf '1 1 1\ncontent')" "$(cat "$WORK/res")"
}

@test "LISTEN_FDS meant for another process hands nothing over" {
	config_sh 'echo "[$LISTEN_FDS]"; [ -e /proc/self/fd/3 ] || echo none'
	echo content >"$WORK/three"
	listening_run 1 >"$WORK/res"
	assert_equal "$(printf '[]\nnone')" "$(cat "$WORK/res")"
}

@test "NOTIFY_SOCKET: a detached run waits for READY and hands it on" {
	require_python
	"$PYTHON" "$TESTS_DIR/lib/helper.py" notify "$WORK/notify" "$WORK/notified" 3>&- &
	own_pid $!
	wait_for test -S "$WORK/notify"
	# The container talks to a socket of the runtime, never to the host's.
	config '.mounts += [{destination: "/tmp", type: "bind", source: $w, options: ["bind"]}]' --arg w "$WORK"
	cp "$TESTS_DIR/lib/helper.py" "$WORK/"
	config_sh 'echo "$NOTIFY_SOCKET" >/tmp/env; [ -S "$NOTIFY_SOCKET" ] && echo socket >>/tmp/env
		while [ ! -e /tmp/go ]; do usleep 5000; done; sleep 1000'
	NOTIFY_SOCKET=$WORK/notify rt run -d -b "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1 &
	local runtime=$!
	own_pid "$runtime"
	wait_for grep -q socket "$WORK/env"
	local inside
	inside=$(head -n 1 "$WORK/env")
	[ "$inside" != "$WORK/notify" ]
	kill -0 "$runtime"
	local pid
	wait_for status_is running
	pid=$(ct_pid)
	"$PYTHON" -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"READY=1\nMAINPID=1\n", sys.argv[1])' "/proc/$pid/root$inside"
	wait "$runtime"
	wait_for grep -q READY=1 "$WORK/notified"
	# The host is told the process id as the host has it; what the container says of ids does not cross over.
	wait_for grep -qx "MAINPID=$pid" "$WORK/notified"
	! grep -qx "MAINPID=1" "$WORK/notified"
	assert_equal running "$(ct_status)"
}

@test "run ends what others put into the container's groups, and removes them" {
	local file other joined=
	mkfifo "$WORK/gate"
	config '.mounts += [{destination: "/gate", type: "bind", source: $w, options: ["bind"]}]' --arg w "$WORK"
	own_rootfs
	config_sh 'read line </gate/gate'
	rt run --bundle "$BUNDLE" "$ID" </dev/null &
	local runtime=$!
	wait_for status_is running
	sleep 300 &
	other=$!
	for file in $(jq -r '.groups[] | .hierarchy + .path + "/cgroup.procs"' "$STATE/$ID/state.json"); do
		echo "$other" >"$file"
		joined=1
	done
	[ -n "$joined" ]
	timeout 10 sh -c 'echo end >"$1"' sh "$WORK/gate"
	wait "$runtime"
	! kill -0 "$other" 2>/dev/null
	assert_nothing_left
}
