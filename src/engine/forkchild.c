/*
** forkchild.c: a fork of this very process. See forkchild.h.
*/

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/system.h"
#include "engine/afterfork.h"
#include "engine/forkchild.h"
#include "engine/parcel.h"
#include "engine/road.h"

enum { END_MS = 1000 };

void lc_forkchild_check (lua_State *L, const lc_loop *loop) {
  char text[128];
  const char *why = lc_afterfork_refusal(loop, text, sizeof text);
  if (why)
    luaL_error(L, "this process can't be forked as it is, since %s: let the "
               "forkserver start it", why);
}

/* In the new process. Its standard input is empty, as any worker's is. */
lc_noreturn static void become_twin (lc_remote *r, const lc_ration *ration,
                                     int link, int road) {
  lc_loop *loop = r->job.loop;
  lua_State *L = loop->running ? loop->running : loop->driver;
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  lc_fork f = {.link = link, .road = road, .context = r->context,
               .kept = lc_remote_kept(r), .ration = *ration};
  if ( nothing < 0 || dup2(nothing, 0) < 0)
    _exit(127);
  (void)close(nothing);
  lc_starter_work(L, loop, &f);
  _exit(127);
}

/* With all signals blocked: what is to handle them in the child comes first.
** What is buffered is written before, or both would write it. */
static int fork_now (lc_remote *r, const lc_ration *ration, int link,
                     int road, pid_t *pid) {
  sigset_t all, before;
  pid_t self = getpid();
  (void)fflush(NULL);
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  lc_road_pause();
  *pid = fork();
  if (*pid == 0) {
    if (!lc_system_tie(self)) _exit(127);
    become_twin(r, ration, link, road);
  }
  int err = *pid < 0 ? uv_translate_sys_error(errno) : 0;
  lc_road_resume();
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (err) *pid = 0;
  return err;
}

void lc_forkchild_end (pid_t pid) {
  (void)kill(pid, SIGKILL);
  lc_system_reap(pid, END_MS);
}

int lc_forkchild_birth (lc_remote *r, const lc_ration *ration,
                        lc_child *child) {
  int ends[2];
  char text[128];
  if (lc_afterfork_refusal(r->job.loop, text, sizeof text)) return UV_EBUSY;
  int err = lc_parcel_pair(true, ends);
  if (err) return err;
  *child = (lc_child){.link = ends[0], .life = -1};
  (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
  int road = err = lc_road_join(&child->member);
  if (road >= 0) err = lc_uv(fork_now(r, ration, ends[1], road, &child->pid));
  (void)close(ends[1]);
  if (road >= 0) (void)close(road);
  if (!err) err = child->life = lc_uv(lc_system_pidfd(child->pid));
  if (err >= 0) return 0;
  if (child->pid) lc_forkchild_end(child->pid);
  child->life = -1;
  lc_forkserver_leave(child);
  return err;
}

/* What has become of a child of ours. LC_LOST: somebody else has reaped it. */
void lc_forkchild_look (pid_t pid, lc_fate *fate) {
  int status = 0;
  pid_t ended = waitpid(pid, &status, WNOHANG);
  *fate = (lc_fate){.lot = LC_LIVES};
  if (ended == 0 || (ended < 0 && errno == EINTR)) return;
  fate->lot = ended < 0 ? LC_LOST : WIFSIGNALED(status) ? LC_KILLED : LC_EXITED;
  fate->how = ended < 0 ? SIGKILL
              : WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}
