/*
** road.h: how descriptors travel between the processes of one family.
**
** A message between processes is bytes, and may be read by whoever comes
** first: it can't carry descriptors. So it carries ids, and the descriptors
** lie in one list, with the process that the family began with: the root.
**
**   root: the list, and a small thread that serves the others
**     ^-- a socket for each other process, from its birth on
**
** A process that starts a worker makes the pair of sockets and sends one end
** to the root (join): so it is a member whoever started it. What is in the
** list stays until it is dropped, or the family ends; ids are not used again.
**
** Any thread may call these functions, between hold and release of its
** state. They wait for the root's small thread, which waits for nobody.
** Failures are negative libuv codes; UV_EPIPE: the root is gone.
*/

#ifndef lc_road_h
#define lc_road_h

#include "base/base.h"

/* In a worker, once, before anything else here: its socket. Counts as a
** hold, for the process, that is released at its end. */
void lc_road_enter (int socket);

/* Around the fork of a process that uses it: so what is there is in order. */
void lc_road_pause (void);
void lc_road_resume (void);

/* lc_road_enter, in that fork: what the parent has is closed here, its holds
** stay. */
void lc_road_fork (int socket);

/* Threads of its own in this process: 0 or 1. */
int lc_road_threads (void);

/* States that use it; the last one of a process closes what it has. The root
** then ends its thread and drops the list. */
void lc_road_hold (void);
void lc_road_release (void);

/* Puts a copy of the descriptor into the list: 0 and the id. */
int lc_road_put (int fd, uint64_t *id);

/* The same, of this process's own: when it ends, the list has it no more. */
int lc_road_put_own (int fd, uint64_t *id);

/* A new descriptor for what has this id (the caller's to close), or UV_ENOENT:
** there is none. */
int lc_road_get (uint64_t id);

/* Takes it out of the list: 0, or UV_ENOENT. */
int lc_road_drop (uint64_t id);

/* The socket for a new member, the caller's to close, and the member's id. */
int lc_road_join (uint64_t *member);

/* The member has ended: when this returns, the root has closed its socket. So
** the end of a process leaves nothing that goes a little later. */
void lc_road_leave (uint64_t member);

/* The commons (commons.h): a new descriptor for it, and the numbers of this
** process and of the one that started it; UV_ENOENT in the root, which makes
** it itself, and is 0. When a member has ended, or left, the root buries it.*/
int lc_road_common (uint64_t *self, uint64_t *parent);

/* The root rings this sleeper (guest.h), if it is a state of its own. */
void lc_road_ring (uint64_t sleeper);

/* How many descriptors are in the list, and members besides the root, those
** that have died and are not buried yet too. In the root only; elsewhere 0.*/
void lc_road_count (uint32_t *descriptors, uint32_t *members);

#endif
