# list, ps, help and version: what people and callers read.

load ../lib/common

@test "list of no containers is a head line, or an empty document" {
	run rt list
	assert_ok
	assert_one_line
	assert_equal "ID PID STATUS BUNDLE CREATED OWNER" "$(echo $output)"
	run rt list --quiet
	assert_ok
	assert_output ""
	run rt list --format json
	assert_ok
	jq -e 'length == 0' <<<"$output"
}

@test "list shows every container with its status, as a table, as ids and as JSON" {
	config_args sleep 1000
	local first=$ID
	create_ct
	ID=$first-b
	config '.linux.cgroupsPath += "-b"'
	start_ct
	ID=$first-c
	config '.linux.cgroupsPath += "-c" | .annotations = {k: "v"}'
	start_ct
	rt kill "$ID" KILL
	wait_for status_is stopped
	run rt list
	assert_ok
	assert_equal 4 "${#lines[@]}" lines
	local pid
	pid=$(ct_pid "$first-b")
	grep -Eq "^$first-b +$pid +running +$BUNDLE +20[0-9-]+T[0-9:.]+Z +root *$" <<<"$output"
	grep -Eq "^$first-c +0 +stopped +$BUNDLE " <<<"$output"
	grep -Eq "^$first +[0-9]+ +created +" <<<"$output"
	run rt list -q
	assert_output "$(printf '%s\n' "$first" "$first-b" "$first-c")"
	run rt list -f json
	assert_ok
	jq -e --arg id "$first" --arg b "$BUNDLE" --arg r "$ROOTFS" --argjson pid "$pid" 'length == 3
		and map(.id) == [$id, $id + "-b", $id + "-c"] and map(.status) == ["created", "running", "stopped"]
		and .[1].pid == $pid and .[2].pid == 0 and all(.bundle == $b and .rootfs == $r and .owner == "root")
		and .[2].annotations == {k: "v"} and all(.ociVersion | startswith("1."))' <<<"$output" || fail "$output"
}

@test "list shows a paused container" {
	require_controller freezer
	sleeper
	rt pause "$ID"
	run rt list -f json
	jq -e '.[0].status == "paused"' <<<"$output"
}

@test "list passes over what is no container" {
	sleeper
	mkdir "$STATE/empty"
	echo x >"$STATE/file"
	run rt list -q
	assert_ok
	assert_has "$ID"
	rm -r "$STATE/empty" "$STATE/file"
}

@test "ps shows the container's processes as a table" {
	config_sh 'sleep 1001 & sleep 1002 & wait'
	start_ct
	wait_for eval '[ "$(rt ps -f json "$ID" | jq length)" = 3 ]'
	run rt ps "$ID"
	assert_ok
	assert_has PID CMD "sleep 1001" "sleep 1002"
	assert_equal 4 "${#lines[@]}" lines
}

@test "ps passes options on to ps" {
	require_program ps procps
	sleeper
	run rt ps "$ID" -o pid,comm
	assert_ok
	assert_equal "PID COMMAND" "$(echo ${lines[0]})"
	assert_has "$(ct_pid) sh"
}

@test "ps --format json is an array of process ids, with those of exec" {
	sleeper
	detached exec -d --pid-file "$WORK/pid" "$ID" sleep 1000
	assert_ok
	run rt ps --format json "$ID"
	assert_ok
	jq -e --argjson a "$(ct_pid)" --argjson b "$(cat "$WORK/pid")" 'index($a) != null and index($b) != null' <<<"$output"
	[ "$(jq 'map(tostring) | unique | length' <<<"$output")" -ge 2 ]
}

@test "ps of a created and of a paused container works" {
	require_controller freezer
	config_args sleep 1000
	create_ct
	run rt ps -f json "$ID"
	assert_ok
	assert_equal "[$(ct_pid)]" "$(jq -c . <<<"$output")"
	rt start "$ID"
	rt pause "$ID"
	run rt ps -f json "$ID"
	assert_equal "[$(ct_pid)]" "$(jq -c . <<<"$output")"
}

@test "ps refuses an unknown format" {
	sleeper
	run rt ps --format xml "$ID"
	assert_fails
	assert_has format
}

# ---------------------------------------------------------------- help, version

@test "--help and help describe the program and every verb" {
	local verb
	run rt --help
	assert_ok
	for verb in create start run exec state kill delete pause resume ps list update events spec features; do assert_has "$verb"; done
	run rt -h
	assert_ok
	run rt help
	assert_ok
	for verb in create start run exec state kill delete pause resume ps list update events spec features; do
		run rt "$verb" --help
		assert_ok
		assert_has "$verb"
		[ "${#lines[@]}" -gt 2 ]
		run rt help "$verb"
		assert_ok
		assert_has "$verb"
	done
}

@test "the help of a verb names its flags" {
	run rt run --help
	assert_has --bundle --console-socket --detach --keep --no-new-keyring --no-pivot --no-subreaper --pid-file --preserve-fds
	run rt exec --help
	assert_has --process --tty --env --cwd --user --additional-gids --cap --no-new-privs --cgroup --ignore-paused --detach \
		--console-socket --pid-file --preserve-fds --apparmor --process-label
	run rt --help
	assert_has --root --log --log-format --debug --systemd-cgroup --rootless
}

@test "--version names the program, its version and the specification's" {
	run rt --version
	assert_ok
	[[ ${lines[0]} =~ ^[a-z-]+\ version\ [0-9] ]]
	grep -Eq '^spec: 1\.[0-9]+\.[0-9]+' <<<"$output"
	run rt -v
	assert_ok
}

@test "flags may be written with = and in their short form" {
	config_sh 'exit 3'
	run rt run --bundle="$BUNDLE" "$ID" </dev/null
	assert_fails 3
	run rt run -b="$BUNDLE" "$ID" </dev/null
	assert_fails 3
	run rt run --keep=false --bundle "$BUNDLE" "$ID" </dev/null
	assert_fails 3
	assert_nothing_left
}

@test "global flags take every documented value" {
	local value
	for value in auto true false; do
		run rt --rootless "$value" list
		assert_ok
	done
	run rt --criu /usr/bin/criu list
	assert_ok
	for value in text json; do
		run rt --log-format "$value" list
		assert_ok
	done
}
