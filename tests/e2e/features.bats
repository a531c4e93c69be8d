# What `features` and `state` tell, held against the rules of their schemas, and `spec`, whose configuration runs.

load ../lib/common

# The rules of features-schema.json and state-schema.json as jq filters; the specification's own samples prove them.
VALID_FEATURES='
	def strings: type == "array" and all(type == "string");
	def version: type == "string" and test("^[0-9]+\\.[0-9]+\\.[0-9]+");
	def enabled: . == null or (.enabled | type) == "boolean" or (.enabled == null);
	(.ociVersionMin | version) and (.ociVersionMax | version)
	and (.hooks == null or (.hooks | strings)) and (.mountOptions == null or (.mountOptions | strings))
	and (.annotations == null or (.annotations | type == "object" and all(type == "string")))
	and (.potentiallyUnsafeConfigAnnotations == null or (.potentiallyUnsafeConfigAnnotations | strings))
	and (.linux == null or (.linux
		| (.namespaces == null or (.namespaces | strings and all(IN("pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"))))
		and (.capabilities == null or (.capabilities | strings and all(test("^CAP_[A-Z_]+$"))))
		and (.cgroup == null or (.cgroup | type == "object" and all(type == "boolean")))
		and (.apparmor | enabled) and (.selinux | enabled) and (.intelRdt == null or (.intelRdt | type == "object" and all(type == "boolean"))) and (.netDevices | enabled)
		and (.mountExtensions == null or (.mountExtensions.idmap | enabled))
		and (.seccomp | enabled)
		and (.seccomp == null or (.seccomp | all(.actions, .operators, .archs, .knownFlags, .supportedFlags; . == null or strings)))))'
VALID_STATE='
	(.ociVersion | type == "string") and (.id | type == "string" and . != "") and (.bundle | type == "string" and . != "")
	and (.status | IN("creating", "created", "running", "stopped", "paused"))
	and (.pid == null or (.pid | type == "number" and . >= 0))
	and (.annotations == null or (.annotations | type == "object" and all(type == "string")))'

setup() {
	common_setup
	SAMPLES=$TESTS_DIR/data/oci-runtime
}

# feature FILTER: the features in $output hold true in this jq filter.
feature() { jq -e "$1" <<<"$output" >/dev/null || fail "not so: $1" "$output"; }

# ---------------------------------------------------------------- features

@test "the rules for features accept the good samples and refuse the bad ones" {
	local file
	for file in "$SAMPLES"/features/good/*.json; do
		jq -e "$VALID_FEATURES" "$file" >/dev/null || fail "refused: $file"
	done
	for file in "$SAMPLES"/features/bad/*.json; do
		! jq -e "$VALID_FEATURES" "$file" >/dev/null 2>&1 || fail "accepted: $file"
	done
}

@test "features is valid, and one document" {
	run rt features
	assert_ok
	feature "$VALID_FEATURES"
	run jq -s length <<<"$output"
	assert_output 1
}

@test "features needs neither root nor a state directory" {
	run rt features
	local as_root=$output
	mkdir "$WORK/bin"
	cp "$BIVY_RUNTIME" "$WORK/bin/"
	require_root
	run setpriv --reuid=54321 --regid=54321 --clear-groups "$WORK/bin/${BIVY_RUNTIME##*/}" features
	assert_ok
	assert_equal "$as_root" "$output"
	[ ! -e "$STATE" ]
}

@test "features: versions, hooks and mount options" {
	run rt features
	assert_ok
	feature '.ociVersionMin == "1.0.0"'
	feature '.hooks | sort == ["createContainer", "createRuntime", "poststart", "poststop", "prestart", "startContainer"]'
	feature '["bind", "rbind", "ro", "rro", "rnosuid", "rprivate", "runbindable", "tmpcopyup", "nosymfollow", "remount"] - .mountOptions == []'
	if ! is_reference; then
		feature '.ociVersionMax | startswith("1.3.")'
		feature '["idmap", "ridmap"] - .mountOptions == []'
	fi
}

@test "features: namespaces, capabilities, seccomp" {
	run rt features
	assert_ok
	feature '["cgroup", "ipc", "mount", "network", "pid", "user", "uts"] - .linux.namespaces == []'
	feature '.linux.capabilities | length >= 41 and index("CAP_SYS_ADMIN") != null and index("CAP_CHECKPOINT_RESTORE") != null'
	feature '.linux.seccomp.enabled == true'
	feature '["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
		"SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP"] - .linux.seccomp.actions == []'
	feature '.linux.seccomp.operators | length == 7'
	feature '["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"] - .linux.seccomp.archs == []'
	if ! is_reference; then
		feature '.linux.namespaces | index("time") != null'
		feature '["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
			"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] - .linux.seccomp.knownFlags == []'
		feature '.linux.seccomp.supportedFlags - .linux.seccomp.knownFlags == []'
	fi
}

@test "features: what is there and what comes later" {
	only_ours "newer members"
	run rt features
	assert_ok
	feature '.linux.cgroup | .v1 == true and .v2 == true'
	feature '.linux.cgroup.systemd == false'
	feature '.linux.mountExtensions.idmap.enabled == true'
	feature '.linux.netDevices.enabled == true'
	feature '.linux | has("apparmor") and has("selinux")'
	# Checkpoints are not supported yet, and nothing says that they are.
	feature '[.annotations // {} | to_entries[] | select(.key | test("checkpoint"))] | all(.value == "false")'
}

@test "each mount option of features is taken, and an option that is not among them is the file system's" {
	require_root
	only_ours "all options"
	run rt features
	local options
	# One after the other, because some contradict; remount would need a mount before it.
	options=$(jq -c '.mountOptions - ["remount", "idmap", "ridmap", "bind", "rbind", "tmpcopyup"]' <<<"$output")
	config '.mounts += [$o[] | {destination: "/tmp", type: "bind", source: "/", options: ["bind", .]}]' --argjson o "$options"
	run rt create --explain --bundle "$BUNDLE" "$ID"
	assert_ok
}

# ---------------------------------------------------------------- state

@test "the rules for state accept the good sample and refuse the bad one" {
	jq -e "$VALID_STATE" "$SAMPLES"/state/good/spec-example.json >/dev/null
	! jq -e "$VALID_STATE" "$SAMPLES"/state/bad/invalid-json.json >/dev/null 2>&1
}

@test "state is valid in every state of a container" {
	require_root
	require_controller freezer
	config '.annotations = {"org.example.key": "value"}'
	config_args sleep 1000
	create_ct
	local expected
	for expected in created running paused stopped; do
		case $expected in
		running) rt start "$ID" ;;
		paused) rt pause "$ID" ;;
		stopped) rt kill "$ID" KILL && wait_for status_is stopped ;;
		esac
		run rt state "$ID"
		assert_ok
		feature "$VALID_STATE"
		feature ".status == \"$expected\" and .id == \"$ID\" and .bundle == \"$BUNDLE\" and .annotations[\"org.example.key\"] == \"value\""
		[ $expected = stopped ] || feature '.pid > 0'
	done
}

# ---------------------------------------------------------------- spec

# usable_spec: the bundle of $BUNDLE/config.json as `spec` made it gets a root file system.
usable_spec() {
	rm -f "$BUNDLE/config.json"
	(cd "$BUNDLE" && rt spec "$@")
	cp -a "$BASE_ROOTFS" "$BUNDLE/rootfs"
}

@test "spec writes a configuration that runs" {
	require_root
	usable_spec
	jq -e '.ociVersion and .process.args == ["sh"] and .process.terminal == true and .root.path == "rootfs"' "$BUNDLE/config.json"
	config '.process.terminal = false | .linux.cgroupsPath = $c' --arg c "$CGROUP"
	config_sh 'id -u; hostname; touch /x 2>/dev/null || echo read-only'
	run_ct
	assert_ok
	assert_equal 0 "${lines[0]}"
	assert_equal read-only "${lines[2]}"
}

@test "spec's configuration runs as it is, on a terminal" {
	require_root
	require_python
	usable_spec
	config '.linux.cgroupsPath = $c' --arg c "$CGROUP"
	run bash -c 'printf "tty && echo works\nexit\n" | "$@"' sh "$PYTHON" "$TESTS_DIR/lib/helper.py" pty 24x80 \
		"$BIVY_RUNTIME" --root "$STATE" run --bundle "$BUNDLE" "$ID"
	assert_ok
	assert_has works
}

@test "spec --bundle writes there, and does not overwrite" {
	mkdir "$WORK/other"
	run rt spec --bundle "$WORK/other"
	assert_ok
	[ -s "$WORK/other/config.json" ]
	echo mine >"$WORK/other/config.json"
	run rt spec --bundle "$WORK/other"
	assert_fails
	assert_has config.json
	assert_equal mine "$(<"$WORK/other/config.json")"
	run rt spec --bundle "$WORK/nowhere"
	assert_fails
	assert_has "$WORK/nowhere"
}

@test "spec is safe by default: no new privileges, few capabilities, masks, all devices denied" {
	run rt spec --bundle "$BUNDLE"
	rm "$BUNDLE/config.json"
	rt spec --bundle "$BUNDLE"
	run cat "$BUNDLE/config.json"
	feature '.process.noNewPrivileges == true and .root.readonly == true'
	feature '.process.capabilities.bounding | length <= 3'
	feature '(.process.capabilities.inheritable // []) == []'
	feature '["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"] - .linux.maskedPaths == []'
	feature '["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"] - .linux.readonlyPaths == []'
	feature '.linux.resources.devices[0] | .allow == false and .access == "rwm"'
	feature '["pid", "network", "ipc", "uts", "mount"] - [.linux.namespaces[].type] == []'
}

@test "spec --rootless runs as an ordinary user" {
	require_root
	require_userns
	rm "$BUNDLE/config.json"
	cp -a "$BASE_ROOTFS" "$BUNDLE/rootfs"
	mkdir -p "$STATE" "$WORK/bin"
	chown 54321:54321 "$STATE" "$BUNDLE"
	cp "$BIVY_RUNTIME" "$WORK/bin/"
	local as=(setpriv --reuid=54321 --regid=54321 --clear-groups --inh-caps=-all env HOME=/ XDG_RUNTIME_DIR="$WORK"
		"$WORK/bin/${BIVY_RUNTIME##*/}" --root "$STATE")
	run "${as[@]}" spec --rootless --bundle "$BUNDLE"
	assert_ok
	jq -e '.linux.uidMappings == [{containerID: 0, hostID: 54321, size: 1}] and ([.linux.namespaces[].type] | index("user")) != null' \
		"$BUNDLE/config.json"
	config '.process.terminal = false'
	config_args id -u
	run "${as[@]}" run --bundle "$BUNDLE" "$ID" </dev/null
	assert_ok
	assert_output 0
}
