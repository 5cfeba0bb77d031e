/* See child.h. */
#define _GNU_SOURCE
#include "child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_MS = 15000, STOP_MS = 5000 };

/* A listening socket whose port the server finds in BENCH_CONTROL. Nobody
 * accepts: the kernel completes the connection, and closing the listener
 * (or dying) resets it, which is all that the server waits for. */
static int open_control(void) {
  struct sockaddr_in addr = {.sin_family = AF_INET};
  socklen_t len = sizeof addr;
  char port[16];
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (struct sockaddr *)&addr, len) || listen(fd, 4) ||
      getsockname(fd, (struct sockaddr *)&addr, &len)) {
    close(fd);
    return -1;
  }
  snprintf(port, sizeof port, "%d", ntohs(addr.sin_port));
  setenv("BENCH_CONTROL", port, 1);
  return fd;
}

static void pin(int cpu) {
  cpu_set_t set;
  if (cpu < 0) return;
  CPU_ZERO(&set);
  CPU_SET((size_t)cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) perror("load: pinning");
}

/* In the new process. Never returns. */
static void become(char **argv, int cpu, int in, int out, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  pin(cpu);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0) _exit(126);
  execvp(argv[0], argv);
  perror(argv[0]);
  _exit(127);
}

/* Reads the line `port N`, byte by byte: it comes once. */
static int read_port(int fd) {
  char line[64];
  size_t len = 0;
  int port = 0;
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  while (len < sizeof line - 1) {
    if (poll(&wait, 1, START_MS) != 1) return -1;
    if (read(fd, line + len, 1) != 1) return -1;
    if (line[len++] == '\n') break;
  }
  line[len] = '\0';
  return sscanf(line, "port %d", &port) == 1 && port > 0 ? port : -1;
}

int child_start(struct child *child, char **argv, int cpu) {
  int in[2], out[2];
  pid_t self = getpid();
  child->control = open_control();
  if (child->control < 0 || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) {
    perror("load: pipes");
    return -1;
  }
  child->pid = fork();
  if (child->pid < 0) {
    perror("load: fork");
    return -1;
  }
  if (child->pid == 0) become(argv, cpu, in[0], out[1], self);
  close(in[0]);
  close(out[1]);
  child->input = in[1];
  child->output = out[0];
  child->port = read_port(child->output);
  if (child->port > 0) return 0;
  fprintf(stderr, "load: %s did not print its port\n", argv[0]);
  child_stop(child);
  return -1;
}

double child_cpu(const struct child *child) {
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(child->pid, &clock) || clock_gettime(clock, &t))
    return 0;
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

long child_rss(const struct child *child) {
  char path[64];
  long size = 0, resident = 0;
  FILE *file;
  snprintf(path, sizeof path, "/proc/%d/statm", (int)child->pid);
  file = fopen(path, "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
  fclose(file);
  return resident * sysconf(_SC_PAGESIZE);
}

static int wait_end(pid_t pid, int *status, int ms) {
  struct timespec nap = {.tv_nsec = 2000000};
  for (; ms > 0; ms -= 2) {
    if (waitpid(pid, status, WNOHANG) == pid) return 1;
    nanosleep(&nap, NULL);
  }
  return 0;
}

int child_stop(struct child *child) {
  int status = 0;
  close(child->input);
  close(child->control);
  if (!wait_end(child->pid, &status, STOP_MS)) {
    fprintf(stderr, "load: the server did not end by itself\n");
    kill(child->pid, SIGKILL);
    waitpid(child->pid, &status, 0);
  }
  close(child->output);
  if (status == 0) return 0;
  fprintf(stderr, "load: the server ended with %s %d\n",
          WIFSIGNALED(status) ? "signal" : "status",
          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  return -1;
}
