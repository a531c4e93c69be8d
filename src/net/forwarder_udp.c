/* SPDX-License-Identifier: Apache-2.0 */
#include "net/forwarder_udp.h"

#include "base/log.h"
#include "base/memory.h"
#include "net/forwarder_socket.h"

#include <netinet/udp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>

/* COMPAT(musl 1.2.3): udp(7), since 4.18 and 5.0. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define FLOWS 16384
#define BUCKETS 8192
#define BATCH 16            /* packets that are read at once */
#define ROUNDS 4            /* batches of one socket, before others have their turn */
#define PACKET_BYTES 65536  /* more than one has, and than the kernel puts together */
#define CONTROL_BYTES 128

struct flow {
	struct forwarder_watch watch; /* towards the container */
	struct forwarder_listener *listener;
	union forwarder_address client;
	union forwarder_address local; /* of the host: where the client sent to, port 0 */
	uint64_t hash;
	struct flow *next_alike;        /* in its bucket; when it has ended, of those */
	struct flow *older, *younger;   /* in its queue */
	int64_t seen_ms;
	bool is_answered, is_over;
};

/* By the time when they were last seen. */
struct queue {
	struct flow *oldest, *youngest;
	int64_t patience_ms;
};

enum { UNANSWERED, ANSWERED, QUEUES };

struct packet {
	union forwarder_address name;
	char control[CONTROL_BYTES] __attribute__((aligned(sizeof(size_t))));
	char bytes[PACKET_BYTES];
};

struct forwarder_flows {
	struct flow *buckets[BUCKETS];
	struct queue queues[QUEUES];
	struct flow *ended;
	size_t count;
	/* Packets of one batch: memory that nobody has written to is none. */
	struct packet packets[BATCH];
	struct mmsghdr messages[BATCH], sent[BATCH];
	struct iovec parts[BATCH], sent_parts[BATCH];
};

/* ---- queues ---------------------------------------------------------------------------- */

static struct queue *queue_of(struct forwarder *forwarder, const struct flow *flow)
{
	return &forwarder->flows->queues[flow->is_answered ? ANSWERED : UNANSWERED];
}

static void leave_queue(struct queue *queue, struct flow *flow)
{
	*(flow->older ? &flow->older->younger : &queue->oldest) = flow->younger;
	*(flow->younger ? &flow->younger->older : &queue->youngest) = flow->older;
	flow->older = flow->younger = NULL;
}

static void join_queue(struct queue *queue, struct flow *flow, int64_t now_ms)
{
	flow->seen_ms = now_ms;
	flow->older = queue->youngest;
	*(queue->youngest ? &queue->youngest->younger : &queue->oldest) = flow;
	queue->youngest = flow;
}

static void note_seen(struct forwarder *forwarder, struct flow *flow, bool is_answer)
{
	leave_queue(queue_of(forwarder, flow), flow);
	flow->is_answered |= is_answer;
	join_queue(queue_of(forwarder, flow), flow, forwarder->now_ms);
}

/* ---- flows -------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct forwarder_listener *listener, const union forwarder_address *client, const union forwarder_address *local)
{
	uint64_t hash = forwarder_mix(FORWARDER_HASH, &listener, sizeof listener);

	hash = forwarder_address_mix(forwarder_address_mix(hash, client), local);
	return hash ^ hash >> 32;
}

static struct flow **bucket_of(struct forwarder *forwarder, uint64_t hash)
{
	return &forwarder->flows->buckets[hash % BUCKETS];
}

static void end_flow(struct forwarder *forwarder, struct flow *flow)
{
	struct flow **slot = bucket_of(forwarder, flow->hash);

	while (*slot != flow)
		slot = &(*slot)->next_alike;
	*slot = flow->next_alike;
	leave_queue(queue_of(forwarder, flow), flow);
	forwarder_close(forwarder, &flow->watch);
	flow->is_over = true;
	flow->listener->flow_count--;
	forwarder->flows->count--;
	flow->next_alike = forwarder->flows->ended;
	forwarder->flows->ended = flow;
}

/* Whether there was one to go. */
static bool end_oldest(struct forwarder *forwarder)
{
	struct forwarder_flows *flows = forwarder->flows;
	struct flow *flow = flows->queues[UNANSWERED].oldest ? flows->queues[UNANSWERED].oldest : flows->queues[ANSWERED].oldest;

	if (flow)
		end_flow(forwarder, flow);
	return flow != NULL;
}

static void answers_are_ready(struct forwarder *forwarder, struct forwarder_watch *watch, uint32_t events);

static int open_flow_socket(struct forwarder *forwarder, struct flow *flow)
{
	int r = forwarder_socket_open(forwarder, flow->listener, &flow->client, &flow->watch.fd), on = 1;

	if (r < 0)
		return r;
	ignore_result(setsockopt(flow->watch.fd, SOL_UDP, UDP_GRO, &on, sizeof on)); /* faster with */
	r = forwarder_watch(forwarder, &flow->watch, EPOLLIN);
	if (r < 0)
		close_and_forget(&flow->watch.fd);
	return r;
}

/* NULL: the container cannot be reached. */
static struct flow *make_flow(struct forwarder *forwarder, struct forwarder_listener *listener, const union forwarder_address *client,
	const union forwarder_address *local, uint64_t hash)
{
	struct flow *flow = memory_new(1, sizeof *flow), **slot = bucket_of(forwarder, hash);
	int r;

	*flow = (struct flow){ .watch = { .ready = answers_are_ready, .fd = -EBADF }, .listener = listener, .client = *client, .local = *local, .hash = hash };
	if (forwarder->flows->count >= FLOWS || !forwarder_has_room(forwarder))
		end_oldest(forwarder);
	r = open_flow_socket(forwarder, flow);
	while (forwarder_is_exhausted(r) && end_oldest(forwarder))
		r = open_flow_socket(forwarder, flow);
	if (r < 0) {
		log_debug("forwarder: no flow to the container of %s: %s", listener->owner->id, error_words(-r));
		free(flow);
		return NULL;
	}
	flow->next_alike = *slot;
	*slot = flow;
	join_queue(queue_of(forwarder, flow), flow, forwarder->now_ms);
	listener->flow_count++;
	forwarder->flows->count++;
	return flow;
}

static struct flow *find_flow(struct forwarder *forwarder, struct forwarder_listener *listener, const union forwarder_address *client,
	const union forwarder_address *local)
{
	uint64_t hash = hash_of(listener, client, local);

	for (struct flow *flow = *bucket_of(forwarder, hash); flow; flow = flow->next_alike)
		if (flow->hash == hash && flow->listener == listener && forwarder_address_equals(&flow->client, client) &&
			forwarder_address_equals(&flow->local, local))
			return flow;
	return make_flow(forwarder, listener, client, local, hash);
}

/* ---- packets ----------------------------------------------------------------------------------- */

/* A batch from FD; how many. */
static int receive(struct forwarder_flows *flows, int fd, bool is_named)
{
	for (int i = 0; i < BATCH; i++) {
		struct packet *packet = &flows->packets[i];

		flows->parts[i] = (struct iovec){ .iov_base = packet->bytes, .iov_len = sizeof packet->bytes };
		flows->messages[i].msg_hdr = (struct msghdr){ .msg_iov = &flows->parts[i], .msg_iovlen = 1, .msg_control = packet->control,
			.msg_controllen = sizeof packet->control };
		if (is_named) {
			flows->messages[i].msg_hdr.msg_name = &packet->name;
			flows->messages[i].msg_hdr.msg_namelen = sizeof packet->name;
		}
	}
	return recvmmsg(fd, flows->messages, BATCH, MSG_DONTWAIT, NULL);
}

/* What the kernel says of a packet: the address it was sent to, and the size of those that it consists of (0: it is one). */
static void read_control(struct msghdr *message, union forwarder_address *local, uint16_t *segment)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			const struct in_pktinfo *info = (const void *)CMSG_DATA(c);

			local->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = info->ipi_spec_dst };
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			const struct in6_pktinfo *info = (const void *)CMSG_DATA(c);

			local->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = info->ipi6_addr,
				.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr) ? info->ipi6_ifindex : 0 };
		} else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			int size;

			memcpy(&size, CMSG_DATA(c), sizeof size);
			*segment = (uint16_t)size;
		}
	}
}

static void add_control(struct msghdr *message, int level, int type, const void *data, size_t length)
{
	struct cmsghdr *c = (struct cmsghdr *)((char *)message->msg_control + message->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(length);
	memcpy(CMSG_DATA(c), data, length);
	message->msg_controllen += CMSG_SPACE(length);
}

/* An answer leaves by the address that the question came to. */
static void add_local(struct msghdr *message, const union forwarder_address *local)
{
	if (local->any.sa_family == AF_INET) {
		const struct in_pktinfo info = { .ipi_spec_dst = local->v4.sin_addr };

		add_control(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
	} else if (local->any.sa_family == AF_INET6) {
		const struct in6_pktinfo info = { .ipi6_addr = local->v6.sin6_addr, .ipi6_ifindex = local->v6.sin6_scope_id };

		add_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
	}
}

/*
 * Packet number I, which consists of segments of SEGMENT bytes (0: of one), is to be sent as number SLOT: to the client of FLOW, or to the
 * container (TO_CLIENT false). Its control is written over.
 */
static void prepare(struct forwarder_flows *flows, int i, int slot, uint16_t segment, const struct flow *flow, bool to_client)
{
	struct packet *packet = &flows->packets[i];
	struct msghdr *message = &flows->sent[slot].msg_hdr;

	flows->sent_parts[slot] = (struct iovec){ .iov_base = packet->bytes, .iov_len = flows->messages[i].msg_len };
	memset(packet->control, 0, sizeof packet->control);
	*message = (struct msghdr){ .msg_iov = &flows->sent_parts[slot], .msg_iovlen = 1, .msg_control = packet->control };
	if (to_client) {
		message->msg_name = (void *)&flow->client;
		message->msg_namelen = forwarder_address_size(&flow->client);
		add_local(message, &flow->local);
	}
	if (segment > 0 && segment < flows->messages[i].msg_len)
		add_control(message, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment);
	if (message->msg_controllen == 0)
		message->msg_control = NULL;
}

/* Where the kernel cannot take it apart (udp(7), UDP_SEGMENT: it has to fit the link). */
static void send_apart(int fd, struct msghdr *message, uint16_t segment)
{
	struct iovec whole = message->msg_iov[0], *part = message->msg_iov;

	if (message->msg_controllen >= CMSG_SPACE(sizeof segment))
		message->msg_controllen -= CMSG_SPACE(sizeof segment); /* it came last */
	if (message->msg_controllen == 0)
		message->msg_control = NULL;
	for (size_t at = 0; at < whole.iov_len; at += segment) {
		*part = (struct iovec){ .iov_base = (char *)whole.iov_base + at, .iov_len = whole.iov_len - at < segment ? whole.iov_len - at : segment };
		ignore_result(sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL)); /* what does not go is lost, as datagrams are */
	}
}

static bool has_segments(const struct msghdr *message, uint16_t *ret)
{
	struct cmsghdr *c, *last = NULL;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR((struct msghdr *)message, c))
		last = c;
	if (!last || last->cmsg_level != SOL_UDP || last->cmsg_type != UDP_SEGMENT)
		return false;
	memcpy(ret, CMSG_DATA(last), sizeof *ret);
	return true;
}

/* The first COUNT that are prepared. One that cannot be sent is lost; what the other side said before (ECONNREFUSED) is not about it. */
static void send_prepared(struct forwarder_flows *flows, int fd, int count)
{
	bool was_refused = false;

	for (int i = 0; i < count;) {
		int n = sendmmsg(fd, flows->sent + i, (unsigned)(count - i), MSG_DONTWAIT | MSG_NOSIGNAL);
		uint16_t segment;

		if (n > 0) {
			i += n;
			was_refused = false;
			continue;
		}
		if (errno == ECONNREFUSED && !was_refused) {
			was_refused = true;
			continue;
		}
		if (errno == EAGAIN || errno == ENOBUFS)
			return;
		if (has_segments(&flows->sent[i].msg_hdr, &segment))
			send_apart(fd, &flows->sent[i].msg_hdr, segment);
		i++;
		was_refused = false;
	}
}

/* ---- both ways ------------------------------------------------------------------------------------ */

/* Those that follow each other and are of one flow go together. */
static void pass_to_containers(struct forwarder *forwarder, struct forwarder_listener *listener, int count)
{
	struct forwarder_flows *flows = forwarder->flows;
	struct flow *last = NULL;
	int prepared = 0;

	for (int i = 0; i < count; i++) {
		union forwarder_address local = { 0 };
		uint16_t segment = 0;
		struct flow *flow;

		read_control(&flows->messages[i].msg_hdr, &local, &segment);
		flow = find_flow(forwarder, listener, &flows->packets[i].name, &local);
		if (flow != last && last && !last->is_over)
			send_prepared(flows, last->watch.fd, prepared);
		if (flow != last)
			prepared = 0;
		last = flow;
		if (!flow)
			continue;
		note_seen(forwarder, flow, false);
		prepare(flows, i, prepared++, segment, flow, false);
	}
	if (last && !last->is_over)
		send_prepared(flows, last->watch.fd, prepared);
}

void forwarder_udp_receive(struct forwarder *forwarder, struct forwarder_watch *watch, uint32_t events _unused_)
{
	struct forwarder_listener *listener = (struct forwarder_listener *)watch;
	int n = BATCH;

	for (int i = 0; i < ROUNDS && n == BATCH && !listener->is_gone; i++) {
		n = receive(forwarder->flows, watch->fd, true);
		pass_to_containers(forwarder, listener, n < 0 ? 0 : n);
	}
}

static void answers_are_ready(struct forwarder *forwarder, struct forwarder_watch *watch, uint32_t events _unused_)
{
	struct flow *flow = (struct flow *)watch;
	struct forwarder_flows *flows = forwarder->flows;
	int n = BATCH;

	if (flow->is_over)
		return;
	for (int k = 0; k < ROUNDS && n == BATCH; k++) {
		n = receive(flows, watch->fd, false); /* an error is what an earlier packet met, and is cleared by that */
		for (int i = 0; i < n; i++) {
			union forwarder_address none;
			uint16_t segment = 0;

			read_control(&flows->messages[i].msg_hdr, &none, &segment);
			prepare(flows, i, i, segment, flow, true);
		}
		if (n > 0) {
			note_seen(forwarder, flow, true);
			send_prepared(flows, flow->listener->watch.fd, n);
		}
	}
}

/* ---- the end ------------------------------------------------------------------------------------------ */

void forwarder_udp_drop(struct forwarder *forwarder, struct forwarder_listener *listener)
{
	for (int q = 0; q < QUEUES && listener->flow_count > 0; q++) {
		struct flow *younger;

		for (struct flow *flow = forwarder->flows->queues[q].oldest; flow; flow = younger) {
			younger = flow->younger;
			if (flow->listener == listener)
				end_flow(forwarder, flow);
		}
	}
}

int forwarder_udp_expire(struct forwarder *forwarder)
{
	int64_t next = -1;

	for (int q = 0; forwarder->flows && q < QUEUES; q++) {
		struct queue *queue = &forwarder->flows->queues[q];

		while (queue->oldest && forwarder->now_ms - queue->oldest->seen_ms >= queue->patience_ms)
			end_flow(forwarder, queue->oldest);
		if (queue->oldest) {
			int64_t rest = queue->oldest->seen_ms + queue->patience_ms - forwarder->now_ms;

			next = next < 0 || rest < next ? rest : next;
		}
	}
	return (int)next;
}

void forwarder_udp_sweep(struct forwarder *forwarder)
{
	while (forwarder->flows && forwarder->flows->ended) {
		struct flow *flow = forwarder->flows->ended;

		forwarder->flows->ended = flow->next_alike;
		free(flow);
	}
}

void forwarder_udp_prepare(struct forwarder *forwarder, int fd)
{
	int on = 1;

	ignore_result(setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on)); /* faster with */
	if (forwarder->flows)
		return;
	forwarder->flows = memory_new(1, sizeof *forwarder->flows);
	forwarder->flows->queues[UNANSWERED].patience_ms = FORWARDER_UNANSWERED_MS;
	forwarder->flows->queues[ANSWERED].patience_ms = FORWARDER_ANSWERED_MS;
}

void forwarder_udp_done(struct forwarder *forwarder)
{
	forwarder_udp_sweep(forwarder);
	free(TAKE_PTR(forwarder->flows));
}
