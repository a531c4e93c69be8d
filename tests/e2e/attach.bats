# Streams and terminals of containers: run, start, attach and exec, as pipes and as a person at a terminal has them.

bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

# at_terminal STEP… -- COMMAND…: bivy COMMAND at a terminal (lib/terminal.py); what was shown is the output.
at_terminal() {
	local steps=()
	while [ "$1" != -- ]; do steps+=("$1"); shift; done
	shift
	run timeout -k 5 60 "$PYTHON" "$TESTS_DIR/lib/terminal.py" "${steps[@]}" -- "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" "$@"
}

@test "pipes: exact bytes both ways, and the exit status" {
	head -c 3000000 /dev/urandom >bytes
	bivy run -i --rm busybox sh -c 'cat; exit 7' <bytes >got && status=0 || status=$?
	[ "$status" -eq 7 ]
	cmp bytes got
	mkdir tree && cp bytes tree/a && ln -s a tree/b
	tar c -C tree . | bivy run -i --rm busybox sh -c 'mkdir /x && tar x -C /x && tar c -C /x .' | tar x --one-top-level=back
	cmp bytes back/a
	[ "$(readlink back/b)" = a ]
}

@test "the error stream is another" {
	bivy run --rm busybox sh -c 'echo out; echo err >&2' >out 2>err
	[ "$(cat out) $(cat err)" = "out err" ]
}

@test "the end of the input is passed on, and output goes on behind it" {
	run bivy run -i --rm busybox sh -c 'wc -c; sleep 0.1; echo after' <<<12345
	assert_ok
	assert_equal $'6\nafter' "$output"
	# Without -i there is none.
	run bivy run --rm busybox wc -c <<<12345
	assert_equal 0 "$output"
}

@test "a reader that goes ends who writes, as in any pipe" {
	run timeout 20 bash -c "'$BIVY' --root '$SCRATCH/root' --run-root '$SCRATCH/run' run --rm busybox yes | head -n 1; echo \${PIPESTATUS[0]}"
	assert_equal $'y\n141' "$output"
}

@test "exec: streams, exit status, environment, user and directory" {
	bivy run -d --name web -e A=a busybox sleep 100 >/dev/null
	run bivy exec -i web sh -c 'cat; echo err >&2; exit 9' <<<in
	[ "$status" -eq 9 ]
	assert_equal $'in\nerr' "$output"
	run bivy exec -e B=b -u user -w /tmp web sh -c 'echo $A $B $(id -un) $(id -Gn) $PWD $HOME'
	assert_equal 'a b user user wheel audio /tmp /home/user' "$output"
	run -127 bivy exec web nothing
	assert_one_line
	run bivy exec web /etc/passwd
	[ "$status" -eq 126 ]
	run bivy exec -u nobody2 web true
	[ "$status" -eq 1 ]
	assert_has "cannot execute in the container 'web': no such user 'nobody2'"
	bivy exec -d web touch /done
	wait_for bivy exec web test -e /done
}

@test "exec in what does not run is told" {
	bivy create --name web busybox true >/dev/null
	run bivy exec web true
	[ "$status" -eq 1 ]
	assert_equal "bivy: cannot execute in the container 'web': it is not running
hint: 'bivy start web' starts it" "$output"
	run bivy attach web
	[ "$status" -eq 1 ]
	assert_equal "bivy: cannot attach to the container 'web': it is not running
hint: 'bivy start --attach web' starts it" "$output"
}

@test "signals are passed on without a terminal" {
	become_bivy run --rm --name web busybox sh -c 'trap "echo got; exit 5" USR1; echo ready; while :; do sleep 0.05; done' >out &
	own_pid $!
	wait_for grep -q ready out
	kill -USR1 $!
	wait $! && status=0 || status=$?
	[ "$status" -eq 5 ]
	grep -q got out
	# One that its first process has no handler for ends it all the same.
	become_bivy run --rm busybox sh -c 'echo ready; exec sleep 100' >out2 &
	own_pid $!
	wait_for grep -q ready out2
	kill -TERM $!
	wait $! && status=0 || status=$?
	[ "$status" -eq 143 ]
}

@test "a terminal: its size, raw mode, and the terminal as it was afterwards" {
	require_python
	at_terminal size:33x77 expect:'# ' raw 'type:stty size\r' expect:'33 77' size:40x99 'type:sleep 0.1; stty size\r' expect:'40 99' 'type:exit 6\r' \
		-- run -it --rm -e PS1='# ' busybox
	[ "$status" -eq 6 ]
	at_terminal expect:'# ' 'type:trap "echo caught" INT\r' 'type:\x03' expect:caught 'type:\x04' -- run -it --rm -e PS1='# ' busybox
	assert_ok
	# Around it, a shell of ours sees the same settings as before.
	run timeout 60 "$PYTHON" "$TESTS_DIR/lib/terminal.py" -- bash -c "stty -g; '$BIVY' --root '$SCRATCH/root' --run-root '$SCRATCH/run' run -it --rm busybox true; stty -g"
	assert_equal "${lines[0]}" "${lines[1]}"
}

@test "detach keys leave it running, attach comes back" {
	require_python
	at_terminal expect:'# ' 'type:x=kept\r' expect:'# ' 'type:\x10\x11' cooked -- run -it --name web -e PS1='# ' busybox
	assert_ok
	[ "$(state_of web)" = running ]
	at_terminal raw 'type:echo $x\r' expect:$'\nkept' 'type:a\x18' cooked -- attach --detach-keys ctrl-x web
	assert_ok
	at_terminal raw 'type:\x08exit 4\r' -- attach web
	[ "$status" -eq 4 ]
	bivy start web >/dev/null
	run bivy attach --detach-keys ctrl-1 web
	assert_has "cannot use the detach keys 'ctrl-1'"
	at_terminal raw 'type:exit 3\r' -- attach web
	[ "$status" -eq 3 ]
}

@test "exec with a terminal" {
	require_python
	bivy run -d --name web busybox sleep 100 >/dev/null
	at_terminal size:20x60 expect:'# ' 'type:stty size; echo $TERM; tty\r' expect:'20 60' expect:xterm expect:/dev/pts/ 'type:exit 8\r' \
		-- exec -it -e PS1='# ' web sh
	[ "$status" -eq 8 ]
	run bivy exec -it web true </dev/null
	[ "$status" -eq 1 ]
	assert_has "the input device is not a TTY"
}

@test "start --attach --interactive" {
	bivy create -i --name web busybox sh -c 'read x; echo "got $x"; exit 3' >/dev/null
	run bivy start -ai web <<<hello
	[ "$status" -eq 3 ]
	assert_equal "got hello" "$output"
	run bivy start nothing web
	[ "$status" -eq 1 ]
	assert_has "no such container 'nothing'"
}

@test "two who attach see the same" {
	bivy run -d -i --name web busybox sh -c 'read x; echo "got $x"; exit 2' >/dev/null
	become_bivy attach --no-stdin web >one &
	own_pid $!
	first=$!
	sleep 0.1
	run bivy attach web <<<hello
	[ "$status" -eq 2 ]
	assert_equal "got hello" "$output"
	wait "$first" && status=0 || status=$?
	[ "$status" -eq 2 ]
	[ "$(cat one)" = "got hello" ]
}

@test "a client that is killed changes nothing" {
	local moment=0.3

	[ "${BIVY_TEST_SLOW:-1}" = 1 ] || moment=$(slow 1)
	become_bivy run --name web busybox sh -c "echo one; sleep $moment; echo two; exit 4" >out &
	own_pid $!
	wait_for grep -q one out
	kill -9 $!
	run bivy wait web
	assert_equal 4 "$output"
	[ "$(bivy logs web)" = $'one\ntwo' ]
	# With --rm it goes all the same.
	become_bivy run --rm --name job busybox sh -c "echo one; sleep $moment" >out2 &
	own_pid $!
	wait_for grep -q one out2
	kill -9 $!
	wait_for bash -c "! '$BIVY' --root '$SCRATCH/root' --run-root '$SCRATCH/run' inspect job >/dev/null 2>&1"
}
