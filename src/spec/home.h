/* SPDX-License-Identifier: Apache-2.0 */
/* What is said over the socket of a home's holder (home/holder.h). */
#ifndef BIVY_SPEC_HOME_H
#define BIVY_SPEC_HOME_H

#define SPEC_HOME_SOCKET "home.sock" /* in the volatile directory */

/* The first packet to who connects. */
#define SPEC_HOME_WELCOME "bivy home 1"

#endif
