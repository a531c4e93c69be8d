# Hostile containers: what commands that look into a running container find there.

bats_require_minimum_version 1.5.0
load lib/rows

# a_victim [OPTION…] [-- SCRIPT]: the container `evil`, in which SCRIPT has run.
a_victim() {
	local options=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
	bivy run -d --name evil --network none "${options[@]}" busybox sh -c "${2:-true}
		touch /made; sleep 100" >/dev/null
	ROOT_OF=/proc/$(bivy inspect -f '{{.State.Pid}}' evil)/root
	wait_for test -e "$ROOT_OF/made"
}

# quickly COMMAND…: bounded in time and memory; status 124: it hangs.
quickly() { run timeout -k 2 "$(slow 5)" bash -c 'ulimit -v 4000000; exec "$@"' sh "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" "$@" </dev/null; }
assert_no_hang() { [ "$status" -ne 124 ] && [ "$status" -ne 137 ] || fail "HIT: it hangs: $*" "$output"; }

@test "exec finds a FIFO for /etc/passwd" {
	a_victim -- 'rm /etc/passwd /etc/group; mkfifo /etc/passwd /etc/group'
	quickly exec -u user evil true
	assert_no_hang exec
	assert_fails
	run -124 timeout 1 cat "$ROOT_OF/etc/passwd"
	row "exec -u: /etc/passwd is a FIFO" "only regular files are read" "cat(1): hangs"
}

@test "exec finds a link to the host for /etc/passwd" {
	echo "intruder:x:4242:0::/:/bin/sh" >passwd
	a_victim -- "rm /etc/passwd; ln -s '$PWD/passwd' /etc/passwd"
	quickly exec -u intruder evil id -u
	[[ $output != *4242* ]] || fail "HIT: $output"
	assert_fails
	grep -q 4242 "$ROOT_OF/etc/passwd" || fail "no attack"
	row "exec -u: /etc/passwd is a link to the host" "paths resolve within the root (openat2(2))" "by name: succeeds"
}

@test "exec finds a file without end for /etc/passwd" {
	a_victim -- 'truncate -s 20G /etc/passwd'
	quickly exec -u user evil true
	assert_no_hang exec
	run -1 bash -c 'ulimit -v 4000000; exec "$@"' sh "$PYTHON" -c 'import sys; open(sys.argv[1]).read()' "$ROOT_OF/etc/passwd"
	row "exec -u: /etc/passwd of 20 GB" "what is read is bounded" "a program that reads it all: out of memory"
}

@test "exec finds its command to be a device, a FIFO or a link" {
	a_victim -- 'mkfifo -m 755 /bin/fifo; ln -s /proc/self/exe /bin/self; ln -s /proc/1/fd/0 /bin/input; ln -s /bin/loop /bin/loop; mkdir /bin/directory'
	local name
	for name in fifo self input loop directory; do
		quickly exec evil /bin/$name
		assert_no_hang "exec /bin/$name"
		[ "$status" -ge 125 ] || [ "$name" = self ] || fail "exec /bin/$name: status $status" "$output"
	done
	quickly exec -w /bin/loop evil true
	assert_fails
	run -124 timeout 1 cat "$ROOT_OF/bin/fifo"
	row "exec: the command is a FIFO, a link to itself or to the runtime" "execve(2) takes regular files; the runtime shows no file of its own" "cat(1): hangs"
}

@test "cp meets FIFOs and devices" {
	a_victim -- 'mkdir /d; mkfifo /d/fifo /d/other; ln -s /proc/1/fd/0 /d/link; echo x >/d/file'
	quickly cp evil:/d out
	assert_no_hang "cp of a directory"
	[ ! -e out/fifo ] || [ -p out/fifo ]
	echo text >file
	quickly cp file evil:/d/fifo
	assert_no_hang "cp to a FIFO"
	quickly cp evil:/d/fifo out2
	assert_no_hang "cp of a FIFO"
	quickly cp -L evil:/d/link out3
	assert_no_hang "cp of a link"
	run -124 timeout 1 cp "$ROOT_OF/d/other" out4
	run -124 timeout 1 cp file "$ROOT_OF/d/other"
	row "cp: FIFOs in its way" "only regular files are opened for their contents" "cp(1): hangs"
}

@test "a container leads export, commit and diff by links to the host" {
	local exchange name
	exchange=$(test_program exchange)
	mkdir canary tools && echo "of the host" >canary/host-file && cp "$exchange" tools/exchange
	a_victim -v "$PWD/tools:/tools:ro" -- "mkdir /race && echo inner >/race/inner && ln -s '$PWD/canary' /link && /tools/exchange 60 /race /link &"
	for name in 1 2 3; do
		bivy export evil >exported.tar 2>/dev/null || true
		! tar xOf exported.tar 2>/dev/null | grep -q "of the host" || fail "HIT: export read from the host"
		! bivy diff evil 2>/dev/null | grep host-file || fail "HIT: diff looks at the host"
	done
	bivy commit evil raced >/dev/null 2>&1 && ! bivy run --rm --network none raced find / -name host-file 2>/dev/null | grep . || [ -z "$(bivy images -q raced)" ] ||
		fail "HIT: commit read from the host"
	for name in {1..3000}; do
		! grep -q "of the host" "$ROOT_OF/race/host-file" 2>/dev/null || break
	done
	grep -q . canary/host-file && [ "$name" -lt 3000 ] || fail "no attack"
	row "export, commit, diff: directories that alternate with links to the host" "walks by descriptor" "by name: succeeds"
}

@test "processes with names that command a terminal" {
	a_victim -- 'n=$(printf "x\033[2Jy"); printf "#!/bin/sh\nsleep 50; true\n" >"/tmp/$n"; chmod 755 /tmp/x*; "/tmp/$n" &'
	quickly top evil
	assert_ok
	assert_has "[2Jy"
	[[ $output != *$'\e'* ]] || fail "HIT: it commands the terminal: $(cat -v <<<"$output")"
	run bivy exec evil sh -c 'cat /proc/[0-9]*/cmdline'
	[[ $output == *$'\e'* ]] || fail "no attack"
	row "top: processes with names that command a terminal" "control characters are replaced" "of /proc as it is: they come through"
}

@test "a health check that never ends and says without end" {
	a_victim --health-cmd 'yes without end' --health-interval 1s --health-timeout 1s --health-retries 1
	is_unhealthy() { [ "$(bivy inspect -f '{{.State.Health.Status}}' evil)" = unhealthy ]; }
	wait_for is_unhealthy
	run bivy inspect evil
	[ ${#output} -lt 60000 ] || fail "HIT: its output is kept: ${#output} bytes"
	assert_has "without end"
	[ "$(bivy exec evil sh -c 'yes without end | head -c 100000 | wc -c')" = 100000 ]
	row "a health check that never ends and says without end" "its time and what is kept of it are bounded" "executed by hand, it says more"
}

@test "processes that stop whoever comes in" {
	a_victim -- '(while :; do for p in /proc/[0-9]*; do p=${p#/proc/}; [ $p = 1 ] || [ $p = $$ ] || kill -STOP $p; done; done) 2>/dev/null &'
	"$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" exec evil sleep 60 </dev/null >/dev/null 2>&1 3>&- 4>&- &
	own_pid $!
	is_stopped() { grep -lqs '^State:.T' "$ROOT_OF"/proc/[0-9]*/status; }
	wait_for is_stopped
	quickly inspect evil
	assert_ok
	quickly stop -t 1 evil
	assert_no_hang stop
	[ "$(bivy inspect -f '{{.State.Running}}' evil)" = false ]
	row "SIGSTOP to all that is executed in a container" "no command waits for what is inside" "what is executed is stopped"
}
