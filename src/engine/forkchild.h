/*
** forkchild.h: a worker that is a fork of this very process (start = "fork"),
** and so a child of ours, not of the forkserver.
**
** It ends when the thread that made it does, which is the first of the
** process. Nobody but the caller reaps it: until then its id is its own.
*/

#ifndef lc_forkchild_h
#define lc_forkchild_h

#include "engine/remote.h"
#include "engine/starter.h"

/* Forks: 0 and its descriptors in *child, where `life` tells its end; or a
** libuv code. The child runs the job and does not come back. */
int lc_forkchild_birth (lc_remote *r, const lc_ration *ration,
                        lc_child *child);

/* What has become of it: reaps it, if it has ended. */
void lc_forkchild_look (pid_t pid, lc_fate *fate);

/* Kills and reaps it. */
void lc_forkchild_end (pid_t pid);

/* Raises, with the reason, where this process can't be forked now. */
void lc_forkchild_check (lua_State *L, const lc_loop *loop);

#endif
