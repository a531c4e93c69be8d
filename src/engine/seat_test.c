/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seat.h"

#include "engine/container_scratch_test.h"
#include "engine/id_range.h"
#include "host/fdpass.h"

#include <sys/socket.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char *const addresses[] = { (char *)"10.66.0.9/20", (char *)"fd00::9/64", NULL };

static struct spec_network_link link_of_test(void)
{
	return (struct spec_network_link){ .kind = SPEC_LINK_VETH, .network = (char *)"bridge", .network_id = (char *)"n1", .parent = (char *)"bivy0",
		.host_name = (char *)"v0123456789aba", .name = (char *)"eth0", .mac = (char *)"02:00:00:00:00:01", .addresses = (char **)addresses,
		.gateway4 = (char *)"10.66.0.1", .bridge4 = (char *)"10.66.0.1" };
}

static void open_pair(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

/* Descriptors of /dev/null for all but the mapping, which there need not be. */
static struct seat make(struct spec_network_plan *plan)
{
	struct seat seat = SEAT_NONE;

	seat.id = ID;
	seat.id_base = ID_RANGE_FIRST + 3 * ID_RANGE_SIZE;
	seat.layer = (struct seat_layer){ 1, 2, 3 };
	seat.plan = plan;
	for (size_t i = 0; i < SEAT_MAPPING; i++)
		seat.fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return seat;
}

static void test_hand_over(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct spec_network_link link = link_of_test();
	struct spec_network_plan plan = { .id = (char *)ID, .links = &link, .link_count = 1 };
	_cleanup_seat_ struct seat sent = make(&plan), received = SEAT_NONE;
	int ends[2];

	open_pair(ends);
	assert_int_equal(seat_send(ends[0], &sent), 0);
	assert_int_equal(seat_receive(arena, ends[1], &received, NULL), 0);
	assert_string_equal(received.id, ID);
	assert_int_equal(received.id_base, sent.id_base);
	assert_int_equal(received.layer.changed_ns, 3);
	assert_true(received.fds[SEAT_ROOT] >= 0 && received.fds[SEAT_MAPPING] < 0);
	assert_true(seat_has_link(&received, &link));
	/* With a mapping there is one more. */
	sent.fds[SEAT_MAPPING] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	seat_done(&received);
	assert_int_equal(seat_send(ends[0], &sent), 0);
	assert_int_equal(seat_receive(arena, ends[1], &received, NULL), 0);
	assert_true(received.fds[SEAT_MAPPING] >= 0);
	/* Nobody. */
	seat_done(&received);
	close(ends[0]);
	assert_true(seat_receive(arena, ends[1], &received, NULL) < 0);
	close(ends[1]);
}

static void refuses(const char *head, const char *tail, size_t fd_count)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *text = str_printf("%s%s", head, tail);
	_cleanup_seat_ struct seat seat = SEAT_NONE;
	struct error err = ERROR_INIT;
	int fds[FDPASS_LIMIT], ends[2];

	open_pair(ends);
	for (size_t i = 0; i < fd_count; i++)
		fds[i] = STDIN_FILENO;
	assert_int_equal(fdpass_send_all(ends[0], fds, fd_count, text, strlen(text)), 0);
	assert_true(seat_receive(arena, ends[1], &seat, &err) < 0);
	assert_true(seat.id == NULL && seat.fds[SEAT_RANGE] < 0);
	close(ends[0]);
	close(ends[1]);
}

static void test_what_is_none(void **state _unused_)
{
	struct spec_network_link link = link_of_test();
	struct spec_network_plan plan = { .id = (char *)ID, .links = &link, .link_count = 1 };
	_cleanup_buf_ struct buf text = BUF_INIT;

	spec_network_plan_encode(&plan, &text);
	refuses(ID " 536870912 0 1 2 3\n", text.data, 4);          /* too few */
	refuses(ID " 536870912 0 1 2 3\n", text.data, 8);          /* too many */
	refuses(ID " 0 0 1 2 3\n", text.data, 6);                  /* see seat_packet_test.c */
}

static void test_links(void **state _unused_)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	static char *const others[] = { (char *)"10.66.0.10/20", NULL };
	struct spec_network_link link = link_of_test(), planned = link;
	struct spec_network_plan plan = { .id = (char *)ID, .links = &link, .link_count = 1 };
	const struct seat seat = { .id = ID, .plan = &plan };
	const struct spec_container_endpoint endpoint = { .network = (char *)"bridge" }, same = seat_endpoint(arena, &seat, &endpoint);

	assert_string_equal(same.network, "bridge");
	assert_string_equal(same.ipv4, "10.66.0.9");
	assert_string_equal(same.ipv6, "fd00::9");
	assert_true(seat_has_link(&seat, &planned));
	planned.addresses = (char **)others;
	assert_false(seat_has_link(&seat, &planned));
	planned = link;
	planned.parent = (char *)"bivy1";
	assert_false(seat_has_link(&seat, &planned));
	planned = link;
	planned.transmit_bps = 1;
	assert_false(seat_has_link(&seat, &planned));
	planned = link;
	planned.isolated = true;
	assert_false(seat_has_link(&seat, &planned));
}

static void test_layers(void **state _unused_)
{
	const struct seat none = { .layer = { 0, 0, 0 } };

	assert_false(seat_has_layer(&none, "/nonexistent"));
	assert_false(seat_has_layer(&none, "/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hand_over),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_layers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
