# The small static programs that tests run inside containers or beside them (sources in tests/*/programs).

# test_program NAME: prints the path of a program: from BIVY_TEST_PROGRAMS, else from the build directory, else compiled
# into SCRATCH; skips when that is not possible either.
test_program() {
	local path
	for path in "${BIVY_TEST_PROGRAMS:-/nonexistent}/$1" "${BIVY_BUILD:-/nonexistent}/tests/$1" "$SCRATCH/programs/$1"; do
		[ ! -x "$path" ] || { echo "$path"; return 0; }
	done
	mkdir -p "$SCRATCH/programs"
	cc -std=gnu17 -D_GNU_SOURCE -O1 -static -pthread -o "$path" "$TESTS_DIR"/*/programs/"$1.c" >&2 || return 1
	echo "$path"
}

# install_program NAME: copies a program into the file's root file system, as /bin/NAME.
install_program() {
	local path
	path=$(test_program "$1") || skip "missing: a C compiler for the test program $1"
	install -m 755 "$path" "$BASE_ROOTFS/bin/$1"
}
