# bivy-init: the first process of a container with --init, outside of one.
bats_require_minimum_version 1.5.0
export LC_ALL=C.UTF-8

setup() {
	[ -x "$BIVY_BUILD/bivy-init" ] || skip "missing: bivy-init in this build"
}

init() { timeout 20 "$BIVY_BUILD/bivy-init" "$@"; }

@test "its status is the command's" {
	run -7 init sh -c 'exit 7'
	run -143 init -- sh -c 'kill -TERM $$'
	run -127 init no-such-command
	[ "$output" = "bivy-init: cannot execute 'no-such-command': No such file or directory" ]
	run -126 init /etc/passwd
	run -125 init
	[ "$output" = "bivy-init: expected a command" ]
}

@test "every signal is passed on, real-time ones too" {
	local signal
	for signal in TERM WINCH 34 64; do
		run -9 init bash -c "trap 'exit 9' $signal; kill -$signal \$PPID; while :; do sleep 0.01; done"
	done
}

@test "orphans are reaped" {
	[ "$(id -u)" -eq 0 ] || skip "missing: root, for a namespace of process ids"
	run -0 unshare --pid --fork --mount-proc "$BIVY_BUILD/bivy-init" bash -c '
		for i in 1 2 3; do (: &) ; done
		for i in {1..200}; do grep -ls "^State:.Z" /proc/[0-9]*/status || exit 0; sleep 0.01; done
		exit 1'
}

@test "a stream ends when the command closes it" {
	mkfifo "$BATS_TEST_TMPDIR/go"
	"$BIVY_BUILD/bivy-init" sh -c 'exec >&-; read line <"$1"' sh "$BATS_TEST_TMPDIR/go" 3>&- | {
		result=0
		timeout 5 cat || result=$?
		echo on >"$BATS_TEST_TMPDIR/go"
		exit $result
	}
}
