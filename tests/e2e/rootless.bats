# An ordinary user: all of bivy without root. What is here is what differs; the suite `rootless` runs other files as a user.
load ../lib/common

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "missing: root, to make a user with"
	[ -x "${BIVY:-}" ] && [ -x "$BIVY_BUILD/bivy-transfer" ] || skip "missing: bivy and bivy-transfer in this build"
	common_setup_file
	tar c --owner=0 --group=0 -C "$BASE_ROOTFS" . >"$SCRATCH/root.tar"
}

# as_user SCRIPT: in a home of his own with the image busybox; its output and status are `run`'s.
as_user() {
	printf '%s\n' 'set -e; cd; bivy() { "$BIVY" "$@"; }' "bivy import --change 'CMD [\"sh\"]' '$SCRATCH/root.tar' busybox >/dev/null 2>import.log" "$1" >"$WORK/script"
	chmod 755 "$WORK" "$WORK/script"
	run "$TESTS_DIR/lib/as-user" bash "$WORK/script" 3>&-
}

@test "without set-up: images, containers, exec, logs, volumes, files that are the user's, and nothing left" {
	as_user '
		bivy run --rm busybox id -u
		bivy run -d --name web -v data:/d -v "$PWD:/home" busybox sh -c "echo said; touch /home/made /d/kept; exec sleep 1000" >/dev/null
		bivy exec web sh -c "id -u; readlink /proc/1/exe"
		bivy logs web
		stat -c "%U %u" made | sed "s/bivy-user/me/"
		bivy cp -q web:/home/made copied && test -f copied
		bivy commit web saved >/dev/null && bivy run --rm saved true
		bivy stop -t 0 web >/dev/null; bivy start web >/dev/null; bivy rm -f web >/dev/null
		bivy run --rm -v data:/d busybox ls /d
		bivy system check
		test -d .local/share/bivy -a -S "$XDG_RUNTIME_DIR/bivy/home.sock"'
	assert_ok
	assert_equal "0 0 /bin/sh said me 12021 kept nothing is damaged, nothing is left over" "$(echo $output)"
}

@test "ids: the user's own is root's, the others are subordinate ones; keep-id, nomap, and what is mapped by hand" {
	as_user '
		bivy run --rm busybox cat /proc/self/uid_map
		bivy run --rm --userns keep-id -v "$PWD:/w" busybox sh -c "id -u; id -g; touch /w/mine; stat -c %u /w/mine /bin/sh"
		stat -c %u mine
		bivy run --rm --userns keep-id:uid=5,gid=6 busybox sh -c "id -u; id -g"
		bivy run --rm --userns keep-id -u 0 busybox sh -c "touch /bin/new && stat -c %u /bin/new"
		bivy run --rm --userns nomap -v "$PWD:/w" busybox sh -c "id -u; stat -c %u /w/mine"
		bivy run -d --name kept --userns keep-id busybox sleep 1000 >/dev/null
		bivy exec kept id -u; bivy restart -t 0 kept >/dev/null; bivy exec kept stat -c %u /etc/passwd
		bivy rm -f kept >/dev/null
		bivy run --rm --userns auto:size=70000 busybox true || echo refused'
	assert_ok
	assert_equal "0 0 1 1 1 65536 12021 12021 12021 0 12021 5 6 0 0 65534 12021 0 bivy: --userns: 'auto:size=70000': there are 65537 ids hint: ranges of ids are granted in /etc/subuid and /etc/subgid refused" "$(echo $output)"
}

@test "commit, export and diff of containers whose files have the ids of outside: owners are those inside" {
	as_user '
		make="chown 5:6 /etc/passwd; echo new >/etc/new; rm /etc/group"
		list() { tar tv --numeric-owner | awk "{ print \$2, \$6 }" | sed "s|\./||" | grep -E " (etc/(passwd|group|new)|home/user/)\$" | sort | paste -sd " " -; }
		printf "FROM busybox\nRUN chown 1000:1000 /home/user\n" | bivy build -q -t busybox - >/dev/null
		bivy run --name plain busybox sh -c "$make"
		bivy export plain | list
		for ids in "--userns keep-id:uid=7,gid=7" "--userns nomap" "--uidmap 0:1:5000 --gidmap 0:1:2000 --gidmap 2000:0:1"; do
			bivy run --name other $ids -u 0 busybox sh -c "$make"
			[ "$(bivy diff other | sort | paste -sd " " -)" = "$(bivy diff plain | sort | paste -sd " " -)" ] || bivy diff other
			bivy export other | list
			bivy commit other image >/dev/null
			bivy commit --squash other squashed >/dev/null
			for image in image squashed; do bivy run --rm $image stat -c "%u/%g %n" /etc/new /home/user /etc/passwd | sed "s| /| |" | paste -sd " " -; done
			bivy rm other >/dev/null
		done
		bivy run -d --name live --userns keep-id -u 0 busybox sh -c "$make; exec sleep 1000" >/dev/null
		for try in $(seq 100); do bivy exec live test -e /etc/group || break; sleep 0.05; done
		bivy export live | list
		bivy rm -f live plain >/dev/null'
	assert_ok
	assert_equal 11 "${#lines[@]}" lines
	assert_equal "0/0 etc/new 1000/1000 home/user 5/6 etc/passwd" "$(sed 's|user/|user|' <<<"$output" | sort -u)"
}

@test "with a single id images run, whoever their files and users are" {
	export BIVY_USER_IDS=1
	as_user '
		cat import.log
		bivy run --rm busybox sh -c "chown 5:5 /tmp; echo changed; id -u"
		bivy run --rm -u user busybox id -u 2>&1
		printf "FROM busybox\nRUN touch /y && chown user /y\nCOPY --chown=user a /a\nUSER user\n" >Dockerfile
		touch a
		bivy build -q -t built . >/dev/null && bivy run --rm built stat -c %U /y /a
		bivy system check'
	assert_ok
	[[ ${lines[0]} == *"no ids are granted to this user in /etc/subuid; \`bivy doctor\` says more" ]]
	assert_equal "changed 0 1000 user user nothing is damaged, nothing is left over" "$(echo "${lines[@]:1}")"
}

@test "limits: kept in what was delegated, and a clear word where nothing was" {
	as_user '
		bivy run --rm -m 64m --pids-limit 50 busybox sh -c "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || true"
		bivy run -d --name web busybox sleep 1000 >/dev/null
		bivy pause web >/dev/null; bivy ps --format "{{.Status}}" | grep -o Paused; bivy unpause web >/dev/null; bivy rm -f web >/dev/null'
	assert_ok
	assert_equal "67108864 Paused" "$(echo $output)"
	export BIVY_USER_GROUPS=none
	as_user 'bivy run --rm busybox echo runs; bivy run --rm -m 64m busybox true || echo $?'
	assert_ok
	assert_equal runs "${lines[0]}"
	assert_has "cannot set linux.resources.memory.limit: no control group of the container has the controller 'memory'"
	assert_has "hint: a user limits what was delegated to him: \`bivy doctor\` tells what is missing"
	assert_equal 125 "${lines[-1]}"
}

@test "whoever holds the namespaces is killed: the next command holds them again, and containers are reached" {
	as_user '
		holder() { pgrep -f "^bivy-home .* hold $XDG_RUNTIME_DIR/bivy\$"; }
		bivy network create net >/dev/null
		bivy run -d --name web --network net busybox sleep 1000 >/dev/null
		first=$(holder)
		kill -9 $first
		bivy exec web echo reached
		[ "$(holder)" != "$first" ]
		bivy run --rm --network net busybox nslookup web >/dev/null && echo named
		bivy rm -f web >/dev/null; bivy network rm net >/dev/null
		bivy system check'
	assert_ok
	assert_equal "reached named nothing is damaged, nothing is left over" "$(echo $output)"
}

@test "the API at the user's own socket, for the docker command as it is" {
	docker --version >/dev/null 2>&1 || skip "missing: docker"
	as_user '
		bivy serve --listen "unix://$XDG_RUNTIME_DIR/docker.sock" 2>/dev/null &
		for try in $(seq 100); do [ -S "$XDG_RUNTIME_DIR/docker.sock" ] && break; sleep 0.05; done
		export DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock
		docker run --rm busybox id -u
		docker run -d --name web busybox sleep 1000 >/dev/null
		docker exec web echo inside
		docker info --format "{{.SecurityOptions}}" | grep -o rootless
		docker rm -f web
		kill $!; wait $! || true'
	assert_ok
	assert_equal "0 inside rootless web" "$(echo $output)"
}

@test "system enter: the user is root of his files" {
	as_user '
		bivy run --rm -v data:/d busybox sh -c "mkdir /d/x && chown 1000:1000 /d/x && chmod 700 /d/x"
		ls "$(bivy volume inspect -f "{{.Mountpoint}}" data)/x" 2>/dev/null || echo refused
		bivy system enter id -u
		bivy system enter rm -r "$(bivy volume inspect -f "{{.Mountpoint}}" data)/x" && echo removed
		bivy system enter --network sh -c "test -e /sys/class/net/lo" && echo net
		bivy system enter /nothing-like-that || echo $?'
	assert_ok
	assert_equal "refused 0 removed net bivy: cannot execute '/nothing-like-that': no such file or directory 127" "$(echo $output)"
}

@test "what takes root of the host is refused in one line, and says so" {
	as_user '
		bivy network create -d macvlan -o parent=lo m || true
		bivy volume create -o size=4m sized >/dev/null; bivy run --rm -v sized:/d busybox true || true
		bivy run --rm --oom-score-adj -500 busybox true || true
		bivy run --rm --device /dev/null:/dev/mine:r busybox test -c /dev/mine'
	assert_ok
	assert_has "bivy: cannot make a network of macvlan: the host's links are root's"
	assert_has "hint: an ordinary user has networks of the driver bridge"
	assert_has "hint: that takes root of the host; an ordinary user has volumes without a size"
	assert_has "cannot set process.oomScoreAdj to -500: permission denied"
	assert_has "bivy: --device: '/dev/null': 'r' cannot be enforced: that takes root"
}

@test "a volatile directory that others can write to is refused" {
	as_user 'mkdir -m 777 bad; bivy --run-root "$PWD/bad" ps || echo $?'
	assert_ok
	assert_has "cannot use the directory '"
	assert_has "others can write to it"
}
