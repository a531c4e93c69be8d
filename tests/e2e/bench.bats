# bench/run: that the suite runs, with bivy alone and few rounds, and leaves nothing behind. What it finds is for quiet machines to say.
bats_require_minimum_version 1.5.0
load ../lib/common

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	require_power "groups to measure in"
	unshare --net --mount --pid --cgroup --fork true 2>/dev/null || skip "needs namespaces of all kinds"
	command -v cc >/dev/null || skip "needs cc"
	export TMPDIR=$BATS_TEST_TMPDIR
}

# Nothing of a suite is on the host: no directory, no group, no mount, no process.
assert_nothing_left() {
	run -0 find "$TMPDIR" /sys/fs/cgroup -maxdepth 2 -name "bivy-bench.*"
	[ -z "$output" ] || { echo "$output"; fail "left behind"; }
	run ! grep "$TMPDIR/bivy-bench" /proc/self/mountinfo
	run ! pgrep -f "$TMPDIR/bivy-bench"
}

suite() { timeout -s KILL 100 "$BIVY_SOURCE/bench/run" -B "$BIVY_BUILD" --quick -n 1 --engines bivy "$@"; }

@test "bench/run measures bivy alone, writes results and draws them, and leaves nothing" {
	run -0 --separate-stderr suite --only exec,growth,footprint --json "$TMPDIR/results" --svg "$TMPDIR/svg"
	[[ $output == *"exec true"*"memory a container, of 10 (PSS)"*"500 kB"* ]]
	jq -e '.left_out == {} and .machine.processors > 0 and (.versions.bivy | length > 0)
		and ([.rows[].key] | contains(["exec.true", "growth.first", "growth.pss", "footprint.programs"]))
		and all(.rows[]; .values.bivy | length > 0 and all(. >= 0))
		and (.curves[] | select(.key == "start") | .series.bivy | length) == 10' "$TMPDIR/results"
	[ -s "$TMPDIR/svg/start.svg" ] && [ -s "$TMPDIR/svg/memory.svg" ]
	assert_nothing_left
	run -0 "$BIVY_SOURCE/bench/run" --draw "$TMPDIR/results" --svg "$TMPDIR/again"
	cmp "$TMPDIR/svg/start.svg" "$TMPDIR/again/start.svg"
}

@test "bench/run leaves nothing when it is interrupted, and what a killed one left goes with the next" {
	local signal pid
	for signal in INT KILL; do
		"$BIVY_SOURCE/bench/run" -B "$BIVY_BUILD" --quick --engines bivy --only growth >"$TMPDIR/out" 2>&1 3>&- &
		pid=$!
		for _ in $(seq 300); do ! grep -q "starting bivy" "$TMPDIR/out" || break; sleep 0.1; done
		grep -q "starting bivy" "$TMPDIR/out"
		kill -s $signal $pid
		wait $pid || true
		if [ $signal = KILL ]; then
			for _ in $(seq 50); do pgrep -f "$TMPDIR/bivy-bench" >/dev/null || break; sleep 0.1; done
			run ! pgrep -f "$TMPDIR/bivy-bench"
			[ -n "$(find "$TMPDIR" -maxdepth 1 -name "bivy-bench.*")" ]
			suite --only exec >/dev/null 2>&1
		fi
		assert_nothing_left
	done
}

@test "bench/run refuses what it does not know, and says where there is no bivy" {
	run -2 suite --only nothing
	[[ $output == *"no section 'nothing'"*start* ]]
	run -1 "$BIVY_SOURCE/bench/run" -B "$TMPDIR" --quick
	[[ $output == *"no bivy in '$TMPDIR': build first"* ]]
}
