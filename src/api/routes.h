/* SPDX-License-Identifier: Apache-2.0 */
/* Which request is answered by what. */
#ifndef BIVY_API_ROUTES_H
#define BIVY_API_ROUTES_H

#include "api/call.h"

/*
 * Has the request answered by what is there for its method and path.
 * ERROR_NOT_FOUND "page not found" for what docker does not have either,
 * ERROR_DENIED for what PERMISSION is too little for.
 */
int api_route(struct api_call *call, enum api_permission permission, struct error *err) _must_check_;

/* Whether there is something for it that only looks, and waits for nothing. */
bool api_route_is_short(struct api_call *call);

/* The log driver of containers that name none: what clients take for granted, who read logs themselves. */
#define API_LOG_DRIVER "json-file"

/* What answers one. */
typedef int api_answer(struct api_call *call, struct error *err);

/* system.c */
int api_version(struct api_call *call, struct error *err) _must_check_;
int api_info(struct api_call *call, struct error *err) _must_check_;

/* containers_logs.c */
int api_container_logs(struct api_call *call, struct error *err) _must_check_;

/* containers_list.c */
int api_containers_list(struct api_call *call, struct error *err) _must_check_;

/* containers_life.c */
int api_container_start(struct api_call *call, struct error *err) _must_check_;
int api_container_stop(struct api_call *call, struct error *err) _must_check_;
int api_container_restart(struct api_call *call, struct error *err) _must_check_;
int api_container_kill(struct api_call *call, struct error *err) _must_check_;
int api_container_pause(struct api_call *call, struct error *err) _must_check_;
int api_container_unpause(struct api_call *call, struct error *err) _must_check_;
int api_container_rename(struct api_call *call, struct error *err) _must_check_;
int api_container_remove(struct api_call *call, struct error *err) _must_check_;
int api_container_wait(struct api_call *call, struct error *err) _must_check_;

/* containers_attach.c */
int api_container_attach(struct api_call *call, struct error *err) _must_check_;
int api_container_attach_web(struct api_call *call, struct error *err) _must_check_;
int api_container_resize(struct api_call *call, struct error *err) _must_check_;
/* "w" and "h" of a terminal. */
int api_decode_size(const struct api_call *call, uint32_t *ret_width, uint32_t *ret_height, struct error *err) _must_check_;

/* containers_create.c */
int api_container_create(struct api_call *call, struct error *err) _must_check_;

/* execs.c */
int api_exec_create(struct api_call *call, struct error *err) _must_check_;
int api_exec_start(struct api_call *call, struct error *err) _must_check_;
int api_exec_resize(struct api_call *call, struct error *err) _must_check_;
int api_exec_inspect(struct api_call *call, struct error *err) _must_check_;

/* containers_change.c */
int api_container_update(struct api_call *call, struct error *err) _must_check_;
int api_containers_prune(struct api_call *call, struct error *err) _must_check_;

/* containers_files.c */
int api_container_changes(struct api_call *call, struct error *err) _must_check_;
int api_container_export(struct api_call *call, struct error *err) _must_check_;
int api_container_archive_stat(struct api_call *call, struct error *err) _must_check_;
int api_container_archive_get(struct api_call *call, struct error *err) _must_check_;
int api_container_archive_put(struct api_call *call, struct error *err) _must_check_;

/* containers_stats.c, containers_top.c */
int api_container_stats(struct api_call *call, struct error *err) _must_check_;
int api_container_top(struct api_call *call, struct error *err) _must_check_;

/* containers_inspect.c */
int api_container_inspect(struct api_call *call, struct error *err) _must_check_;

/* images_list.c, images_inspect.c, images.c, images_transfer.c */
int api_images_list(struct api_call *call, struct error *err) _must_check_;
int api_image_inspect(struct api_call *call, struct error *err) _must_check_;
int api_image_history(struct api_call *call, struct error *err) _must_check_;
int api_image_tag(struct api_call *call, struct error *err) _must_check_;
int api_image_remove(struct api_call *call, struct error *err) _must_check_;
int api_images_prune(struct api_call *call, struct error *err) _must_check_;
int api_image_create(struct api_call *call, struct error *err) _must_check_;
int api_image_push(struct api_call *call, struct error *err) _must_check_;
int api_images_load(struct api_call *call, struct error *err) _must_check_;
int api_image_save(struct api_call *call, struct error *err) _must_check_;
int api_images_save(struct api_call *call, struct error *err) _must_check_;

/* networks.c */
int api_networks_list(struct api_call *call, struct error *err) _must_check_;
int api_network_inspect(struct api_call *call, struct error *err) _must_check_;
int api_network_create(struct api_call *call, struct error *err) _must_check_;
int api_network_connect(struct api_call *call, struct error *err) _must_check_;
int api_network_disconnect(struct api_call *call, struct error *err) _must_check_;
int api_network_remove(struct api_call *call, struct error *err) _must_check_;
int api_networks_prune(struct api_call *call, struct error *err) _must_check_;

/* volumes.c */
int api_volumes_list(struct api_call *call, struct error *err) _must_check_;
int api_volume_inspect(struct api_call *call, struct error *err) _must_check_;
int api_volume_create(struct api_call *call, struct error *err) _must_check_;
int api_volume_remove(struct api_call *call, struct error *err) _must_check_;
int api_volumes_prune(struct api_call *call, struct error *err) _must_check_;

/* metrics.c */
int api_metrics(struct api_call *call, struct error *err) _must_check_;

/* search.c */
int api_search(struct api_call *call, struct error *err) _must_check_;

/* events.c */
int api_events(struct api_call *call, struct error *err) _must_check_;

/* build.c, build_session.c, commit.c */
int api_build(struct api_call *call, struct error *err) _must_check_;
int api_build_session(struct api_call *call, struct error *err) _must_check_;
int api_build_cancel(struct api_call *call, struct error *err) _must_check_;
int api_build_prune(struct api_call *call, struct error *err) _must_check_;
int api_commit(struct api_call *call, struct error *err) _must_check_;

/* grpc.c, session.c */
int api_grpc(struct api_call *call, struct error *err) _must_check_;
int api_session(struct api_call *call, struct error *err) _must_check_;

/* system_df.c */
int api_system_df(struct api_call *call, struct error *err) _must_check_;

/* swarm.c */
int api_swarm_none(struct api_call *call, struct error *err) _must_check_;
int api_swarm_unsupported(struct api_call *call, struct error *err) _must_check_;
int api_swarm_leave(struct api_call *call, struct error *err) _must_check_;
int api_empty_list(struct api_call *call, struct error *err) _must_check_;
int api_plugin_none(struct api_call *call, struct error *err) _must_check_;
int api_plugins_unsupported(struct api_call *call, struct error *err) _must_check_;
int api_checkpoints_unsupported(struct api_call *call, struct error *err) _must_check_;

/* login.c */
int api_auth(struct api_call *call, struct error *err) _must_check_;
int api_distribution(struct api_call *call, struct error *err) _must_check_;

#endif
