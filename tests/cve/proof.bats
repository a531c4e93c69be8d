# Shows that the attacks of this directory work: each test of each CVE file must end in a hit against the careless runtime, and
# each control must pass with it. An attack that nothing can succeed with would prove nothing about any runtime.

load ../lib/common
load ../lib/programs

setup() {
	common_setup
	require_root
	require_power "making device nodes"
	CARELESS=$(test_program careless) || skip "missing: a C compiler for the test program careless"
}

# proves NAME: runs a CVE file against the careless runtime and checks the outcome of every test in it. A race ends with its first
# hit, so that it may last long: on a busy machine it takes many tries.
proves() {
	local line hits=0 bad=
	run env BIVY_RUNTIME="$CARELESS" TMPDIR="$WORK" RACE_SECONDS="${RACE_SECONDS:-5}" timeout -k 5 "$(slow 120)" bats --tap "$TESTS_DIR/cve/$1.bats"
	printf '%s\n' "$output" >"$WORK/log"
	while IFS= read -r line; do
		case $line in
		*"# skip"*) ;;
		"ok "*control:*) ;;
		"not ok "*control:* | "ok "*) bad+="$line"$'\n' ;;
		"not ok "*) grep -FxA 200 -e "$line" "$WORK/log" | awk 'NR > 1 && /^(not )?ok/ { exit } /^# HIT: / { f = 1 } END { exit !f }' ||
			bad+="without a hit: $line"$'\n'
			hits=$((hits + 1)) ;;
		esac
	done < <(grep -E '^(not )?ok ' "$WORK/log")
	[ -z "$bad" ] || fail "$bad" "$(cat "$WORK/log")" || return 1
	[ $hits -gt 0 ] || grep -q '^ok.*# skip' "$WORK/log" || fail "no attack was tried" "$(cat "$WORK/log")"
}

@test "CVE-2019-16884" { proves CVE-2019-16884; }
@test "CVE-2019-19921" { proves CVE-2019-19921; }
@test "CVE-2019-5736" { proves CVE-2019-5736; }
@test "CVE-2021-30465" { proves CVE-2021-30465; }
@test "CVE-2022-0492" { proves CVE-2022-0492; }
@test "CVE-2022-29162" { proves CVE-2022-29162; }
@test "CVE-2023-25809" { proves CVE-2023-25809; }
@test "CVE-2023-27561" { proves CVE-2023-27561; }
@test "CVE-2023-28642" { proves CVE-2023-28642; }
@test "CVE-2024-21626" { proves CVE-2024-21626; }
@test "CVE-2024-45310" { proves CVE-2024-45310; }
@test "CVE-2025-31133" { proves CVE-2025-31133; }
@test "CVE-2025-52565" { proves CVE-2025-52565; }
@test "CVE-2025-52881" { proves CVE-2025-52881; }
@test "CVE-2026-41579" { proves CVE-2026-41579; }
