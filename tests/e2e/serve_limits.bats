# bivy serve: how much of everybody's one client may have. What is told of times and numbers is bivy-http's, whose bivy-server the test is
# (tests/lib/front.py), so that they are short and few.
bats_require_minimum_version 1.5.0
load ../lib/common
load ../lib/engine
load ../lib/serve

setup_file() { serve_setup_file; }
setup() { serve_setup; }

@test "clients that drip, stall, are many or speak nonsense: they have their end, and others their answers" {
	run -0 timeout 60 python3 "$BIVY_SOURCE/tests/lib/front.py" "$BIVY_BUILD/bivy-http"
	[ -z "$output" ]
}

@test "the same over TLS" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 2 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out csr -subj /CN=both 2>/dev/null
	openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 -extfile <(printf 'subjectAltName=IP:127.0.0.1') 2>/dev/null
	run -0 timeout 60 python3 "$BIVY_SOURCE/tests/lib/front.py" "$BIVY_BUILD/bivy-http" "$WORK"
	[ -z "$output" ]
}
