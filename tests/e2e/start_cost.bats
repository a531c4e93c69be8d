# bivy: what a start costs, in figures that do not depend on the machine's speed or load. tests/data/start-cost has them as they were; more than a
# tenth more is too much. Who makes a start cheaper, or has a reason, writes the new ones there: the test prints them.
#
# Instructions are those of the parts that valgrind can run: it has neither clone3(2) nor openat2(2), without which there is no container.
# System calls are those of a whole run, of all of its processes.
bats_require_minimum_version 1.5.0
export BIVY_POOL=off
load ../lib/common
load ../lib/engine

RECORD=$TESTS_DIR/data/start-cost

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "missing: root"
	engine_setup_file
}

# The network is up, and stays.
setup() {
	engine_setup
	bivy run -d --name keep busybox sleep 1000 >/dev/null
}

# check WHAT COUNT: it is recorded for hosts with these control groups, and not much more.
check() {
	local key recorded
	key="$1 $(bivy info --format '{{.cgroups.mode}}')"
	recorded=$(sed -n "s/^$key //p" "$RECORD")
	echo "# $key $2 (recorded: ${recorded:-none})" >&3
	[ -n "$recorded" ] || skip "missing: a figure of '$key' in ${RECORD#"$TESTS_DIR"/}"
	[ "$2" -gt 0 ] && [ $(($2 * 10)) -le $((recorded * 11)) ] || fail "$key: $2 is more than a tenth above $recorded"
}

require_release() {
	require_unsanitized
	[ "$(uname -m)" = x86_64 ] || skip "missing: an x86_64 machine, whose figures are recorded"
	[ "${BIVY_BUILD_KIND:-}" = "musl release gcc 12" ] || skip "missing: a release build with musl by gcc 12, whose figures are recorded"
}

# least COMMAND…: the smallest of the three numbers that it prints.
least() {
	local i
	for i in 1 2 3; do "$@"; done | sort -n | head -1
}

instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null | sed -n 's/,//g; s/^==[0-9]*== I *refs: *//p'
}

calls() {
	strace -f -o "$WORK/trace" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm busybox true
	grep -c -v -e resumed -e '+++' -e '---' "$WORK/trace"
}

made() {
	instructions "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" create --name made busybox true
	bivy rm made >/dev/null
}

# Through a read-only mount of itself, or it would execute itself through one, out of valgrind's sight (runtime/self.h).
planned() {
	touch runtime
	export -f instructions
	unshare -m bash -c 'mount --bind "$1" runtime && mount -o remount,bind,ro runtime && instructions ./runtime --root state run --explain --bundle "$2" planned' \
		- "$BIVY_RUNTIME" "$1"
}

@test "instructions of the making of a container's record" {
	require_release
	require_program valgrind
	check bivy-create "$(least made)"
}

@test "instructions of the runtime's plan of a supervised container" {
	require_release
	require_program valgrind
	check bivy-runtime-plan "$(least planned "$SCRATCH/run/containers/$(bivy inspect --format '{{.Id}}' keep)")"
}

@test "system calls of a run" {
	require_release
	require_program strace
	BIVY_POOL=off check run-calls "$(BIVY_POOL=off least calls)"
}

@test "system calls of a run that takes a seat" {
	require_release
	require_program strace
	local pid count
	BIVY_POOL=1 bivy run --rm busybox true
	has_seat() { [ "$(BIVY_POOL=1 bivy info --format '{{.pool.seats}}')" -eq 1 ]; }
	wait_for has_seat
	count=$(BIVY_POOL=1 calls)
	pid=$(pgrep -f "^$BIVY --root $SCRATCH/root .*system pool ")
	kill $pid
	wait_for test ! -e "/proc/$pid"
	check seat-calls "$count"
}
