# What the tests of faults share: `load ../lib/faults` after engine.bash.

# damage KIND FILE: what can have become of a record.
damage() {
	case $1 in
	empty) : >"$2" ;;
	half) truncate -s $(($(stat -c %s "$2") / 2)) "$2" ;;
	short) truncate -s -1 "$2" ;;
	flipped) printf '\377' | dd of="$2" bs=1 seek=$(($(stat -c %s "$2") / 2)) conv=notrunc status=none ;;
	zeros) head -c "$(stat -c %s "$2")" /dev/zero | dd of="$2" conv=notrunc status=none ;;
	other) echo '{}' >"$2" ;;
	array) echo '[1, 2]' >"$2" ;;
	deep) head -c 100000 /dev/zero | tr '\0' '[' >"$2" ;;
	huge) truncate -s 5G "$2" ;;
	gone) rm "$2" ;;
	dir) rm "$2" && mkdir "$2" && touch "$2/x" ;;
	fifo) rm "$2" && mkfifo "$2" ;;
	dangling) rm "$2" && ln -s /nonexistent "$2" ;;
	device) rm "$2" && ln -s /dev/zero "$2" ;;
	*) return 1 ;;
	esac
}
DAMAGES='empty half short flipped zeros other array deep huge gone dir fifo dangling device'

# limited ARGUMENT…: bivy, which ends within the time that anything here may take.
limited() { timeout -k 1 $((20 * ${BIVY_TEST_SLOW:-1})) "$BIVY" --root "${ROOT:-$SCRATCH/root}" --run-root "${RUN:-$SCRATCH/run}" "$@" 3>&-; }

# told STATUS ARGUMENT…: bivy ends so, and says an error in one line besides a hint, sets $output.
told() {
	local expected=$1
	shift
	status=0
	output=$(limited "$@" 2>&1 >"$WORK/stdout" </dev/null) || status=$?
	[ "$status" -eq "$expected" ] || { echo "status $status, not $expected, of: $*: $output"; return 1; }
	[ "$status" -eq 0 ] || [ "$(grep -vc '^hint: ' <<<"$output")" -eq 1 ] || { echo "not one line of: $*: $output"; return 1; }
}

# whole: nothing is damaged, nothing is left over.
whole() {
	local said
	said=$(limited system check 2>&1)
	[ "$said" = "nothing is damaged, nothing is left over" ] || { echo "$said"; return 1; }
}
