# `skip REASON` in setup_file, which bats 1.8 takes for a failure: each test of the file is skipped by its own setup, which begins with
# skip_with_file (common_setup and engine_setup do). Elsewhere it is that of bats.

declare -F bats_skip >/dev/null || ! declare -F skip >/dev/null || eval "bats_$(declare -f skip)"

skip() {
	[[ " ${FUNCNAME[*]} " == *" setup_file "* ]] && declare -F bats_run_tests >/dev/null || bats_skip "$@"
	export SKIP_FILE=$1
	BATS_SETUP_FILE_COMPLETED=1
	bats_run_tests >&3
	exit "$bats_exec_file_status"
}

skip_with_file() { [ -z "${SKIP_FILE:-}" ] || skip "$SKIP_FILE"; }
