/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_tls.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "server/http_greeting.h"

#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define PUMP_LIMIT 1024
#define BLOCK (16u << 10) /* of one direction: a record */

struct http_tls {
	gnutls_certificate_credentials_t credentials;
};

/* One direction: what was read and is not written yet. */
struct way {
	char block[BLOCK];
	size_t length, done;
	bool has_ended; /* nothing more is to be read */
	bool is_closed; /* and who reads it has been told */
};

struct http_pump {
	struct http_front *front;
	struct http_watch client, inner;
	gnutls_session_t session;
	bool is_agreed;
	int64_t since_ms; /* CLOCK_MONOTONIC: it has come, or it has last taken something */
	bool is_alone;    /* nobody is at the inner end any more */
	struct way in, out; /* from the client; to it */
	struct http_pump *next, **place;
};

/* ---- what they share ---------------------------------------------------------------------- */

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){ .data = (unsigned char *)text, .size = (unsigned)strlen(text) };
}

void http_tls_free(struct http_tls *tls)
{
	if (!tls)
		return;
	gnutls_certificate_free_credentials(tls->credentials);
	free(tls);
}

int http_tls_new(const struct http_tls_request *request, struct http_tls **ret, struct error *err)
{
	const gnutls_datum_t certificate = datum(request->certificate), key = datum(request->key), authority = datum(request->authority);
	struct http_tls *tls = memory_new(1, sizeof *tls);
	int r = gnutls_certificate_allocate_credentials(&tls->credentials), trusted;

	if (r < 0) {
		free(tls);
		return error_set(err, ERROR_UNAVAILABLE, 0, "cannot use TLS: %s", gnutls_strerror(r));
	}
	r = gnutls_certificate_set_x509_key_mem(tls->credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
	trusted = gnutls_certificate_set_x509_trust_mem(tls->credentials, &authority, GNUTLS_X509_FMT_PEM);
	if (r < 0 || trusted <= 0) {
		http_tls_free(tls);
		return error_set(err, ERROR_INVALID, 0, r < 0 ? "cannot use certificate and key: %s" : "no certificate to know clients by: %s",
			gnutls_strerror(r < 0 ? r : trusted < 0 ? trusted : GNUTLS_E_NO_CERTIFICATE_FOUND));
	}
	*ret = tls;
	return 0;
}

/* ---- one client ------------------------------------------------------------------------------ */

static void end(struct http_pump *pump)
{
	struct http_front *front = pump->front;

	http_watch_end(front->epoll_fd, &pump->client);
	http_watch_end(front->epoll_fd, &pump->inner);
	gnutls_deinit(pump->session);
	close(pump->client.fd);
	close_and_forget(&pump->inner.fd);
	*pump->place = pump->next;
	if (pump->next)
		pump->next->place = pump->place;
	else
		front->last_pump = pump->place;
	front->pump_count--;
	free(pump);
}

static bool is_pending(const struct way *way)
{
	return way->done < way->length;
}

/* False: it is over. */
static bool agree(struct http_pump *pump)
{
	int pair[2], r = gnutls_handshake(pump->session);

	if (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED || (r < 0 && !gnutls_error_is_fatal(r)))
		return true;
	if (r < 0) {
		log_debug("no agreement with a client: %s", gnutls_strerror(r));
		return false;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return false;
	pump->is_agreed = true;
	pump->inner.fd = pair[0];
	http_greeting_begin(pump->front, pair[1]);
	return true;
}

/* Each of these moves what can be moved; false: the client is gone, or speaks nonsense. */
static bool read_client(struct http_pump *pump)
{
	struct way *way = &pump->in;
	ssize_t n;

	if (way->has_ended || is_pending(way))
		return true;
	n = gnutls_record_recv(pump->session, way->block, BLOCK);
	if (n > 0) {
		way->length = (size_t)n;
		way->done = 0;
	} else if (n == 0 || n == GNUTLS_E_PREMATURE_TERMINATION) {
		way->has_ended = true;
	} else if (gnutls_error_is_fatal((int)n)) {
		return false;
	}
	return true;
}

static void write_inner(struct http_pump *pump)
{
	struct way *way = &pump->in;

	while (is_pending(way)) {
		ssize_t n = send(pump->inner.fd, way->block + way->done, way->length - way->done, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return;
		/* Nobody wants it any more. */
		way->done = n < 0 ? way->length : way->done + (size_t)n;
	}
	if (way->has_ended && !way->is_closed) {
		way->is_closed = true;
		ignore_result(shutdown(pump->inner.fd, SHUT_WR)); /* it may be gone */
	}
}

static void read_inner(struct http_pump *pump)
{
	struct way *way = &pump->out;
	ssize_t n;

	if (way->has_ended || is_pending(way))
		return;
	n = recv(pump->inner.fd, way->block, BLOCK, 0);
	if (n > 0) {
		way->length = (size_t)n;
		way->done = 0;
	} else if (n == 0 || errno != EAGAIN) {
		way->has_ended = true;
	}
}

static bool write_client(struct http_pump *pump)
{
	struct way *way = &pump->out;

	while (is_pending(way)) {
		ssize_t n = gnutls_record_send(pump->session, way->block + way->done, way->length - way->done);

		if (n < 0)
			return !gnutls_error_is_fatal((int)n);
		way->done += (size_t)n;
		pump->since_ms = clock_monotonic_ms();
	}
	if (way->has_ended && !way->is_closed) {
		int r = gnutls_bye(pump->session, GNUTLS_SHUT_WR);

		if (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED)
			return true;
		way->is_closed = true;
		ignore_result(shutdown(pump->client.fd, SHUT_WR)); /* it may be gone */
	}
	return true;
}

/* Until neither side has anything; false: it is over. */
static bool move(struct http_pump *pump)
{
	for (bool goes_on = true; goes_on;) {
		if (!read_client(pump))
			return false;
		write_inner(pump);
		read_inner(pump);
		if (!write_client(pump))
			return false;
		/* What a record brought is not seen by epoll any more. */
		goes_on = !is_pending(&pump->in) && !pump->in.has_ended && gnutls_record_check_pending(pump->session) > 0;
	}
	return !(pump->in.is_closed && pump->out.is_closed);
}

static uint32_t client_events(const struct http_pump *pump)
{
	bool writes = pump->is_agreed ? is_pending(&pump->out) || (pump->out.has_ended && !pump->out.is_closed) : gnutls_record_get_direction(pump->session) == 1;
	bool reads = pump->is_agreed ? !pump->in.has_ended && !is_pending(&pump->in) : !writes;

	return (reads ? EPOLLIN : 0u) | (writes ? EPOLLOUT : 0u);
}

static uint32_t inner_events(const struct http_pump *pump)
{
	bool reads = !pump->out.has_ended && !is_pending(&pump->out);

	return (reads ? EPOLLIN : 0u) | (is_pending(&pump->in) ? EPOLLOUT : 0u);
}

static bool watch(struct http_pump *pump)
{
	int epoll_fd = pump->front->epoll_fd;

	return http_watch_set(epoll_fd, &pump->client, client_events(pump)) == 0 &&
	       (!pump->is_agreed || http_watch_set(epoll_fd, &pump->inner, inner_events(pump)) == 0);
}

static void go_on(struct http_pump *pump)
{
	bool goes_on = pump->is_agreed || agree(pump);

	if (goes_on && pump->is_agreed)
		goes_on = move(pump);
	if (!goes_on || !watch(pump))
		end(pump);
}

static void take_client(struct http_watch *watch, uint32_t events)
{
	struct http_pump *pump = (struct http_pump *)((char *)watch - offsetof(struct http_pump, client));

	if (events & (EPOLLERR | EPOLLHUP))
		end(pump);
	else
		go_on(pump);
}

static void take_inner(struct http_watch *watch, uint32_t events)
{
	struct http_pump *pump = (struct http_pump *)((char *)watch - offsetof(struct http_pump, inner));

	/* Its other end is gone altogether: nobody reads what the client says. */
	if (events & EPOLLHUP)
		pump->in.has_ended = pump->in.is_closed = pump->is_alone = true;
	go_on(pump);
}

/* ---- all of them -------------------------------------------------------------------------------- */

/* Of those that have not agreed on anything yet the one that has had the most time for it. */
static void evict(struct http_front *front)
{
	struct http_pump *pump = front->first_pump;

	while (pump && pump->is_agreed)
		pump = pump->next;
	if (pump)
		end(pump);
}

void http_tls_begin(struct http_front *front, int fd)
{
	struct http_pump *pump;

	if (front->pump_count >= PUMP_LIMIT)
		evict(front);
	if (front->pump_count >= PUMP_LIMIT) {
		log_debug("a connection is turned away: there are too many");
		close(fd);
		return;
	}
	pump = memory_new(1, sizeof *pump);
	*pump = (struct http_pump){ .front = front, .client = { .fd = fd, .ready = take_client }, .inner = { .fd = -EBADF, .ready = take_inner },
		.since_ms = clock_monotonic_ms(), .place = front->last_pump };
	if (gnutls_init(&pump->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0) {
		close(fd);
		free(pump);
		return;
	}
	*front->last_pump = pump;
	front->last_pump = &pump->next;
	front->pump_count++;
	gnutls_set_default_priority(pump->session);
	gnutls_credentials_set(pump->session, GNUTLS_CRD_CERTIFICATE, front->tls->credentials);
	gnutls_certificate_server_set_request(pump->session, GNUTLS_CERT_REQUIRE);
	gnutls_session_set_verify_cert(pump->session, NULL, 0);
	gnutls_transport_set_int(pump->session, fd);
	go_on(pump);
}

void http_tls_expire(struct http_front *front, bool everybody)
{
	int64_t now_ms = clock_monotonic_ms();

	for (struct http_pump *pump = front->first_pump, *next; pump; pump = next) {
		int64_t quiet_ms = now_ms - pump->since_ms;

		next = pump->next;
		if (everybody || (!pump->is_agreed && quiet_ms >= front->limits.head_s * 1000) || (pump->is_alone && quiet_ms >= front->limits.quiet_s * 1000))
			end(pump);
	}
}
