# Common ground of the tests of containers, on top of common.bash: `load ../lib/common` first, then `load ../lib/engine`.
#
# Per file:  an engine of its own with the image `busybox` (users root and user, 1000; Cmd sh); its directories are in SCRATCH.
#            Programs of tests that ENGINE_PROGRAMS names (programs.bash, loaded before) are in the image, too.
# Per test:  WORK, where it begins; all containers are removed at its end.
#
# bivy ARGUMENT…           our program with that engine
# become_bivy ARGUMENT…    the same in place of this process: in the background, $! is its own
# among_networks COMMAND…  where bridges, rules and containers' addresses are: here, or in the home of an ordinary user

setup_file() { engine_setup_file; }
setup() { engine_setup; }
teardown() { engine_teardown; }
teardown_file() { engine_teardown_file; }

become_bivy() { exec "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" "$@" 3>&-; }
bivy() { "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" "$@"; }
among_networks() { if is_user; then bivy system enter --network "$@"; else command "$@"; fi; }

engine_setup_file() {
	[ -x "${BIVY:-}" ] && [ -x "$BIVY_BUILD/bivy-transfer" ] || skip "missing: bivy and bivy-transfer in this build"
	[ "$(id -u)" -eq 0 ] || [ -x "$BIVY_BUILD/bivy-home" ] || skip "missing: root"
	export BIVY_TRANSFER=$BIVY_BUILD/bivy-transfer
	common_setup_file
	local program
	for program in ${ENGINE_PROGRAMS:-}; do install_program "$program"; done
	tar c --owner=0 --group=0 -C "$BASE_ROOTFS" . | bivy import --change 'CMD ["sh"]' - busybox >"$SCRATCH/imported"
}

engine_setup() {
	skip_with_file
	[ -e "${SCRATCH:-}/imported" ] || skip "missing: bivy and bivy-transfer in this build, or root"
	umask 022
	WORK=$SCRATCH/t$BATS_TEST_NUMBER
	TEST_PIDS=()
	mkdir -p "$WORK"
	cd "$WORK"
}

# Ends what the test started: containers by what the engine says of them.
engine_teardown() {
	local pid ids
	cd /
	[ -n "${WORK:-}" ] || return 0
	for pid in "${TEST_PIDS[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
	ids=$(bivy ps -aq) && [ -z "$ids" ] || bivy rm -f -v $ids >/dev/null
	remove "$WORK"
}

# What there is of containers, but for the headings of ls.
left_of_containers() {
	ls -A "$SCRATCH/run/containers" "$SCRATCH/root/containers" "$SCRATCH/root/names" "$SCRATCH/run/runtime" 2>/dev/null | grep -v -e ':$' -e '^$'
}
nothing_left() { [ -z "$(left_of_containers)" ]; }

# Nothing of a container may be left a moment later: what nobody waits for is removed by who ends.
engine_teardown_file() {
	local left
	[ -e "${SCRATCH:-}/imported" ] || return 0
	wait_for nothing_left || true
	left=$(left_of_containers)
	[ -z "$left" ] || echo "# left: $left" >&3
	sweep_mounts "$SCRATCH"
	remove "$SCRATCH"
	[ -z "$left" ]
}

# remove DIRECTORY: with all in it, whoever of a container's users it belongs to.
remove() {
	if [ "$(id -u)" -eq 0 ]; then
		rm -rf --one-file-system "$1"
	else
		bivy system enter rm -rf --one-file-system "$1"
	fi
}

# state_of NAME: what `ps` calls its state.
state_of() { bivy ps -a --no-trunc --filter "name=^$1\$" --format '{{.State}}'; }
