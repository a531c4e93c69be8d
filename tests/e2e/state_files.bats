# What the runtime writes down: the record of a container, the state document and the log; and that a runtime killed at
# any moment leaves nothing that the next command cannot remove.

load ../lib/common

# ---------------------------------------------------------------- records

@test "a record is readable JSON that other programs can follow" {
	sleeper
	jq -e . "$STATE/$ID/state.json" >/dev/null
	jq -e --arg id "$ID" '.id == $id' "$STATE/$ID/state.json" >/dev/null
	# The process id is in it as a number, wherever.
	jq -e --argjson pid "$(ct_pid)" '[.. | numbers] | index($pid) != null' "$STATE/$ID/state.json" >/dev/null
	require_python
	"$PYTHON" -c 'import json, sys; json.load(open(sys.argv[1]))' "$STATE/$ID/state.json"
}

@test "reading verbs do not touch the record" {
	sleeper
	local before
	before=$(stat -c '%i %Y %Z' "$STATE/$ID/state.json"; md5sum <"$STATE/$ID/state.json")
	rt state "$ID" >/dev/null
	rt list >/dev/null
	rt ps "$ID" >/dev/null
	in_ct true
	assert_equal "$before" "$(stat -c '%i %Y %Z' "$STATE/$ID/state.json"; md5sum <"$STATE/$ID/state.json")"
}

@test "only root may look into records" {
	sleeper
	local mode
	mode=$(stat -c %a "$STATE/$ID")
	[ $((8#$mode & 8#066)) -eq 0 ] || fail "the record's directory has mode $mode"
	mode=$(stat -c %a "$STATE/$ID/state.json")
	is_reference || [ $((8#$mode & 8#077)) -eq 0 ] || fail "state.json has mode $mode"
}

@test "the state document has the members of the specification" {
	config '.annotations = {"org.example.a": "1", "org.example.b": "two"}'
	config_args sleep 1000
	cd "$WORK"
	BUNDLE=bundle
	create_ct
	run rt state "$ID"
	assert_ok
	jq -e --arg b "$WORK/bundle" --arg r "$ROOTFS" --arg id "$ID" '
		(.ociVersion | test("^1\\.[0-9]+\\.[0-9]+")) and .id == $id and .status == "created" and (.pid | type) == "number" and .pid > 1
		and .bundle == $b and .rootfs == $r and (.owner == "root" or .owner == "")
		and .annotations == {"org.example.a": "1", "org.example.b": "two"}' <<<"$output" || fail "$output"
	# created: RFC 3339, within the last minute.
	local created
	created=$(date -d "$(jq -r .created <<<"$output")" +%s)
	[ $(($(date +%s) - created)) -le 60 ]
}

@test "a process id that was given to somebody else is a stopped container" {
	only_ours "the record's members are ours"
	config_args true
	start_ct
	wait_for status_is stopped
	sleep 1000 3>&- &
	local stranger=$!
	own_pid "$stranger"
	# As if the number had come round again: all numbers of the record that were the pid become the stranger's.
	local old
	old=$(jq '.. | objects | .pid? // .initPid? // .init_pid? | numbers' "$STATE/$ID/state.json" | head -n 1)
	[ -n "$old" ] && [ "$old" -gt 0 ]
	sed -i "s/\\b$old\\b/$stranger/g" "$STATE/$ID/state.json"
	assert_equal stopped "$(ct_status)"
	run rt kill "$ID" KILL
	assert_fails 1
	run rt delete --force "$ID"
	assert_ok
	kill -0 "$stranger"
}

@test "members of a later version in the record are passed over" {
	only_ours "the record's members are ours"
	sleeper
	jq -c '. + {later: {x: [1]}}' "$STATE/$ID/state.json" >"$WORK/later"
	cat "$WORK/later" >"$STATE/$ID/state.json"
	assert_equal running "$(ct_status)"
	in_ct true
}

@test "a record that is a symbolic link is not followed" {
	only_ours "runc follows it"
	sleeper
	ln -s "$ID" "$STATE/other"
	run rt state other
	assert_fails 1
	assert_one_line
	run rt delete --force other
	assert_equal running "$(ct_status)"
	rm -f "$STATE/other"
}

@test "the bundle may be replaced after create; the container keeps its configuration" {
	config_sh 'sleep 1000'
	create_ct
	echo '{}' >"$BUNDLE/config.json"
	run rt start "$ID"
	assert_ok
	assert_equal running "$(ct_status)"
	# runc reads the bundle again.
	is_reference || in_ct true
	run rt delete --force "$ID"
	assert_ok
	assert_nothing_left
}

@test "state stays readable while the container lives and dies" {
	config_args sleep 1000
	(while rt state "$ID" >"$WORK/seen" 2>"$WORK/seen.err" || grep -q "does not exist" "$WORK/seen.err"; do
		[ ! -s "$WORK/seen" ] || jq -e .status "$WORK/seen" >/dev/null || exit 1
		[ ! -e "$WORK/over" ] || exit 0
	done; exit 1) 3>&- &
	local reader=$! i
	own_pid "$reader"
	for i in 1 2 3; do
		start_ct
		rt kill "$ID" KILL
		rt delete --force "$ID"
	done
	echo >"$WORK/over"
	wait "$reader" || fail "$(cat "$WORK/seen" "$WORK/seen.err")"
}

# ---------------------------------------------------------------- killed at any moment

# interrupted COUNT WORD…: the runtime, killed at COUNT moments; see helper.py interrupt.
interrupted() { timeout -k 5 "$(slow 120)" "$PYTHON" "$TESTS_DIR/lib/helper.py" interrupt "$@" 3>&-; }

# assert_swept: nothing is left, after one more life has swept what a killed creator could not name.
assert_swept() {
	run_ct
	assert_ok
	assert_nothing_left
	# The next create sweeps an empty directory only after a while.
	assert_equal "" "$(find "$STATE" -mindepth 1 ! \( -name ".new-*" -empty \))" "state directory"
}

@test "a create killed at any moment can be deleted and leaves nothing" {
	require_python
	only_ours "runc leaves cgroups"
	config_args true
	interrupted 60 "$BIVY_RUNTIME" --root "$STATE" create -b "$BUNDLE" ct@ --- "$BIVY_RUNTIME" --root "$STATE" delete --force ct@
	assert_swept
}

@test "a detached run killed at any moment can be deleted and leaves nothing" {
	require_python
	only_ours "runc leaves cgroups"
	config_args sleep 1000
	interrupted 40 "$BIVY_RUNTIME" --root "$STATE" run -d -b "$BUNDLE" ct@ --- "$BIVY_RUNTIME" --root "$STATE" delete --force ct@
	config_args true
	assert_swept
}

@test "the id of a killed create is free again after delete --force" {
	require_python
	only_ours "runc leaves cgroups"
	config_args true
	interrupted 20 "$BIVY_RUNTIME" --root "$STATE" create -b "$BUNDLE" "$ID" --- "$BIVY_RUNTIME" --root "$STATE" delete --force "$ID"
	assert_swept
}

@test "a delete killed at any moment is completed by the next one" {
	require_python
	only_ours "runc leaves cgroups"
	config_args sleep 1000
	interrupted 30 "$BIVY_RUNTIME" --root "$STATE" run -d -b "$BUNDLE" ct@ --- \
		"$BIVY_RUNTIME" --root "$STATE" delete --force ct@ --- "$BIVY_RUNTIME" --root "$STATE" delete --force ct@
	config_args true
	assert_swept
}

@test "a start killed at any moment leaves a container that can be deleted" {
	require_python
	only_ours "runc leaves cgroups"
	config_args sleep 1000
	interrupted 20 "$BIVY_RUNTIME" --root "$STATE" create -b "$BUNDLE" ct@ --- \
		"$BIVY_RUNTIME" --root "$STATE" start ct@ --- "$BIVY_RUNTIME" --root "$STATE" delete --force ct@
	config_args true
	assert_swept
}

# ---------------------------------------------------------------- the log

@test "errors go to standard error and, with --log, to the log as text" {
	run rt --log "$WORK/log" state nosuch
	assert_fails 1
	grep -q "does not exist" "$WORK/log"
	assert_equal 1 "$(wc -l <"$WORK/log")"
	run rt --log "$WORK/log" state nosuch2
	assert_equal 2 "$(wc -l <"$WORK/log")"
	is_reference || {
		assert_one_line
		assert_has "does not exist"
	}
}

@test "the log as JSON has level, msg and time, one object a line" {
	run rt --log "$WORK/log" --log-format json state 'no"such'
	assert_fails 1
	run rt --log "$WORK/log" --log-format=json start nosuch
	assert_fails 1
	assert_equal 2 "$(wc -l <"$WORK/log")"
	jq -e -s 'length == 2 and all(.level == "error" and (.msg | length > 0) and (.time | test("^20[0-9-]+T[0-9:.]+(Z|[+-]))")))' \
		"$WORK/log" || jq -e -s 'all(.level == "error" and (.msg | length > 0) and (.time | test("^20[0-9]{2}-")))' "$WORK/log"
}

@test "the log tells why a container could not be created" {
	config '.root.path = "/no/such/rootfs"'
	run rt --log "$WORK/log" --log-format json create -b "$BUNDLE" "$ID" </dev/null
	assert_fails 1
	jq -e -s 'map(select(.level == "error")) | length >= 1 and (.[-1].msg | contains("/no/such/rootfs"))' "$WORK/log"
}

@test "--debug writes more, and only to the log" {
	run rt --debug --log "$WORK/log" --log-format json run -b "$BUNDLE" "$ID" </dev/null
	assert_ok
	assert_output ""
	jq -e -s 'any(.level == "debug")' "$WORK/log" >/dev/null
	rm "$WORK/log"
	run rt --log "$WORK/log" --log-format json run -b "$BUNDLE" "$ID" </dev/null
	assert_ok
	[ ! -s "$WORK/log" ]
}

@test "text of strangers cannot break the log's lines" {
	config '.root.path = "/no/such\nrootfs\u001b[31m"'
	run rt --log "$WORK/log" --log-format json create -b "$BUNDLE" "$ID" </dev/null
	assert_fails 1
	jq -e . "$WORK/log" >/dev/null
	is_reference && return
	assert_one_line
	[[ $output != *$'\e'* ]] || fail "an escape character reached the terminal"
}
