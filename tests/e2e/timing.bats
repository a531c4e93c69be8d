# bivy: where the time of a command went, in all of its processes.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

# has_phases FILE PROCESS:NAME…: they are there, and every phase is within the whole.
has_phases() {
	local file=$1 phase
	jq -e '.durationUs as $all | .phases | length > 3 and all(.beginUs >= 0 and .durationUs >= 0 and .beginUs + .durationUs <= $all + 1 and
		.sharePercent >= 0 and .sharePercent <= 100)' "$file" >/dev/null
	for phase in "${@:2}"; do
		jq -e --arg process "${phase%%:*}" --arg name "${phase#*:}" '.phases | any(.process == $process and .name == $name)' "$file" >/dev/null ||
			{ cat "$file"; fail "there is no $phase"; }
	done
}

@test "run --timing tells of all processes that a start takes, after the container's own output" {
	run -3 --separate-stderr bivy run --rm --timing=json busybox sh -c 'echo out; sleep 1; exit 3'
	[ "$output" = out ]
	printf '%s\n' "$stderr" >timing
	has_phases timing bivy:record "bivy:mount the layers" "supervisor:clone and map ids" "init:mounts and devices" "supervisor:filter and exec" \
		"bivy:the container" "bivy:wait for the supervisor"
	jq -e '.phases[] | select(.name == "the container") | .durationUs > 200000' timing >/dev/null
	run -0 --separate-stderr bivy run --rm --timing busybox true
	[[ ${stderr_lines[0]} == *us*SHARE*PROCESS*PHASE ]] && [[ $stderr == *%*"  bivy        record"* ]] && [[ ${stderr_lines[-1]} == *"100.0%"*"in all" ]]
	run -0 --separate-stderr bivy run --rm --timing=false busybox true
	[ -z "$stderr" ]
}

@test "run --detach, start and exec tell of what they wait for" {
	run -0 --separate-stderr bivy run -d --name web --timing=json busybox sleep 1000
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	printf '%s\n' "$stderr" >timing
	has_phases timing "supervisor:control groups" "supervisor:filter and exec"
	run -0 --separate-stderr bivy exec --timing=json web echo in
	[ "$output" = in ]
	printf '%s\n' "$stderr" >timing
	has_phases timing "joiner:join the namespaces" "joiner:filter and exec" "bivy:the process"
	local opens='for fd in {3..15}; do eval "exec $fd</dev/null"; done; exec "$@"'
	run -1 bash -c "$opens" - "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" exec --timing --preserve-fds 13 web true
	[[ $output == *"cannot pass on 13 descriptors: 12 is the most"* ]]
	run -0 bash -c "$opens" - "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" exec --timing --preserve-fds 12 web test -L /proc/self/fd/14
	bivy stop -t 0 web >/dev/null
	run -0 --separate-stderr bivy start --timing=json web
	printf '%s\n' "$stderr" >timing
	has_phases timing "bivy:wait for the start" "init:pivot and masks"
}

@test "timings of what fails are told, too, and words that are none refused" {
	run -127 --separate-stderr bivy run --rm --timing=json busybox no-such-command
	jq -e '.phases | any(.process == "init")' <<<"${stderr_lines[0]}" >/dev/null
	[[ ${stderr_lines[1]} == *no-such-command* ]]
	run -125 bivy run --timing=xml busybox true
	[[ $output == *"--timing"*"expected one of text, json"* ]]
}

@test "build tells of its steps" {
	mkdir context
	printf 'FROM busybox\nRUN sleep 0.3\nCOPY Dockerfile /there\n' >context/Dockerfile
	run -0 --separate-stderr bivy build -q --timing=json -t timed context
	[[ $output == sha256:* ]]
	printf '%s\n' "$stderr" >timing
	has_phases timing "bivy:contexts and Dockerfile" "bivy:plan" "bivy:all steps" "step:2: RUN sleep 0.3" "step:3: COPY Dockerfile /there" "bivy:image and outputs"
	jq -e '.phases[] | select(.name == "2: RUN sleep 0.3") | .durationUs > 300000' timing >/dev/null
}
