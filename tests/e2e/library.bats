# libbivy-runtime: the runtime as a library, used by the example that is its tutorial, in the build tree and installed.

load ../lib/common

setup() {
	[ -x "${BIVY_EXAMPLE:-}" ] || skip "missing: the built example (BIVY_EXAMPLE)"
	common_setup
}

# example [PROGRAM]: the example runs $ID; sets $status and $output.
example() { run timeout -k 5 "$(slow 60)" "${1:-$BIVY_EXAMPLE}" "$STATE" "$BUNDLE" "$ID" </dev/null 3>&- 4>&-; }

@test "the example runs a container and tells how it ended" {
	config_sh 'echo "process $$ of $(hostname)"; exit 7'
	example
	assert_fails 7
	assert_output "$(printf 'process 1 of bivy\n%s ended with status 7, 0 other containers' "$ID")"
	assert_nothing_left
}

@test "the example gives status 0 and 128+n" {
	example
	assert_ok
	config_sh 'kill -TERM $$; sh -c "kill -KILL \$\$"; exit $?'
	example
	assert_fails 137
	assert_nothing_left
}

@test "the example says what is wrong in one line" {
	config '.root.path = "/no/such/rootfs"'
	example
	assert_fails 1
	assert_equal 1 "$(grep -vc '^hint: ' <<<"$output")" "lines besides a hint"
	assert_has "run: " /no/such/rootfs
	assert_nothing_left
	run "$BIVY_EXAMPLE"
	assert_fails 2
	assert_has usage
}

@test "the library and the program see the same containers" {
	sleeper
	ID=$ID-lib
	config '.linux.cgroupsPath += "-lib"'
	config_sh 'exit 0'
	example
	assert_ok
	assert_has "${ID%-lib} is running, its first process is $(ct_pid "${ID%-lib}")" "1 other containers"
	config_args sleep 1000
	timeout 60 "$BIVY_EXAMPLE" "$STATE" "$BUNDLE" "$ID" </dev/null >"$WORK/out" 2>&1 3>&- &
	local program=$!
	own_pid "$program"
	wait_for status_is running
	run rt list -q
	assert_output "$(printf '%s\n%s' "${ID%-lib}" "$ID")"
	run rt kill "$ID" KILL
	assert_ok
	status=0
	wait "$program" || status=$?
	assert_equal 137 "$status"
}

# installed: installs the build into $WORK/inst and sets $pc to the directory of its pkg-config file.
installed() {
	require_program meson
	require_program pkg-config
	require_program cc gcc
	[ -n "${BIVY_BUILD:-}" ] || skip "missing: the build directory (BIVY_BUILD)"
	[ -w "$BIVY_BUILD/meson-private" ] || skip "missing: a build of the caller's own"
	DESTDIR=$WORK/inst meson install -C "$BIVY_BUILD" --no-rebuild --quiet >"$WORK/install.log" 2>&1 || fail "$(cat "$WORK/install.log")"
	pc=$(dirname "$(find "$WORK/inst" -name bivy-runtime.pc | head -n 1)")
	[ -e "$pc/bivy-runtime.pc" ]
}

@test "the example builds with pkg-config alone against the installed library, and runs" {
	require_unsanitized
	installed
	export PKG_CONFIG_SYSROOT_DIR=$WORK/inst PKG_CONFIG_PATH=$pc
	local lib
	lib=$(find "$WORK/inst" -name 'libbivy-runtime.*' -printf '%h\n' | head -n 1)
	# Words for the compiler, on purpose.
	# shellcheck disable=SC2046
	cc -std=gnu17 -Wall -Wextra -Werror -o "$WORK/example" "$BIVY_SOURCE/examples/run.c" $(pkg-config --cflags --libs bivy-runtime) \
		-Wl,-rpath,"$lib"
	config_sh 'echo installed; exit 5'
	example "$WORK/example"
	assert_fails 5
	assert_has installed "$ID ended with status 5"
	assert_nothing_left
}

@test "one public header is installed, and it stands alone" {
	installed
	assert_equal 1 "$(find "$WORK/inst" -name '*.h' | wc -l)" "installed headers"
	local header
	header=$(find "$WORK/inst" -name bivy-runtime.h)
	[ -n "$header" ]
	echo "#include <bivy-runtime.h>" >"$WORK/alone.c"
	cc -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$(dirname "$header")" "$WORK/alone.c"
	if command -v c++ >/dev/null; then
		cp "$WORK/alone.c" "$WORK/alone.cc"
		c++ -Wall -Wextra -Werror -fsyntax-only -I "$(dirname "$header")" "$WORK/alone.cc"
	fi
}

@test "the shared library exports what the header declares and nothing else" {
	require_program nm binutils
	installed
	local shared header
	shared=$(find "$WORK/inst" -name 'libbivy-runtime.so*' -type f | head -n 1)
	[ -n "$shared" ] || skip "missing: a shared library in this build"
	header=$(find "$WORK/inst" -name bivy-runtime.h)
	nm -D --defined-only "$shared" | awk '$2 ~ /[TDBR]/ { sub(/@.*/, "", $3); print $3 }' | sort >"$WORK/exported"
	grep -oE '\bbivy_runtime_[a-z_]+ ?\(' "$header" | tr -d ' (' | sort -u >"$WORK/declared"
	[ -s "$WORK/exported" ]
	local name
	while read -r name; do
		grep -qx "$name" "$WORK/declared" || fail "exported and not declared: $name"
	done <"$WORK/exported"
}
