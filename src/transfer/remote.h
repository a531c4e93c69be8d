/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository of a registry, spoken to by several threads: each has a line of
 * its own (connections, tokens) for as long as it needs one, and leaves it to
 * the next.
 */
#ifndef BIVY_TRANSFER_REMOTE_H
#define BIVY_TRANSFER_REMOTE_H

#include "base/options.h"
#include "registry/client.h"
#include "spec/reference.h"

#include <pthread.h>

/* The options that all commands about registries have. */
struct remote_options {
	bool skips_verification; /* --tls-verify=false */
	const char *authfile;
	const char *creds;       /* --creds USER[:PASSWORD] */
};

int remote_parse_tls_verify(const char *value, void *target, struct error *err);

#define REMOTE_ENTRIES(type, member) \
	{ "tls-verify", 0, OPTION_CALLBACK, 0, offsetof(type, member.skips_verification), "true|false", \
		"false: plain HTTP, and certificates that do not verify, will do", .parse = remote_parse_tls_verify }, \
	{ "authfile", 0, OPTION_STRING, OPTION_FILE, offsetof(type, member.authfile), "FILE", "where logins are looked for" }, \
	{ "creds", 0, OPTION_STRING, 0, offsetof(type, member.creds), "USER:PASSWORD", "who to be, in place of a login" }

/* What is known of registries in general. */
struct remote_world {
	struct registries_config *config;
	char **login_files;
	char **certificate_directories;
	struct credentials login; /* given by hand; empty if not */
	unsigned properties;      /* enum client_property */
	bool offline;             /* as endpoint.h has it */
};

/* Reads the configuration: the user's own ($XDG_CONFIG_HOME/bivy), else the system's. */
int remote_world_open(const struct remote_options *options, struct remote_world *ret, struct error *err) _must_check_;
void remote_world_done(struct remote_world *world);
#define _cleanup_remote_world_ _cleanup_(remote_world_done)

/*
 * Gives up what talking to registries does not take (transfer/confine.h), before
 * anything is asked. STORE_FD is the directory of the store, or -1 where
 * nothing is written.
 */
void remote_world_confine(const struct remote_world *world, int store_fd);

/* What talking to them takes: enum confine_property. */
unsigned remote_world_needs(const struct remote_world *world);

struct remote_line {
	struct remote_line *next;
	struct http *http;
	struct client_options options;
	struct client *client;
};

struct remote {
	const struct remote_world *world;
	char *host, *repository; /* repository: or NULL, the registry as a whole */
	enum client_access access;
	pthread_mutex_t lock;
	struct remote_line *idle;
};

/* Nothing is asked yet, but ERROR_DENIED for what the configuration blocks. WORLD outlives it. */
int remote_open(const struct remote_world *world, const char *host, const char *repository, enum client_access access, struct remote *ret,
		struct error *err) _must_check_;
void remote_close(struct remote *remote);
#define _cleanup_remote_ _cleanup_(remote_close)

/* A line for the calling thread, until remote_hang_up(). */
int remote_call(struct remote *remote, struct remote_line **ret, struct error *err) _must_check_;
void remote_hang_up(struct remote *remote, struct remote_line *line);

#endif
