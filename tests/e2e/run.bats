# run, create and update: their command lines, and what comes of them. Isolation, limits and mounts are run_isolation's, streams are attach's.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine

# refused STATUS MESSAGE ARGUMENT…: bivy ARGUMENT… says exactly that, in one line and perhaps a hint.
refused() {
	local expected=$1 message=$2
	shift 2
	run "-$expected" bivy "$@"
	assert_equal "bivy: $message" "${lines[0]}"
	[ ${#lines[@]} -eq 1 ] || [[ ${#lines[@]} -eq 2 && ${lines[1]} = "hint: "* ]]
}

# none_left: there is no container, and none half-made.
none_left() { [ -z "$(bivy ps -aq)$(ls -A "$SCRATCH/root/names" "$SCRATCH/run/containers" | grep -v -e ':$' -e '^$')" ]; }

@test "its status: the command's, 126, 127, and 128 and the signal" {
	run -7 bivy run --rm busybox sh -c 'exit 7'
	run -143 bivy run --rm --init busybox sh -c 'kill -TERM $$'
	refused 127 "cannot start the container 'one': cannot execute \"no-such\": executable file not found in \$PATH" run --rm --name one busybox no-such
	refused 126 "cannot start the container 'one': cannot execute \"/etc/passwd\": permission denied" run --rm --name one busybox /etc/passwd
	none_left
}

@test "a wrong command line is told in one line, with 125, and leaves nothing" {
	refused 125 "'run' needs IMAGE [COMMAND [ARGUMENT…]]" run -d
	refused 125 "unknown option '--memroy' of 'run'" run --memroy 5m busybox
	assert_equal "hint: did you mean --memory?" "${lines[1]}"
	refused 125 "invalid value 'lots' for --memory: expected a size such as 512m" run -m lots busybox
	refused 125 "invalid value 'x:/y:rr' for --volume: 'x' is no name of a volume: expected two or more of A-Z a-z 0-9 _ . -, the first a letter or digit" \
		run -v x:/y:rr busybox
	refused 125 "invalid value 'type=bind,dst=/x' for --mount: a bind needs a key 'source'" run --mount type=bind,dst=/x busybox
	refused 125 "invalid value '80:http' for --publish: expected a port from 1 to 65535, not 'http'" run -p 80:http busybox
	refused 125 "invalid value 'FLY' for --cap-add: expected a capability of capabilities(7), or ALL" run --cap-add FLY busybox
	refused 125 "invalid value 'sometimes' for --restart: expected one of no, always, unless-stopped, on-failure" run --restart sometimes busybox
	refused 125 "--rm and --restart exclude each other" run --rm --restart always busybox
	refused 125 "invalid value 'no/such/file' for --env-file: cannot read it: no such file or directory" run --env-file no/such/file busybox
	refused 125 "the input device is not a TTY" run -it busybox
	none_left
}

@test "what there is not is refused, not passed over" {
	refused 125 "--ip is of no use with --network host" run --network host --ip 10.0.0.2 busybox
	refused 125 "--network: no such network 'front'" run --network front busybox
	refused 125 "cannot publish ports: the container has no network to publish them from" run --network none -p 80:80 busybox
	refused 125 "--gpus: devices are given one by one, with --device" run --gpus all busybox
	refused 125 "invalid value 'kata' for --runtime: expected one of bivy-runtime" run --runtime kata busybox
	refused 125 "invalid value 'syslog' for --log-driver: expected one of local, json-file, journald, none, passthrough" run --log-driver syslog busybox
	run -125 bivy run --pull never --rm no/such:image
	[ ${#lines[@]} -le 2 ]
	none_left
}

@test "entrypoint, command, variables, directory, user and mask" {
	printf 'FILE=f\n# no\nHERE\nBOTH=file\n' >env
	export HERE=here
	run bivy run --rm --env-file env -e BOTH=option -e HERE=2 -w /tmp -u user --umask 027 --entrypoint '["sh", "-c"]' busybox \
		'echo $FILE $HERE $BOTH $PWD $(id -un) $(umask)'
	assert_equal "f 2 option /tmp user 0027" "$output"
	run bivy run --rm --entrypoint '' busybox echo a 'b c'
	assert_equal "a b c" "$output"
	run bivy run --rm --entrypoint echo busybox -n x
	assert_equal "x" "$output"
}

@test "--cidfile is written once, and not for what was not made" {
	bivy run -d --cidfile id busybox true >printed
	[ "$(cat id)" = "$(cat printed)" ]
	[ "$(stat -c %s id)" -eq 64 ]
	run -125 bivy run --cidfile id busybox true
	assert_equal "bivy: cannot write the container's id to 'id': it exists" "${lines[0]}"
	run -125 bivy create --cidfile other --network front busybox
	[ ! -e other ]
}

@test "--replace, --init, --timeout" {
	bivy run -d --name web busybox sleep 100 >first
	bivy run -d --name web --replace --init busybox sleep 100 >second
	[ "$(bivy ps -q --no-trunc)" = "$(cat second)" ]
	run bivy exec web sh -c 'cat /proc/1/cmdline | tr "\0" " "'
	assert_equal "/dev/init -- sleep 100 " "$output"
	run -137 timeout 20 "$BIVY" --root "$SCRATCH/root" --run-root "$SCRATCH/run" run --rm --timeout 1 busybox sleep 100
}

@test "update changes what is said, and nothing else" {
	bivy run -d --name web -m 64m --pids-limit 50 busybox sleep 100 >/dev/null
	run bivy update --memory 32m --memory-swap 32m web
	assert_equal web "$output"
	run bivy inspect --format '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}' web
	assert_equal "33554432 50" "$output"
	run -1 bivy update web
	assert_equal "bivy: 'update' needs an option that says what to change" "$output"
	run -1 bivy update --cpus 1 --cpu-quota 5000 web
	run -1 bivy update -m 1g nobody
	assert_has "no such container 'nobody'"
}
