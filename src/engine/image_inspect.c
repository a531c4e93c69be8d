/* SPDX-License-Identifier: Apache-2.0 */
/* docker's document of an image. */
#include "engine/images.h"
#include "base/str.h"

/* ---- configuration -------------------------------------------------------------------- */

/* In Go a list that was not given is null. */
static void write_list(struct json_writer *w, const char *key, char *const *list)
{
	if (!list) {
		json_write_null(w, key);
		return;
	}
	json_write_open(w, key, '[');
	for (; *list; list++)
		json_write_string(w, NULL, *list);
	json_write_close(w, ']');
}

static void write_texts(struct json_writer *w, const char *key, const char *const *list)
{
	json_write_open(w, key, '[');
	for (; *list; list++)
		json_write_string(w, NULL, *list);
	json_write_close(w, ']');
}

static void write_set(struct json_writer *w, const char *key, char *const *list)
{
	if (!list) {
		json_write_null(w, key);
		return;
	}
	json_write_open(w, key, '{');
	for (; *list; list++) {
		json_write_open(w, *list, '{');
		json_write_close(w, '}');
	}
	json_write_close(w, '}');
}

static void write_pairs(struct json_writer *w, const char *key, const struct spec_pair *pairs, size_t count)
{
	if (!pairs) {
		json_write_null(w, key);
		return;
	}
	json_write_open(w, key, '{');
	for (size_t i = 0; i < count; i++)
		json_write_string(w, pairs[i].key, pairs[i].value);
	json_write_close(w, '}');
}

static void write_text(struct json_writer *w, const char *key, const char *text)
{
	json_write_string(w, key, text ? text : "");
}

static void write_health_check(struct json_writer *w, const struct spec_health_check *check)
{
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = { { "Interval", check->interval_ns }, { "Timeout", check->timeout_ns }, { "StartPeriod", check->start_period_ns },
		{ "StartInterval", check->start_interval_ns }, { "Retries", check->retries } };

	json_write_open(w, "Healthcheck", '{');
	write_list(w, "Test", check->test);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].value)
			json_write_int(w, numbers[i].name, numbers[i].value);
	json_write_close(w, '}');
}

/* What only containers have. */
static void write_container_members(struct json_writer *w)
{
	static const char *const flags[] = { "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce" };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		json_write_bool(w, flags[i], false);
	json_write_string(w, "Image", "");
}

static void write_execution(struct json_writer *w, const char *key, const struct spec_execution *execution, unsigned flags)
{
	json_write_open(w, key, '{');
	if (flags & IMAGES_WRITE_AS_CONTAINER) {
		json_write_string(w, "Hostname", "");
		json_write_string(w, "Domainname", "");
	}
	write_text(w, "User", execution->user);
	if (flags & IMAGES_WRITE_AS_CONTAINER)
		write_container_members(w);
	if (execution->exposed_ports || !(flags & IMAGES_WRITE_AS_CONTAINER))
		write_set(w, "ExposedPorts", execution->exposed_ports);
	write_list(w, "Env", execution->env);
	write_list(w, "Cmd", execution->command);
	if (execution->health_check)
		write_health_check(w, execution->health_check);
	write_set(w, "Volumes", execution->volumes);
	write_text(w, "WorkingDir", execution->working_directory);
	write_list(w, "Entrypoint", execution->entrypoint);
	write_list(w, "OnBuild", execution->on_build);
	write_pairs(w, "Labels", execution->labels, execution->label_count);
	if (execution->stop_signal || !(flags & IMAGES_WRITE_AS_CONTAINER))
		write_text(w, "StopSignal", execution->stop_signal);
	if (execution->has_stop_timeout)
		json_write_int(w, "StopTimeout", execution->stop_timeout_s);
	if (execution->shell)
		write_list(w, "Shell", execution->shell);
	json_write_close(w, '}');
}

/* ---- details ------------------------------------------------------------------------------ */

static void write_layers(struct json_writer *w, const struct images_details *details)
{
	_cleanup_buf_ struct buf lower = BUF_INIT;

	json_write_open(w, "GraphDriver", '{');
	json_write_open(w, "Data", '{');
	for (const char **layer = details->layers; *layer; layer++)
		if (layer != details->layers)
			buf_printf(&lower, "%s%s", lower.length ? ":" : "", *layer);
	if (lower.length)
		json_write_string(w, "LowerDir", lower.data);
	if (details->layers[0])
		json_write_string(w, "UpperDir", details->layers[0]);
	json_write_close(w, '}');
	json_write_string(w, "Name", "overlay");
	json_write_close(w, '}');
	json_write_open(w, "RootFS", '{');
	json_write_string(w, "Type", "layers");
	write_list(w, "Layers", details->config->diff_ids);
	json_write_close(w, '}');
}

/* What images have and artifacts do not. */
static void write_image(struct json_writer *w, const struct images_details *details, unsigned flags)
{
	const struct spec_image_config *config = details->config;
	const struct spec_history *last = config->history_count ? &config->history[config->history_count - 1] : NULL;

	write_text(w, "Comment", last ? last->comment : NULL);
	write_text(w, "Created", config->created);
	write_text(w, "Author", config->author);
	write_execution(w, "Config", &config->execution, flags);
	if (flags & IMAGES_WRITE_NO_CONTAINER)
		write_execution(w, "ContainerConfig", &(struct spec_execution){ .user = NULL }, IMAGES_WRITE_AS_CONTAINER);
	write_text(w, "Architecture", config->platform.architecture);
	if (config->platform.variant)
		json_write_string(w, "Variant", config->platform.variant);
	write_text(w, "Os", config->platform.os);
	if (config->platform.os_version)
		json_write_string(w, "OsVersion", config->platform.os_version);
	json_write_uint(w, "Size", details->entry.size);
	write_layers(w, details);
}

static void write_descriptor(struct json_writer *w, const struct images_details *details)
{
	json_write_open(w, "Descriptor", '{');
	json_write_string(w, "mediaType", details->entry.media_type);
	json_write_string(w, "digest", details->entry.target);
	json_write_uint(w, "size", details->entry.target_size);
	json_write_close(w, '}');
	json_write_open(w, "Manifest", '{');
	json_write_string(w, "Digest", details->manifest_digest);
	json_write_string(w, "MediaType", details->manifest->media_type);
	if (details->manifest->artifact_type)
		json_write_string(w, "ArtifactType", details->manifest->artifact_type);
	json_write_open(w, "Layers", '[');
	for (size_t i = 0; i < details->manifest->layer_count; i++)
		spec_descriptor_write(w, NULL, &details->manifest->layers[i]);
	json_write_close(w, ']');
	write_pairs(w, "Annotations", details->manifest->annotations, details->manifest->annotation_count);
	json_write_close(w, '}');
}

void images_write_details(struct json_writer *w, const struct images_details *details, unsigned flags)
{
	json_write_string(w, "Id", details->entry.id);
	write_texts(w, "RepoTags", details->tags);
	write_texts(w, "RepoDigests", details->digests);
	json_write_string(w, "Parent", "");
	if (details->config)
		write_image(w, details, flags);
	write_descriptor(w, details);
}
