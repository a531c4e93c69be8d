# Rows of the table of attacks: what hostile containers try, which layers stop it, and that it is real. A file of this
# directory begins with `load lib/rows`.
#
# Most rows are one call of `attack`, which runs the same command in containers that differ by their options:
#
#   1. as `bivy run` makes them: the attack must be stopped
#   2. for each of the row's layers, with all the others taken away: that layer alone must stop it
#   3. with all of them taken away: the attack must succeed, or the row would prove nothing
#
# Rows whose layers no option takes away do those steps by hand, and say with `row` what belongs into the table; step 3 is then
# what a careless program would have done, done by the test itself.
#
# A layer is one of the words in layer_options; pidns comes before userns. `NAME=OPTION…` is a layer of one row: what it is called, and the options of
# `run` that take it away.
#
# BIVY_ATTACKS_TABLE (optional): a file that rows are added to, for tests/attacks/table.

load ../lib/common
load ../lib/programs
ENGINE_PROGRAMS=hostile
load ../lib/engine

setup_file() {
	engine_setup_file
	: >"$SCRATCH/rows"
}

setup() {
	engine_setup
	HOSTILE=$(test_program hostile) || skip "missing: a C compiler for the test program hostile"
	ROW=
	WITH=()
	NETWORK=none
	SUCCEEDED=says_hit
}

# A row counts when all of its test has passed.
teardown() {
	[ "${BATS_TEST_COMPLETED:-}" != 1 ] || [ -z "${ROW:-}" ] || printf '%s\n' "$ROW" >>"$SCRATCH/rows"
	[ -z "${WORK:-}" ] || sweep_mounts "$WORK"
	engine_teardown
}

teardown_file() {
	[ ! -s "${SCRATCH:-}/rows" ] || {
		sed 's/^/# attack: /' "$SCRATCH/rows" >&3
		[ -z "${BIVY_ATTACKS_TABLE:-}" ] || cat "$SCRATCH/rows" >>"$BIVY_ATTACKS_TABLE"
	}
	engine_teardown_file
}

# ---------------------------------------------------------------- layers

# layer_options LAYER: sets OPTIONS to what takes it away.
layer_options() {
	case $1 in
	userns) OPTIONS=(--userns host) ;;
	# --pid host takes the user namespace away, too, unless it is asked for; of two words the last counts
	pidns) OPTIONS=(--pid host --userns auto) ;;
	ipcns) OPTIONS=(--ipc host) ;;
	netns) OPTIONS=(--network host) ;;
	seccomp) OPTIONS=(--security-opt seccomp=unconfined) ;;
	paths) OPTIONS=(--security-opt systempaths=unconfined) ;;
	devices) OPTIONS=(--device-cgroup-rule 'b *:* rwm' --device-cgroup-rule 'c *:* rwm') ;;
	cap:*) OPTIONS=(--cap-add "${1#cap:}") ;;
	# shellcheck disable=SC2206
	*=*) OPTIONS=(${1#*=}) ;;
	*) fail "no such layer: $1" ;;
	esac
}

# layer_name LAYER: prints what the table calls it.
layer_name() {
	case $1 in
	userns) echo "user namespace" ;;
	pidns) echo "pid namespace" ;;
	ipcns) echo "ipc namespace" ;;
	netns) echo "network namespace" ;;
	paths) echo "masked and read-only paths" ;;
	devices) echo "device rules of the cgroup" ;;
	cap:*) echo "no CAP_${1#cap:}" ;;
	*=*) echo "${1%%=*}" ;;
	*) echo "$1" ;;
	esac
}

# ---------------------------------------------------------------- rows

# row WHAT LAYERS WITHOUT: this test's line of the table.
row() { ROW="$1 | $2 | $3"; }

# says_hit: what `attack` asks after each run, with $output: whether the attack succeeded. SUCCEEDED names another.
says_hit() { [[ $output == *HIT:* ]]; }

# in_container OPTION… -- COMMAND…: one run of it; sets status and output. A container that cannot be made proves nothing.
in_container() {
	local options=() network=(--network "$NETWORK")
	while [ "$1" != -- ]; do
		[ "$1" != --network ] || network=()
		options+=("$1")
		shift
	done
	shift
	run timeout -k 5 "$(slow 30)" "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm "${network[@]}" "${WITH[@]}" "${options[@]}" \
		busybox "$@" </dev/null
	case $status in
	124 | 125 | 126 | 127) fail "the container of the attack failed with status $status:" "options: ${options[*]}" "$output" ;;
	esac
}

# attack WHAT LAYER… -- COMMAND…: a whole row. WITH: options of all runs.
attack() {
	local what=$1 layers=() layer other taken names OPTIONS
	shift
	while [ "$1" != -- ]; do
		layers+=("$1")
		shift
	done
	shift
	in_container -- "$@" || return 1
	! $SUCCEEDED || fail "HIT: succeeds in a container as it is made:" "$output" || return 1
	for layer in "${layers[@]}"; do
		names=${names:+$names; }$(layer_name "$layer")
		[ ${#layers[@]} -gt 1 ] || continue
		taken=()
		for other in "${layers[@]}"; do
			[ "$other" != "$layer" ] || continue
			layer_options "$other" && taken+=("${OPTIONS[@]}")
		done
		in_container "${taken[@]}" -- "$@" || return 1
		! $SUCCEEDED || fail "HIT: '$(layer_name "$layer")' alone does not stop it:" "options: ${taken[*]}" "$output" || return 1
	done
	taken=()
	for layer in "${layers[@]}"; do layer_options "$layer" && taken+=("${OPTIONS[@]}"); done
	in_container "${taken[@]}" -- "$@" || return 1
	$SUCCEEDED || fail "no attack: with nothing in its way it fails, too:" "options: ${taken[*]}" "$output" || return 1
	if [ ${#layers[@]} -gt 1 ]; then
		row "$what" "$names" "each of them alone stops it; without all of them it succeeds"
	else
		row "$what" "$names" "succeeds"
	fi
}

# assert_stopped [WHAT]: the attack that was run did not succeed.
assert_stopped() { ! $SUCCEEDED || fail "HIT: ${1:-the attack succeeds}:" "$output"; }

# assert_hit: the attack succeeds where its layer is missing.
assert_hit() { $SUCCEEDED || fail "no attack: ${1:-it fails with nothing in its way}:" "$output"; }

# require_way WAY…: whether the way is open to root of the host itself; otherwise this kernel has not what is attacked.
require_way() {
	run "$HOSTILE" "$@"
	says_hit || skip "missing: on this host itself: $output"
}
