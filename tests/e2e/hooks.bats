# Hooks: when each of the six kinds runs, where, with what on its standard input, and what its failure means.

load ../lib/common

setup() {
	common_setup
	own_rootfs
	mkdir "$ROOTFS/hooks"
}

# hook KIND NAME [SCRIPT]: adds a hook that appends NAME to $WORK/order, keeps its standard input as $WORK/NAME.json and
# runs SCRIPT. A hook inside the container (startContainer) writes the same below $ROOTFS/hooks instead.
hook() {
	local dir=$WORK path=$WORK/$2.sh
	if [ "$1" = startContainer ]; then
		dir=/hooks
		path=/hooks/$2.sh
		hook_file "$ROOTFS$path" "$dir" "$2" "${3:-}"
	else
		hook_file "$path" "$dir" "$2" "${3:-}"
	fi
	config '.hooks[$k] += [{path: $p}]' --arg k "$1" --arg p "$path"
}

# hook_file FILE DIR NAME SCRIPT: the script of a hook.
hook_file() {
	printf '#!/bin/sh\ncat >%s/%s.json\necho %s >>%s/order\n%s\n' "$2" "$3" "$3" "$2" "$4" >"$1"
	chmod 755 "$1"
}

# order: the hooks that ran outside so far.
order() { echo $(cat "$WORK/order" 2>/dev/null); }

# of NAME EXPR: a field of the state that a hook was given.
of() {
	local file=$WORK/$1.json
	[ -e "$file" ] || file=$ROOTFS/hooks/$1.json
	jq -r "$2" "$file"
}

@test "each kind runs at its time, several of a kind in their order" {
	hook prestart p1
	hook prestart p2
	hook createRuntime r1
	hook createRuntime r2
	hook createContainer c1
	hook createContainer c2
	hook startContainer s1 'echo "command ran: $(ls -d /hooks/ran 2>/dev/null)" >/hooks/s1.note'
	hook startContainer s2
	hook poststart o1
	hook poststart o2
	hook poststop e1
	hook poststop e2
	config_sh 'echo >/hooks/ran; exec sleep 1000'
	create_ct
	# runc 1.1 runs poststart hooks at the end of create.
	is_reference || assert_equal "p1 p2 r1 r2 c1 c2" "$(order)" "after create"
	[ ! -e "$ROOTFS/hooks/order" ]
	run rt start "$ID"
	assert_ok
	assert_equal "p1 p2 r1 r2 c1 c2 o1 o2" "$(order)" "after start"
	assert_equal "s1 s2" "$(echo $(cat "$ROOTFS/hooks/order"))" "inside"
	assert_equal "command ran: " "$(cat "$ROOTFS/hooks/s1.note")"
	run rt kill "$ID" KILL
	wait_for status_is stopped
	assert_equal "p1 p2 r1 r2 c1 c2 o1 o2" "$(order)" "after the end"
	run rt delete "$ID"
	assert_ok
	assert_equal "p1 p2 r1 r2 c1 c2 o1 o2 e1 e2" "$(order)" "after delete"
	assert_nothing_left
}

@test "every hook is given the state of the container on its standard input" {
	config '.annotations = {"org.example.key": "value with \"quotes\""}'
	hook prestart pre
	hook createRuntime rt
	hook createContainer cc
	hook startContainer sc
	hook poststart post
	hook poststop stop
	config_args sleep 1000
	create_ct
	local pid name
	pid=$(ct_pid)
	run rt start "$ID"
	assert_ok
	run rt delete --force "$ID"
	assert_ok
	for name in pre rt cc sc post stop; do
		assert_equal "$ID" "$(of $name .id)" "id for $name"
		assert_equal "$BUNDLE" "$(of $name .bundle)" "bundle for $name"
		assert_equal 'value with "quotes"' "$(of $name '.annotations["org.example.key"]')" "annotation for $name"
		of $name .ociVersion | grep -Eq '^1\.[0-9]+\.[0-9]+'
	done
	assert_equal "creating $pid" "$(of pre '"\(.status) \(.pid)"')"
	assert_equal "creating $pid" "$(of rt '"\(.status) \(.pid)"')"
	assert_equal creating "$(of cc .status)"
	assert_equal created "$(of sc .status)"
	is_reference || assert_equal "running $pid" "$(of post '"\(.status) \(.pid)"')"
	assert_equal stopped "$(of stop .status)"
	# Inside the container's pid namespace the process is number 1.
	assert_equal 1 "$(of sc .pid)"
}

@test "hooks get exactly the arguments and environment that are configured" {
	printf '#!/bin/sh\n{ for a; do echo "<$a>"; done; env; } >%s/seen\n' "$WORK" >"$WORK/h.sh"
	chmod 755 "$WORK/h.sh"
	config '.hooks.createRuntime = [{path: $p, args: ["zero", "one", "two words", ""], env: ["A=1", "B=x=y"]}]' --arg p "$WORK/h.sh"
	LEAK=1 run_ct
	assert_ok
	assert_equal "<one> <two words> <> A=1 B=x=y" "$(echo $(grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD= "$WORK/seen"))"
}

@test "a hook without an environment has its caller's, inside the container the process's" {
	hook createRuntime outside "echo \"\$GIVEN\" >$WORK/seen"
	hook startContainer inside 'echo "$GIVEN $HOME" >/hooks/seen'
	config '.process.env += ["GIVEN=by the configuration"] | .process.user.uid = 0'
	GIVEN="by the caller" run_ct
	assert_ok
	assert_equal "by the caller" "$(cat "$WORK/seen")"
	assert_equal "by the configuration /root" "$(cat "$ROOTFS/hooks/seen")"
}

@test "the working directory of createContainer hooks is the root" {
	hook createContainer here 'echo made >./by-hook'
	config_args cat /by-hook
	run_ct
	assert_ok
	assert_output made
}

@test "hooks outside run in the caller's namespaces, inside in the container's" {
	local script='{ readlink /proc/self/ns/mnt; readlink /proc/self/ns/uts; }'
	hook prestart pre "$script >$WORK/pre.ns"
	hook createRuntime rt "$script >$WORK/rt.ns"
	hook createContainer cc "$script >$WORK/cc.ns; [ -e $ROOTFS/hooks ] && echo path >>$WORK/cc.ns"
	hook startContainer sc "$script >/hooks/sc.ns; pwd >/hooks/sc.pwd"
	hook poststart post "$script >$WORK/post.ns"
	hook poststop stop "$script >$WORK/stop.ns"
	config_args sleep 1000
	start_ct
	local pid name
	pid=$(ct_pid)
	readlink "/proc/$pid/ns/mnt" "/proc/$pid/ns/uts" >"$WORK/inside"
	readlink /proc/self/ns/mnt /proc/self/ns/uts >"$WORK/outside"
	! is_reference || wait_for test -s "$ROOTFS/hooks/sc.pwd"
	run rt delete --force "$ID"
	assert_ok
	for name in pre rt post stop; do cmp "$WORK/outside" "$WORK/$name.ns"; done
	# createContainer: in the container's namespaces, and the caller's paths still resolve.
	assert_equal "$(cat "$WORK/inside") path" "$(head -n 2 "$WORK/cc.ns") $(tail -n 1 "$WORK/cc.ns")"
	cmp "$WORK/inside" "$ROOTFS/hooks/sc.ns"
}

@test "a createRuntime hook can set up the container's network namespace" {
	require_program nsenter util-linux
	hook createRuntime net "nsenter -t \$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/' $WORK/net.json) -n ip link set lo up"
	require_program ip iproute2
	config_sh 'ip link show lo | grep -o -m 1 LOWER_UP'
	run_ct
	assert_ok
	assert_output LOWER_UP
}

# ---------------------------------------------------------------- failures

@test "a failing hook before the start fails create, by name, runs no later hook and leaves nothing" {
	local kind
	for kind in prestart createRuntime createContainer; do
		config 'del(.hooks)'
		rm -f "$WORK/order"
		hook $kind first
		hook $kind bad 'exit 3'
		hook $kind later
		hook poststart after
		detached create --bundle "$BUNDLE" "$ID"
		assert_fails 1
		is_reference || assert_one_line
		assert_has "exit status 3"
		is_reference || assert_has "$WORK/bad.sh"
		assert_equal "first bad" "$(order)" "$kind hooks"
		assert_nothing_left
		detached run --bundle "$BUNDLE" "$ID"
		assert_fails 1
		assert_nothing_left
	done
}

@test "poststop hooks run when create fails in a hook" {
	only_ours "runc 1.1 leaves them out"
	hook createRuntime bad 'exit 3'
	hook poststop stop
	detached create --bundle "$BUNDLE" "$ID"
	assert_fails 1
	assert_equal "bad stop" "$(order)"
	assert_nothing_left
}

@test "a failing startContainer hook keeps the command from running and fails start" {
	hook startContainer bad 'exit 4'
	config_sh 'echo >/hooks/ran'
	create_ct
	run rt start "$ID"
	is_reference || assert_fails 1
	wait_for status_is stopped
	[ ! -e "$ROOTFS/hooks/ran" ]
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

@test "a failing poststart hook stops the container and fails start" {
	only_ours "runc 1.1 runs poststart hooks at the end of create"
	hook poststart bad 'exit 5'
	config_args sleep 1000
	create_ct
	local pid
	pid=$(ct_pid)
	run rt start "$ID"
	assert_fails 1
	is_reference || assert_one_line
	assert_has "exit status 5"
	wait_for gone "$pid"
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

@test "a failing poststop hook is only a warning; the later ones run and delete succeeds" {
	hook poststop bad 'exit 6'
	hook poststop later
	config_args true
	start_ct
	wait_for status_is stopped
	run rt delete "$ID"
	assert_ok
	assert_has "exit status 6"
	is_reference || assert_equal "bad later" "$(order)"
	assert_nothing_left
}

@test "a hook that a signal ends is a failure that names the signal" {
	hook createRuntime bad 'kill -USR1 $$'
	detached create --bundle "$BUNDLE" "$ID"
	assert_fails 1
	assert_has signal
	assert_nothing_left
}

@test "a hook that does not exist or cannot be executed fails create" {
	config '.hooks.createRuntime = [{path: "/no/such/hook"}]'
	detached create --bundle "$BUNDLE" "$ID"
	assert_fails 1
	assert_has /no/such/hook
	assert_nothing_left
	config '.hooks.createRuntime = [{path: "/etc/passwd"}]'
	detached create --bundle "$BUNDLE" "$ID"
	assert_fails 1
	assert_has /etc/passwd
	assert_nothing_left
}

@test "a hook that runs longer than its timeout is killed and has failed" {
	hook createRuntime slow 'exec sleep 1000'
	config '.hooks.createRuntime[0].timeout = 1'
	local start=$SECONDS
	detached create --bundle "$BUNDLE" "$ID"
	assert_fails 1
	assert_has "time"
	[ $((SECONDS - start)) -lt 20 ]
	assert_nothing_left
	! pgrep -f "sleep 1000" -P 1 >/dev/null || ! pgrep -af "$WORK/slow.sh"
}

@test "a hook within its timeout is left alone" {
	hook createRuntime quick
	config '.hooks.createRuntime[0].timeout = 30'
	run_ct
	assert_ok
	assert_equal quick "$(order)"
}

@test "a hook that reads none of a large state does no harm" {
	config '.annotations = {big: $b}' --arg b "$(printf 'x%.0s' {1..100000})"
	config '.hooks.createRuntime = [{path: "/bin/true"}]'
	hook poststop stop
	run_ct
	assert_ok
	assert_equal 100000 "$(of stop '.annotations.big | length')"
	assert_nothing_left
}

@test "hooks run for run, and poststop after the command's end" {
	hook createRuntime rt
	hook poststart post
	hook poststop stop "[ -e $ROOTFS/hooks/ran ] && echo ran >>$WORK/order"
	config_sh 'usleep 50000; echo >/hooks/ran; exit 9'
	run_ct
	assert_fails 9
	assert_equal "rt post stop ran" "$(order)"
	assert_nothing_left
}
