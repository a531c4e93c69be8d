# Terminals: created for the container, handed over a console socket or served in the foreground, with their size.

load ../lib/common

setup() {
	require_python
	common_setup
	config '.process.terminal = true'
}

# console_at NAME [TEXT [CUE]]: a process that receives a terminal at $WORK/NAME, types TEXT (when CUE was shown), copies to $WORK/NAME.out.
console_at() {
	"$PYTHON" "$TESTS_DIR/lib/helper.py" console "$WORK/$1" "$WORK/$1.out" "${2:-}" "${3:-}" >"$WORK/$1.err" 2>&1 3>&- &
	own_pid $!
	wait_for test -S "$WORK/$1"
}

# shown NAME: what the terminal received at NAME showed after its first line, without carriage returns.
shown() { tail -n +2 "$WORK/$1.out" | tr -d '\r'; }

# on_pty ROWSxCOLS[,ROWSxCOLS@CUE] ARGUMENT…: the runtime in the foreground of a terminal of that size, which changes to the
# second one when CUE was shown; what it shows, without carriage returns, is the output, the status its status.
on_pty() {
	local size=$1
	shift
	status=0
	timeout -k 5 60 "$PYTHON" "$TESTS_DIR/lib/helper.py" pty "$size" "$BIVY_RUNTIME" --root "$STATE" "$@" \
		>"$WORK/shown" 2>&1 3>&- || status=$?
	output=$(tr -d '\r' <"$WORK/shown")
}

@test "create sends the terminal over the console socket" {
	console_at con
	config_sh 'tty; test -t 0 && test -t 1 && test -t 2 && echo all'
	create_ct --console-socket "$WORK/con"
	run rt start "$ID"
	assert_ok
	wait_for test -e "$WORK/con.out.done"
	assert_equal "$(printf '/dev/pts/0\nall')" "$(shown con)"
	# The bytes beside the descriptor name it, as callers of runc expect.
	head -n 1 "$WORK/con.out" | grep -q '^name /dev/'
}

@test "what is typed into the terminal reaches the command" {
	console_at con 'hello\n'
	config_sh 'read line; echo "got $line"; exit 3'
	start_ct --console-socket "$WORK/con"
	wait_for test -e "$WORK/con.out.done"
	assert_equal "$(printf 'hello\ngot hello')" "$(shown con)"
}

@test "the terminal is the controlling one: /dev/tty opens and ^C interrupts" {
	console_at con '\x03' to-tty
	config_sh 'trap "echo interrupted; exit 0" INT; echo to-tty >/dev/tty; while :; do sleep 0.02; done'
	start_ct --console-socket "$WORK/con"
	wait_for test -e "$WORK/con.out.done"
	shown con | grep -q to-tty
	shown con | grep -q interrupted
}

@test "/dev/console is the terminal" {
	console_at con
	config_sh 'echo via-console >/dev/console; ls -l /dev/console | cut -c1'
	start_ct --console-socket "$WORK/con"
	wait_for test -e "$WORK/con.out.done"
	assert_equal "$(printf 'via-console\nc')" "$(shown con)"
}

@test "the terminal belongs to the container's user" {
	console_at con
	config '.process.user = {uid: 1000, gid: 1000}'
	config_sh 'stat -c %u "$(tty)"; echo writable >"$(tty)"'
	start_ct --console-socket "$WORK/con"
	wait_for test -e "$WORK/con.out.done"
	assert_equal "$(printf '1000\nwritable')" "$(shown con)"
}

@test "consoleSize is the terminal's first size" {
	console_at con
	config '.process.consoleSize = {height: 33, width: 77}'
	config_args stty size
	start_ct --console-socket "$WORK/con"
	wait_for test -e "$WORK/con.out.done"
	assert_equal "33 77" "$(shown con)"
}

@test "a terminal without a console socket cannot be detached" {
	detached create --bundle "$BUNDLE" "$ID"
	assert_refused "console"
	detached run --detach --bundle "$BUNDLE" "$ID"
	assert_refused "console"
}

@test "a console socket without a terminal is refused" {
	console_at con
	config '.process.terminal = false'
	detached create --bundle "$BUNDLE" --console-socket "$WORK/con" "$ID"
	assert_refused "console"
}

@test "a console socket that is not there is refused" {
	detached create --bundle "$BUNDLE" --console-socket "$WORK/nosuch" "$ID"
	assert_refused nosuch
	echo >"$WORK/file"
	detached create --bundle "$BUNDLE" --console-socket "$WORK/file" "$ID"
	assert_refused
}

# ---------------------------------------------------------------- the foreground

@test "run in the foreground of a terminal gives the command one of its own, of the same size" {
	config_sh 'tty; stty size; exit 5'
	on_pty 31x99 run --bundle "$BUNDLE" "$ID" </dev/null
	assert_fails 5
	assert_output "$(printf '/dev/pts/0\n31 99')"
	assert_nothing_left
}

@test "the size is there when the command begins, whatever the runtime is at" {
	config '.hooks.poststart = [{path: "/bin/sleep", args: ["sleep", "0.3"]}]'
	config_args stty size
	on_pty 31x99 run --bundle "$BUNDLE" "$ID" </dev/null
	assert_ok
	assert_output "31 99"
}

@test "what is typed in the foreground reaches the command, ^C too" {
	config_sh 'trap "echo interrupted; exit 4" INT; read line; echo "got $line"; while :; do sleep 0.02; done'
	{
		printf 'hello\n'
		wait_for grep -q 'got hello' "$WORK/shown"
		printf '\003'
		wait_for grep -q interrupted "$WORK/shown"
	} | on_pty 24x80 run --bundle "$BUNDLE" "$ID"
	grep -q interrupted "$WORK/shown"
	assert_nothing_left
}

@test "a change of the terminal's size goes through to the command" {
	# The first size may be told by a signal, too, when the trap is there already.
	config_sh 'trap "[ \"\$(stty size)\" = \"24 80\" ] || { stty size; exit 0; }" WINCH; echo ready; while :; do sleep 0.02; done'
	on_pty 24x80,50x120@ready run --bundle "$BUNDLE" "$ID" </dev/null
	assert_ok
	assert_output "$(printf 'ready\n50 120')"
	assert_nothing_left
}

@test "lines that a terminal's program writes into a pipe end without carriage returns, on a terminal with them" {
	only_ours "runc 1.1 runs only with a terminal of its own"
	config_args printf 'one\ntwo\n'
	run_ct
	assert_ok
	assert_output "$(printf 'one\ntwo')"
	on_pty 24x80 run --bundle "$BUNDLE" "$ID" </dev/null
	assert_ok
	assert_equal 2 "$(grep -c $'\r' "$WORK/shown")"
	config '.process.terminal = false'
	sleeper
	run rt exec --tty "$ID" echo line </dev/null
	assert_ok
	assert_output line
}

@test "run leaves the caller's terminal as it was" {
	config_args true
	cat >"$WORK/script" <<-'SCRIPT'
		stty -g >before
		"$BIVY_RUNTIME" --root "$1" run -b "$2" "$3"
		stty -g >after
	SCRIPT
	timeout 60 "$PYTHON" "$TESTS_DIR/lib/helper.py" pty 24x80 sh "$WORK/script" "$STATE" "$BUNDLE" "$ID" </dev/null 3>&-
	cmp "$WORK/before" "$WORK/after"
}

@test "run with a large output on a terminal loses nothing" {
	config_sh 'seq 1 20000'
	on_pty 24x80 run --bundle "$BUNDLE" "$ID" </dev/null
	assert_ok
	assert_equal "$(seq 1 20000 | md5sum)" "$(printf '%s\n' "$output" | md5sum)"
}

# ---------------------------------------------------------------- exec

# plain_sleeper: a container without a terminal to exec into.
plain_sleeper() {
	config '.process.terminal = false'
	sleeper
}

@test "exec --tty in the foreground of a terminal" {
	plain_sleeper
	on_pty 20x60 exec --tty "$ID" sh -c 'tty; stty size; exit 6' </dev/null
	assert_fails 6
	assert_has /dev/pts/0 "20 60"
}

@test "exec --tty --detach sends the terminal over the console socket" {
	plain_sleeper
	console_at con 'typed\n'
	detached exec --tty --detach --console-socket "$WORK/con" "$ID" sh -c 'read line; echo "got $line"'
	assert_ok
	wait_for test -e "$WORK/con.out.done"
	shown con | grep -q 'got typed'
}

@test "exec --process with a terminal and its size" {
	plain_sleeper
	console_at con
	cat >"$WORK/process.json" <<-'JSON'
		{"terminal": true, "consoleSize": {"height": 40, "width": 132}, "user": {"uid": 0, "gid": 0},
		 "args": ["stty", "size"], "env": ["PATH=/bin"], "cwd": "/"}
	JSON
	detached exec --process "$WORK/process.json" --detach --console-socket "$WORK/con" "$ID"
	assert_ok
	wait_for test -e "$WORK/con.out.done"
	assert_equal "40 132" "$(shown con)"
}

@test "exec --tty --detach without a console socket is refused" {
	plain_sleeper
	detached exec --tty --detach "$ID" true
	assert_fails
	assert_one_line
	assert_has console
	assert_equal running "$(ct_status)"
}
