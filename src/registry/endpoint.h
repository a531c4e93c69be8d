/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One place that speaks the distribution protocol, the registry itself or a
 * mirror of it: how to reach it, who we are to it, and its refusals in our
 * words. What is asked of it is client.c's and upload.c's.
 */
#ifndef BIVY_REGISTRY_ENDPOINT_H
#define BIVY_REGISTRY_ENDPOINT_H

#include "registry/auth.h"
#include "registry/certificates.h"
#include "registry/credentials.h"
#include "registry/http.h"
#include "registry/registries_config.h"

/* What all endpoints of a client share; outlives them. */
struct endpoint_options {
	struct http *http;
	const char *const *certificate_directories; /* certificates_directories, unless a test says otherwise */
	char *const *login_files;                   /* credentials_files(), or NULL */
	const struct credentials *login;            /* given by hand, for the registry itself; or NULL */
	bool offline;                               /* ask for an identity token: for logging in */
};

struct endpoint {
	const struct endpoint_options *options;
	struct registries_endpoint place;
	char *base;   /* "https://registry-1.docker.io", once it is ready */
	char *origin; /* its http_origin() */
	struct certificates certificates;
	struct credentials credentials;
	struct http_peer peer;
	struct auth *auth;
};

/* PLACE and OPTIONS outlive it. */
void endpoint_init(struct endpoint *endpoint, const struct endpoint_options *options, const struct registries_endpoint *place);
void endpoint_done(struct endpoint *endpoint);

/*
 * Reads certificates and logins, and finds out whether it speaks TLS if it need
 * not. Everything below does that first by itself.
 */
int endpoint_prepare(struct endpoint *endpoint, struct error *err) _must_check_;

/* One question. It must not move while a transfer is under way. */
struct endpoint_call {
	struct endpoint *endpoint;
	char *scope; /* what it takes: "repository:a:pull" */
	char *url;
	struct http_request request;
};

/* Puts the call together for METHOD and "/v2/" PATH; scope and further members of call->request are the caller's to change. */
int endpoint_open_call(struct endpoint *endpoint, const char *method, const char *path, const char *scope, struct endpoint_call *ret,
		       struct error *err) _must_check_;
/* The same for an URL that the endpoint gave; if it leads to another origin, without authorization. */
int endpoint_open_call_at(struct endpoint *endpoint, const char *method, const char *url, const char *scope, struct endpoint_call *ret,
			  struct error *err) _must_check_;
void endpoint_call_done(struct endpoint_call *call);
#define _cleanup_endpoint_call_ _cleanup_(endpoint_call_done)

/* Performs it; any status is an answer. */
int endpoint_perform(struct endpoint_call *call, struct http_response *ret, struct error *err) _must_check_;

/* Fills ERR for an answer that is a refusal of WHAT ("the manifest 'a:b'"); returns a negative errno, -ENOENT for 404. */
int endpoint_refuse(const struct endpoint *endpoint, const char *what, const struct http_response *response, struct error *err);

#endif
