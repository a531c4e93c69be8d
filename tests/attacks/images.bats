# Hostile images: what their layers, documents and configurations ask for. The images are of tests/attacks/lib/images.py.

bats_require_minimum_version 1.5.0
load lib/rows
load lib/strangers

setup_file() {
	strangers_setup_file
	mkdir "$SCRATCH/hostile"
	tar c -C "$BASE_ROOTFS" . | "$PYTHON" "$TESTS_DIR/attacks/lib/images.py" make "$CANARY" "$SCRATCH/hostile"
}

# image NAME: the path of its archive.
image() { echo "$SCRATCH/hostile/$1.tar"; }

# layer NAME WHAT BY PATTERN: a row of a layer that is refused; without PATTERN it may do what it says, in its own directory.
layer() {
	is_an_attack "$SCRATCH/hostile/$1.layer"
	if [ $# -eq 4 ]; then
		refused "bivy: cannot load '*' from '*': cannot unpack $4" stranger load -i "$(image "$1")"
		[ -z "$(ls "$WORK/own/root/images/staging")" ] || fail "something of it is left"
	else
		stranger load -q -i "$(image "$1")" >/dev/null
	fi
	assert_canary
	row "$2" "$3" "a careless program changes the host's files"
}

# ---------------------------------------------------------------- names

@test "layer: '..' in names" {
	layer dotdot "a file of a layer at ../…" "names of layers" "'*': '..' in a name"
	layer inner-dotdot "a file of a layer at a/../../…" "names of layers" "'*': '..' in a name"
}

@test "layer: an absolute name" {
	layer absolute "a file of a layer with an absolute name" "names of layers" "'*': an absolute name"
}

@test "layer: a name that a pax header changes" {
	layer pax-path "an innocent name, and another one in the pax header" "names of layers" "'*': '..' in a name"
}

@test "layer: files through links of the layer" {
	layer through-link "a file of a layer through its own symbolic link" "openat2(2) without links" "'*': * leads through a symbolic link"
	layer through-links "a file of a layer through two links" "openat2(2) without links" "'*': * leads through a symbolic link"
}

@test "layer: a directory becomes a link" {
	layer swapped "a directory, then a link in its place, then a file in it" "openat2(2) without links" "'*': * leads through a symbolic link"
}

@test "layer: a file in the place of a link" {
	layer onto-link "a link, then a file of that name" "what is there is removed, not opened"
	[ "$(cat "$WORK"/own/root/images/layers/*/diff/x)" = evil ]
}

@test "layer: a directory in the place of a link" {
	layer mode-of-link "a link, then a directory of that name with mode 777" "what is there is removed, not changed"
	[ "$(stat -c '%F %a' "$WORK"/own/root/images/layers/*/diff/out)" = "directory 777" ]
}

@test "layer: the root is a link" {
	layer root-link "the root of the layer is a link" "names of layers" "'./': the root is no directory"
}

@test "layer: hard links to files of the host" {
	layer hard-link "a hard link to a file of the host" "names of layers" "'x': a hard link to '*': an absolute name"
	layer hard-link-dotdot "a hard link to ../…" "names of layers" "'x': a hard link to '*': '..' in a name"
	layer hard-link-through "a hard link through a symbolic link" "openat2(2) without links" "'x': a hard link to 'out/file': too many levels of symbolic links"
	layer pax-link "a hard link that a pax header leads elsewhere" "names of layers" "'x': a hard link to '*': an absolute name"
}

@test "layer: whiteouts of what is not the layer's" {
	layer whiteout-dotdot "a whiteout of ../…" "names of layers" "'*': '..' in a name"
	layer whiteout-through "a whiteout through a symbolic link" "openat2(2) without links" "'*': * leads through a symbolic link"
	layer opaque-through "an opaque mark through a symbolic link" "openat2(2) without links" "'*': * leads through a symbolic link"
}

@test "layer: a whiteout of the directory above" {
	mkdir -p careless/root
	touch careless/root/other
	"$PYTHON" "$TESTS_DIR/attacks/lib/images.py" unpack "$SCRATCH/hostile/whiteout-of-parent.layer" "$WORK/careless/root" >/dev/null 2>&1 || true
	[ ! -e careless/root/other ] || fail "no attack: nothing is gone"
	refused "*: a whiteout of nothing" stranger load -i "$(image whiteout-of-parent)"
	row "a whiteout of '..'" "names of layers" "a careless program empties the directory above"
}

@test "layers: a link in one, a file through it in the next" {
	layer across "a link in a layer, a file through it in the next one" "no layer goes through a link of one below" "into 'data': it is a symbolic link in a layer below"
}

@test "layer: names that are too long or too deep" {
	refused "bivy: cannot load '*' from '*': cannot unpack '*': *" stranger load -i "$(image long-name)"
	refused "bivy: cannot load '*' from '*': cannot unpack '*': *" stranger load -i "$(image long-path)"
	refused "bivy: cannot load '*' from '*': cannot unpack '*': *" stranger load -i "$(image deep)"
	row "names of 300 bytes, paths of 6000 bytes, 4000 directories in each other" "names of layers" "no directory has room for the first"
}

# ---------------------------------------------------------------- what files are

@test "layer: attributes that are overlay's" {
	local name
	for name in opaque redirect user libarchive; do
		refused "bivy: cannot load '*' from '*': cannot unpack 'etc/': the extended attribute '*.overlay.*' belongs to overlay" stranger load -i "$(image overlay-$name)"
	done
	# Who unpacks it with its attributes hides what is below.
	mkdir -p careless/root lower/etc work merged
	touch lower/etc/shadow
	"$PYTHON" "$TESTS_DIR/attacks/lib/images.py" unpack "$SCRATCH/hostile/overlay-opaque.layer" "$WORK/careless/root"
	mount -t overlay overlay -o "lowerdir=lower,upperdir=careless/root,workdir=work" merged
	[ -z "$(ls merged/etc)" ] || fail "no attack: the attribute does nothing"
	umount merged
	row "attributes of overlay in a layer (opaque, redirect, user.*)" "extended attributes of layers" "a careless program hides files of the layers below"
}

@test "layer: device nodes" {
	bivy load -q -i "$(image devices)" >/dev/null
	in_container_of() { run bivy run --rm --network none "$@" devices sh -c 'head -c 1 /bin/kmsg >/dev/null && echo HIT:' </dev/null; }
	in_container_of
	assert_stopped
	in_container_of --userns host
	assert_stopped "without a user namespace"
	in_container_of --device-cgroup-rule 'c *:* rwm'
	assert_stopped "without rules for devices"
	in_container_of --userns host --device-cgroup-rule 'c *:* rwm' --cap-add SYSLOG
	assert_hit
	row "a device node in a layer (/dev/kmsg)" "user namespace; device rules of the cgroup" "each of them alone stops it; without both of them it succeeds"
}

@test "layer: setuid files and capabilities, seen from the host" {
	bivy load -q -i "$(image powers)" >/dev/null
	local file
	file=$(ls "$SCRATCH"/root/images/layers/*/diff/suid)
	[ -u "$file" ] || fail "no attack: the file has lost its bit"
	cp -p "$file" "$SCRATCH/suid" # where users get at it
	# A shell, as setpriv has its capabilities until it executes something.
	as_nobody() { run setpriv --reuid 65534 --regid 65534 --clear-groups sh -c '"$@" || exit 1' sh "$@"; }
	SUCCEEDED=is_busybox # which knows no command of that name
	is_busybox() { [[ $output == *"applet not found"* ]]; }
	as_nobody "$SCRATCH/suid"
	assert_hit
	as_nobody "$file"
	assert_stopped
	as_nobody ls "$SCRATCH/root/images"
	[ "$status" -ne 0 ] || fail "HIT: the store is open"
	rm "$SCRATCH/suid"
	row "a setuid file in a layer, executed by a user of the host (CVE-2021-41091)" "the store's mode, 700" "where users get at it, it is root's"
}

@test "layer: a file with capabilities, executed in the container" {
	bivy load -q -i "$(image powers)" >/dev/null
	look() { run bivy run --rm --network none --user 1000 "$@" powers /capable/busybox grep CapEff /proc/self/status; }
	SUCCEEDED=has_capability
	has_capability() { [[ $output == *0000000000200000* ]]; }
	look
	assert_stopped
	look --cap-add SYS_ADMIN
	assert_hit
	row "a file of an image with CAP_SYS_ADMIN" "bounding set" "with the capability in it, it is had"
}

# ---------------------------------------------------------------- bytes

# too_much GOOD BAD WORDS WHAT BY: of two images that differ in one number, one is loaded and one is not.
too_much() {
	stranger load -q -i "$(image "$1")" >/dev/null
	rm -rf own
	refused "bivy: cannot load '*' from '*': *$3*" stranger load -i "$(image "$2")"
	row "$4" "$5" "with a small one it is loaded"
}

@test "layer: a dictionary of 4 GiB" {
	too_much xz-small xz-window "it asks for more than 256 MiB of memory" "xz with a dictionary of 4 GiB" "limits of decompression"
}

@test "layer: a window of 2 GiB" {
	too_much zstd-small zstd-window "too much memory" "zstd with a window of 2 GiB" "limits of decompression"
}

@test "layer: a file of 4 EiB that is all hole" {
	refused "bivy: cannot load '*' from '*': cannot unpack 'huge': cannot make it 4611686018427387904 bytes long: file too large" stranger load -i "$(image sparse)"
	[ -z "$(ls own/root/images/staging)" ]
	row "a sparse file of 4 EiB in 10 kB" "the file system; nothing is allocated for holes" "its header says so, and it is believed no further"
}

@test "layer: a bomb in a store that is full" {
	# 128 MiB in 600 kB.
	mkdir -p own/root
	mount -t tmpfs -o size=32m tmpfs own/root
	refused "bivy: cannot load '*' from '*': *: no space left on device" stranger load -i "$(image bomb)"
	[ "$(stranger images -q | wc -l)" = 0 ]
	stranger system prune -f >/dev/null
	[ "$(du -sm own/root | cut -f1)" -lt 4 ] || fail "HIT: it is full: $(du -a own/root | sort -n | tail -5)"
	umount own/root
	stranger load -q -i "$(image bomb)" >/dev/null
	[ "$(du -sm own/root/images/layers | cut -f1)" -ge 100 ]
	row "a layer of 128 MiB in 600 kB, and no space for it" "undo of what is half made" "where there is space it is all there"
}

# ---------------------------------------------------------------- what is not what it says

@test "documents: digests that are paths, and other ones" {
	local name
	for name in traversing short upper newline; do
		refused "bivy: cannot load '*' from '*': layers[[]0].digest: 'sha256:*' is no digest" stranger load -i "$(image $name-digest)"
	done
	refused "*: 'md5:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' is no digest that content can be stored by" stranger load -i "$(image odd-digest)"
	row "digests as sha256:../../etc/passwd, in capitals, cut off, of md5" "grammar of digests" "each names a file for who joins words to paths"
}

@test "documents: a layer that is not what its digest says" {
	refused "*: what came as the blob 'sha256:*' has the digest 'sha256:*'*" stranger load -i "$(image wrong-digest)"
	refused "*: the blob 'sha256:*' has more than its * bytes*" stranger load -i "$(image wrong-size)"
	refused "*: the manifest 'sha256:*' has 2 layers, its configuration 1" stranger load -i "$(image fewer-diff-ids)"
	row "a layer with another digest, size or number than its documents say" "digests of what has come" "the same layers under their own digests are loaded (next row)"
}

@test "documents: a layer that claims to be another image's (poisoned cache)" {
	refused "*: the layer in the blob 'sha256:*' has the diff id 'sha256:*', its configuration says 'sha256:*'" stranger load -i "$(image poison)"
	# What comes afterwards by that name is what it says; the other way round, what is there is.
	stranger load -q -i "$(image honest)" >/dev/null
	[ "$(stranger run --rm --network none honest)" = honest ] || fail "HIT: the cache is poisoned"
	stranger load -q -i "$(image poison)" >/dev/null
	[ "$(stranger run --rm --network none poison cat /etc/who)" = honest ] || fail "HIT: the cache is poisoned"
	[ "$(stranger run --rm --network none honest)" = honest ] || fail "HIT: the cache is poisoned"
	row "a configuration with the diff ids of another image (poisoned cache)" "the diff id of what was unpacked" "the honest image of these ids is loaded"
}

@test "documents: nested, huge, deep, twice" {
	refused "*: 'sha256:*' is an index within an index" stranger load -i "$(image nested)"
	refused "*: 'sha256:*': file too large" stranger load -i "$(image huge-index)"
	refused "*: manifest: line 1, column *: values are nested too deeply" stranger load -i "$(image deep-json)"
	refused "*: layers: more than 1000" stranger load -i "$(image many-layers)"
	refused "*: manifest: line 1, column 1: the object has \"layers\" twice" stranger load -i "$(image twice)"
	row "indexes within indexes (10^12 manifests), of 8 MB, JSON of a million levels, members twice, 2000 layers" "bounds of documents" "an index of one manifest is loaded (tests/e2e/archives)"
}

@test "documents: a layer that is elsewhere (SSRF)" {
	mkdir web
	cd web
	"$PYTHON" "$TESTS_DIR/lib/web.py" >"$WORK/asked" 3>&- &
	own_pid $!
	cd ..
	wait_for test -s asked
	tar x -f "$(image foreign)" -C web
	sed -i "s|http://127.0.0.1:9/|http://127.0.0.1:$(head -1 asked)/layer|" web/blobs/sha256/*
	foreign=$(sed -n 's/.*"digest": "sha256:\([0-9a-f]*\)".*/\1/p' web/index.json)
	local digest size
	digest=$(sha256sum "web/blobs/sha256/$foreign" | cut -d' ' -f1)
	mv "web/blobs/sha256/$foreign" "web/blobs/sha256/$digest"
	size=$(stat -c %s "web/blobs/sha256/$digest")
	sed -i "s/$foreign/$digest/; s/\"size\": [0-9]*/\"size\": $size/" web/index.json
	refused "bivy: cannot load '*' from 'web': *: no such file or directory" stranger load -i web
	[ "$(wc -l <asked)" = 1 ] || fail "HIT: somebody was asked: $(cat asked)"
	curl -s -o /dev/null "http://127.0.0.1:$(head -1 asked)/layer"
	[ "$(wc -l <asked)" = 2 ] || fail "no attack: nobody answers there"
	row "a layer with the address of a server of the host's (SSRF)" "addresses in documents are not asked" "who asks is seen there"
}

# ---------------------------------------------------------------- configurations

# configured NAME PATTERN WHAT BY [OPTION…]: an image that cannot be run as it says; with OPTIONs it can.
configured() {
	bivy load -q -i "$(image "$1")" >/dev/null
	refused "$2" bivy run --rm --network none "$1"
	bivy run --rm --network none "${@:5}" "$1" true || fail "no control: it does not run otherwise either"
	assert_canary
	row "$3" "$4" "with the option of run in its place it runs"
}

@test "config: WorkingDir is a descriptor that has leaked (CVE-2024-21626)" {
	configured cwd-descriptor "bivy: cannot start the container '*': cannot change to process.cwd '/proc/self/fd/7': *" \
		"WorkingDir /proc/self/fd/7 (CVE-2024-21626)" "no descriptor is inherited; the directory is checked" -w /
	configured cwd-relative "bivy: the working directory '../../../..' is not an absolute path" "WorkingDir ../../.." "grammar of configurations" -w /
}

@test "config: volumes on /proc, on the root, outside" {
	# Without the name that is in the way the image is one that runs.
	local name
	for name in volume-dotdot volume-root; do
		bivy load -q -i "$(image $name)" >/dev/null
		refused "bivy: invalid volume '*': expected an absolute path, and not the root" bivy run --rm --network none $name
	done
	for name in volume-proc volume-proc-part; do
		bivy load -q -i "$(image $name)" >/dev/null
		refused "bivy: cannot start the container '*': mounts[[]*]: cannot mount *" bivy run --rm --network none $name
	done
	assert_canary
	[ -z "$(bivy volume ls -q)" ] || fail "left: $(bivy volume ls)"
	bivy run --rm --network none -v /elsewhere busybox true
	row "volumes of an image at /proc, /proc/sys, /, /../…" "grammar of configurations; nothing but procfs on /proc" "a volume elsewhere is mounted"
}

@test "config: users that are lines, paths, numbers that wrap" {
	configured user-newline "bivy: cannot start the container '*': no such group '0?root' in /etc/group of the container" "User 0:0\\nroot" "grammar of configurations" -u 0
	configured user-path "bivy: cannot start the container '*': no such user '../../*' in /etc/passwd of the container" "User ../../file" "names are looked up, not opened" -u 0
	configured user-overflow "bivy: cannot start the container '*': user '4294967295': ids end at 4294967294" "User 4294967295, which is -1" "grammar of configurations" -u 0
}

@test "config: environment for the engine's own programs" {
	bivy load -q -i "$(image env-runtime)" >/dev/null
	run bivy run --rm --network none env-runtime env
	[[ $status -eq 0 && $output == *LD_PRELOAD=/evil.so* ]] || fail "no attack: the container has not got it: $output"
	# The supervisor, which starts health checks and executes our own programs, has it not (CVE-2025-23266).
	bivy run -d --name one --network none --health-cmd true env-runtime sleep 100 >/dev/null
	local pid supervisor
	read -r pid supervisor < <(bivy inspect -f '{{.State.Pid}} {{.State.SupervisorPid}}' one)
	grep -qaz '^LD_PRELOAD=/evil.so' "/proc/$pid/environ" || fail "no attack: the container has not got it"
	! grep -qaz -e '^LD_PRELOAD' -e '=/evil' "/proc/$supervisor/environ" || fail "HIT: our own program has it"
	row "Env with LD_PRELOAD and variables of our own programs (CVE-2025-23266)" "environment of the container's processes alone" "the container's process has it"
}

# ---------------------------------------------------------------- words

# on_terminal COMMAND…: what it says to a terminal; COMMAND is one of bivy's.
on_terminal() { script -qec "$BIVY --root '$SCRATCH/root' --run-root '$SCRATCH/run' $(printf '%q ' "$@")" /dev/null </dev/null | tr -d '\r'; }

# commands a terminal obeys: those of ASCII, and C1, U+0080 to U+009F.
obeyed() { LC_ALL=C grep -aq -P '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]'; }

@test "words: what images, containers and files are called does not write to the terminal" {
	type -P script >/dev/null || skip "missing: script(1)"
	bivy load -q -i "$(image escapes)" >/dev/null
	bivy run --name one --network none escapes >/dev/null
	bivy run -d --name two --network none --entrypoint sh escapes -c 'touch "$A"; sleep 100 "$A" || sleep 100' >/dev/null
	wait_for_file() { bivy exec two sh -c 'test -e "$A"'; }
	wait_for wait_for_file
	bivy volume create --label "a=$(printf '\033[31m\302\233')" words >/dev/null
	# It is there, and goes where no terminal is as it was.
	bivy inspect -f '{{.Comment}}' escapes | obeyed || fail "no attack: nothing of it is there"
	local command
	for command in images "ps -a --no-trunc" "history --no-trunc escapes" "history --format {{.Comment}} escapes" "inspect escapes one two" \
		"inspect -f {{.Config.Labels}} one" "ps -a --format {{.Labels}}" "top two" "diff two" "events --since 1h --until 0s" "volume ls --format {{.Labels}}" \
		"run --rm --network none escapes:$(printf '\033[31m\302\233')"; do
		# shellcheck disable=SC2086
		on_terminal $command >told || true
		[ -s told ] || fail "nothing is said by: $command"
		! obeyed <told || fail "HIT: written to the terminal by: $command" "$(cat -v told)"
		! grep -q '^FORGED' told || [[ $command == *--format* ]] || fail "HIT: a row of its own in: $command" "$(cat -v told)"
	done
	bivy volume rm words >/dev/null
	row "sequences for terminals in comments, labels, arguments, names of files and tags" "what is printed to a terminal has no controls, C1 neither; cells are one line" "what goes to a pipe has them"
}
