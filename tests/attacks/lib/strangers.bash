# Rows about what strangers send: images, files to build from, answers of registries, requests of clients. `load lib/rows` comes
# first. These have no options that take a layer away; each test shows by a control that the attack is one: what a careless
# program would have done is done to the canary, or the same without the layer.
#
# Per file:  CANARY   a directory of the host's with `file` and `dir`: what attacks are after
# Per test:  as engine.bash has it
#
# stranger ARGUMENT…   our program with an engine that has seen nothing yet

setup_file() { strangers_setup_file; }
setup() { strangers_setup; }

strangers_setup_file() {
	ENGINE_PROGRAMS= engine_setup_file
	: >"$SCRATCH/rows"
	CANARY=$SCRATCH/canary
	export CANARY
}

strangers_setup() {
	engine_setup
	ROW=
	SUCCEEDED=says_hit
	make_canary
}

make_canary() {
	rm -rf "$CANARY"
	mkdir -p "$CANARY/dir"
	echo "of the host" >"$CANARY/file"
	echo inner >"$CANARY/dir/inner"
	canary_before=$(canary_now)
}

# row WHAT LAYERS WITHOUT: a line of the table; a test may have several.
row() { ROW="${ROW:+$ROW
}$1 | $2 | $3"; }

stranger() { timeout -k 5 "$(slow 30)" "$BIVY" --root "$WORK/own/root" --run-root "$WORK/own/run" "$@"; }

canary_now() { (cd "$CANARY" && find . -printf '%p %y %m %s %U %l\n' | sort && find . -type f -exec sha256sum {} + | sort); }

canary_is_untouched() { [ "$(canary_now)" = "$canary_before" ]; }

# assert_canary: the host's directory is as it was.
assert_canary() { canary_is_untouched || fail "HIT: the host's directory has changed:" "$(canary_now)"; }

# refused PATTERN COMMAND…: it fails with one line that the pattern matches, and a hint at most.
refused() {
	run --separate-stderr "${@:2}"
	[ "$status" -ne 0 ] || fail "HIT: not refused: ${*:2}" "$output"
	[[ ${stderr_lines[0]} == $1 ]] || fail "refused otherwise:" "$stderr"
	[ "${#stderr_lines[@]}" -eq 1 ] || [[ ${#stderr_lines[@]} -eq 2 && ${stderr_lines[1]} == "hint: "* ]] || fail "not one line:" "$stderr"
}

# is_an_attack LAYER: who unpacks the archive as it says, in careless/root beside `canary`, has changed the host's directory.
is_an_attack() {
	rm -rf careless
	mkdir -p careless/root
	ln -sfn "$CANARY" canary # where two levels up of careless/root is
	"$PYTHON" "$TESTS_DIR/attacks/lib/images.py" unpack "$1" "$WORK/careless/root" >/dev/null 2>&1 || true
	! canary_is_untouched || fail "no attack: a careless program leaves the host alone, too"
	make_canary
}
