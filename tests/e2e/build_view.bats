# build: what a person, or a program, is shown, and what signals do.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

setup_file() {
	[ -x "${BIVY_BUILD:-}/bivy-builder" ] || skip "missing: bivy-builder in this build"
	engine_setup_file
}

@test "rawjson is a document for each thing that happens" {
	printf 'FROM busybox\nMAINTAINER me\nRUN echo out; echo err >&2\n' >Dockerfile
	bivy build --no-cache --progress rawjson . 2>events
	assert_equal "out" "$(jq -r '.logs[]? | select(.stream == 1) | .data | @base64d' events)"
	assert_equal "err" "$(jq -r '.logs[]? | select(.stream == 2) | .data | @base64d' events)"
	assert_equal "MaintainerDeprecated" "$(jq -r '.warnings[]? | .short | @base64d' events | cut -d: -f1)"
	# Each vertex that has begun has ended, and logs name one of them.
	assert_equal "0" "$(jq -s '[.[].vertexes[]?] | group_by(.digest) | map(last) | map(select(.started and (.completed | not))) | length' events)"
	assert_equal "0" "$(jq -s '([.[].logs[]?.vertex] | unique) - [.[].vertexes[]?.digest] | length' events)"
}

@test "a step that fails is told with its line, its output, what was wrong with the file, and a way out" {
	printf 'FROM busybox\nMAINTAINER me\nRUN echo last words; exit 3\n' >Dockerfile
	run -1 bivy build --progress plain .
	[[ $output =~ \#[0-9]+\ [0-9.]+\ last\ words ]]
	[[ $output == *"1 warning:"*" - MaintainerDeprecated: "*"(line 2)"*"> 3 | RUN echo last words; exit 3"*"bivy: Dockerfile:3: "*": exit code 3"*"hint: with --debug "* ]]
	run -1 --separate-stderr bivy build --progress quiet .
	[[ $stderr == *"> [2/2] RUN echo last words; exit 3:"$'\n'"last words"* ]]
}

@test "--debug: a shell where a step has failed, and the step once more" {
	printf 'FROM busybox\nENV A=b\nWORKDIR /w\nRUN echo one >>f; test -e ok\nRUN echo more >>f\n' >Dockerfile
	{
		wait_for grep -q 'This is a shell' shown
		printf 'echo "A is $A, in $(pwd): $(cat f)"; touch ok; exit\n'
		wait_for grep -q 'Retry the step' shown
		printf 'r\n'
		wait_for grep -q 'exporting to image.*s' shown
	} | timeout -k 5 30 "$PYTHON" "$TESTS_DIR/lib/helper.py" pty 40x120 "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" build --debug -t helped . >shown 2>&1 3>&- ||
		status=$?
	assert_equal "0" "${status:-0}"
	grep -q 'A is b, in /w: one' shown
	assert_equal "one one more" "$(bivy run --rm --network none helped sh -c 'test -e ok && cat f' | xargs)"
	run -1 bivy build --progress plain .
	[[ $output == *'[3/4] RUN'*'exit code 1'* ]] # nobody helped
	assert_equal "" "$(ls "$SCRATCH/root/build/work")"
	run -1 bivy build --debug . </dev/null
	[[ $output == *"--debug is for a person at a terminal"* ]]
}

@test "a signal ends a build at once, and its steps, whatever they do with it" {
	local signal id status
	printf 'FROM busybox AS a\nRUN trap "" INT TERM; echo begun; sleep 77\nFROM busybox\nRUN echo begun; sleep 78\nCOPY --from=a / /x\n' >Dockerfile
	for signal in HUP TERM KILL; do
		become_bivy build --no-cache --progress plain . >shown 2>&1 &
		id=$!
		TEST_PIDS+=("$id")
		wait_for sh -c 'test "$(grep -c " begun$" shown)" = 2'
		kill -s "$signal" "$id"
		wait_for sh -c "test -z \"\$(ls '$SCRATCH/run/containers')\""
		assert_equal "" "$(bivy ps -aq)"
		[ "$signal" != KILL ] || continue
		status=0; wait "$id" || status=$?
		assert_equal "$((128 + $(kill -l "$signal"))) bivy: the build was interrupted" "$status $(tail -n 1 shown)"
		assert_equal "" "$(ls "$SCRATCH/root/build/work")"
	done
}
