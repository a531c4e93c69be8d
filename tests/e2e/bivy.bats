# bivy: what the command for people says about the host and about itself.

load ../lib/common

setup_file() { :; }
setup() { [ -x "${BIVY:-}" ] || skip "missing: the built program (BIVY)"; }
teardown() { :; }
teardown_file() { :; }

@test "info tells the kernel, the namespaces and where each controller lives" {
	run "$BIVY" info --format json
	assert_ok
	local info=$output name version mount
	assert_equal "$(uname -r)" "$(jq -r .kernel.release <<<"$info")"
	assert_equal "$(uname -m)" "$(jq -r .kernel.machine <<<"$info")"
	assert_equal "$(ls /proc/self/ns | grep -c -xE 'cgroup|ipc|mnt|net|pid|time|user|uts')" "$(jq '.namespaces | length' <<<"$info")"
	while read -r name version mount; do
		[ -d "$mount" ] || fail "$name: no directory $mount"
		if [ "$version" = 1 ]; then
			grep -Eq " $mount .* - cgroup .*[ ,]$name(,|\$)" /proc/self/mountinfo || fail "$name is not in v1 at $mount"
		else
			grep -Eq " $mount .* - cgroup2 " /proc/self/mountinfo || fail "$name is not in v2 at $mount"
		fi
	done < <(jq -r '.cgroups.controllers | to_entries[] | "\(.key) \(.value.version) \(.value.mount)"' <<<"$info")
	for name in memory pids cpu; do
		! cgroup_mount "$name" >/dev/null || jq -e --arg n "$name" '.cgroups.controllers[$n]' <<<"$info" >/dev/null || fail "$name is not told"
	done
}

@test "info as text says the same" {
	run "$BIVY" info
	assert_ok
	assert_has "$(uname -r)" cgroups namespaces seccomp capabilities "idmapped mounts"
	local mode
	mode=$("$BIVY" info -f json | jq -r .cgroups.mode)
	grep -Eq "^cgroups +$mode\$" <<<"$output"
	assert_equal "$mode $(uname -r)" "$("$BIVY" info -f '{{.cgroups.mode}} {{.KernelVersion}}')"
}

@test "info tells the capabilities of the caller, and needs none" {
	require_root
	local all none dir
	dir=$(mktemp -d "${TMPDIR:-/tmp}/bivy-test.XXXXXX")
	chmod 711 "$dir"
	cp "$BIVY" "$dir/bivy"
	all=$("$dir/bivy" info -f json | jq '.capabilities | length')
	none=$(setpriv --reuid=54321 --regid=54321 --clear-groups "$dir/bivy" info -f json | jq '.capabilities | length')
	rm -r "$dir"
	assert_equal 0 "$none" "capabilities of an ordinary user"
	[ "$all" -gt 0 ]
}

@test "where things are kept: --root and --run-root" {
	run "$BIVY" --root /tmp/somewhere/else info --format json
	assert_ok
	assert_equal /tmp/somewhere/else "$(jq -r .root <<<"$output")"
	local run_root
	run_root=$(jq -r .runRoot <<<"$output")
	[[ $run_root == */bivy*-* ]] || fail "the run root of another root is $run_root"
	run "$BIVY" --root /tmp/somewhere/other info --format json
	[ "$run_root" != "$(jq -r .runRoot <<<"$output")" ] || fail "two roots share $run_root"
	run "$BIVY" --root /tmp/somewhere/else --run-root /tmp/volatile info
	assert_ok
	grep -Eq '^run root +/tmp/volatile$' <<<"$output"
	[ ! -e /tmp/somewhere ] || fail "info made the directory"
}

@test "version and help" {
	run "$BIVY" version
	assert_ok
	[[ $output =~ ^bivy\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	run "$BIVY" --version
	assert_ok
	run "$BIVY"
	assert_ok
	assert_has info version help
	run "$BIVY" info --help
	assert_ok
	assert_has --format
	run "$BIVY" help info
	assert_ok
	assert_has --format
	run "$BIVY" image
	assert_ok
	assert_has "bivy image COMMAND" ls inspect
	run "$BIVY" help image ls
	assert_ok
	assert_has --no-trunc
}

@test "errors exit with 125 and name the nearest word" {
	run "$BIVY" ifno
	assert_fails 125
	assert_has "'ifno'" "'info'"
	run "$BIVY" image lss
	assert_fails 125
	assert_has "'image lss'" "'image ls'"
	run "$BIVY" info --fromat json
	assert_fails 125
	assert_has --fromat --format
	run "$BIVY" info --format '{{.kernel.release'
	assert_fails 125
	run "$BIVY" info surplus
	assert_fails 125
	run bash -c '"$1" version >/dev/full' bash "$BIVY"
	assert_fails 125
	assert_has "standard output"
}
