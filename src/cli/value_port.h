/* SPDX-License-Identifier: Apache-2.0 */
/* --publish and --expose: ports. All is made in the arena. */
#ifndef BIVY_CLI_VALUE_PORT_H
#define BIVY_CLI_VALUE_PORT_H

#include "spec/value_list.h"
#include "spec/container.h"

struct value_ports {
	struct spec_container_port *items;
	size_t count;
};

/*
 * Adds "[[IP:][HOST-PORT]:]PORT[/PROTOCOL]" to *PORTS; either may be a range
 * "FIRST-LAST", which stays one entry: of ranges of the same length one goes to
 * one, and of one port any of a range of the host.
 */
int value_port_add(struct arena *arena, const char *text, struct value_ports *ports, struct error *err) _must_check_;

/* Adds "PORT[-PORT][/PROTOCOL]" to the set as "80/tcp". */
int value_expose_add(struct arena *arena, const char *text, struct value_strings *set, struct error *err) _must_check_;

#endif
