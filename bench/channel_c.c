/*
** channel_c.c integers|strings|round|pipe [N]: what channel.lua does, by a ring
** of 8-byte values between two threads, with nothing but atomics and futexes;
** pipe: round trips between two processes by pipes.
*/

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <sys/eventfd.h>

enum { LARGE = 1024, TEXT = 1 << 20 };

typedef struct ring {
  _Alignas(64) atomic_uint head;    /* taken so far */
  _Alignas(64) atomic_uint tail;    /* put so far */
  atomic_bool sleeping[2];          /* the one who takes, the one who puts */
  unsigned size;
  uint64_t values[LARGE];
} ring;

typedef struct job {
  ring *in, *out;
  uint64_t n;
} job;

static double now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Sleeps until the word is another than `value`. */
static void await (ring *r, int who, atomic_uint *word, unsigned value) {
  atomic_store(&r->sleeping[who], true);
  while (atomic_load(word) == value)
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
  atomic_store(&r->sleeping[who], false);
}

static void advance (ring *r, int other, atomic_uint *word, unsigned value) {
  atomic_store(word, value);
  if (atomic_load(&r->sleeping[other]))
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void put (ring *r, uint64_t value) {
  unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
  unsigned head = atomic_load(&r->head);
  if (tail - head == r->size) await(r, 1, &r->head, head);
  r->values[tail % r->size] = value;
  advance(r, 0, &r->tail, tail + 1);
}

static uint64_t take (ring *r) {
  unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);
  if (atomic_load(&r->tail) == head) await(r, 0, &r->tail, head);
  uint64_t value = r->values[head % r->size];
  advance(r, 1, &r->head, head + 1);
  return value;
}

static ring *make_ring (unsigned size) {
  ring *r = aligned_alloc(64, sizeof(*r));
  if (!r) abort();
  memset(r, 0, sizeof(*r));
  r->size = size;
  return r;
}

static void *send_integers (void *arg) {
  job *j = arg;
  for (uint64_t i = 0; i < j->n; i++) put(j->out, i);
  return NULL;
}

static void *send_strings (void *arg) {
  job *j = arg;
  static char text[TEXT];
  memset(text, 'x', sizeof text);
  for (uint64_t i = 0; i < j->n; i++) {
    char *copy = malloc(TEXT);
    if (!copy) abort();
    put(j->out, (uint64_t)(uintptr_t)memcpy(copy, text, TEXT));
  }
  return NULL;
}

static void *answer (void *arg) {
  job *j = arg;
  for (uint64_t i = 0; i < j->n; i++) put(j->out, take(j->in));
  return NULL;
}

static double integers (job *j) {
  double start = now();
  for (uint64_t i = 0; i < j->n; i++)
    if (take(j->out) != i) abort();
  return (now() - start) / (double)j->n * 1e9;
}

static double strings (job *j) {
  static char text[TEXT];
  double start = now();
  for (uint64_t i = 0; i < j->n; i++) {
    char *copy = (char *)(uintptr_t)take(j->out);
    memcpy(text, copy, TEXT);
    free(copy);
    if (text[i % TEXT] != 'x') abort();
  }
  return (double)j->n * TEXT / (now() - start) / 1e9;
}

static double rounds (job *j) {
  double start = now();
  for (uint64_t i = 0; i < j->n; i++) {
    put(j->in, i);
    if (take(j->out) != i) abort();
  }
  return (now() - start) / (double)j->n * 1e6;
}

/* 8 bytes through one pipe and back through another. */
static int pipe_rounds (uint64_t n) {
  int there[2], back[2];
  uint64_t value;
  if (pipe(there) || pipe(back)) abort();
  pid_t child = fork();
  if (child == 0) {
    close(there[1]);
    while (read(there[0], &value, sizeof value) == sizeof value)
      if (write(back[1], &value, sizeof value) != sizeof value) _exit(1);
    _exit(0);
  }
  double start = now();
  for (uint64_t i = 0; i < n; i++)
    if (write(there[1], &i, sizeof i) != sizeof i ||
        read(back[0], &value, sizeof value) != sizeof value || value != i)
      abort();
  printf("us %.17g\n", (now() - start) / (double)n * 1e6);
  close(there[1]);
  close(there[0]);
  return EXIT_SUCCESS;
}

/* A thread asleep, woken by an eventfd, and back. */
typedef struct wakers { int there, back; uint64_t n; } wakers;

static void wake (int fd) {
  uint64_t one = 1;
  if (write(fd, &one, sizeof one) != sizeof one) abort();
}

static void sleep_on (int fd) {
  uint64_t value;
  if (read(fd, &value, sizeof value) != sizeof value) abort();
}

static void *wake_back (void *arg) {
  wakers *w = arg;
  for (uint64_t i = 0; i < w->n; i++) {
    sleep_on(w->there);
    wake(w->back);
  }
  return NULL;
}

static int eventfd_rounds (uint64_t n) {
  wakers w = {eventfd(0, 0), eventfd(0, 0), n};
  pthread_t thread;
  if (pthread_create(&thread, NULL, wake_back, &w)) abort();
  double start = now();
  for (uint64_t i = 0; i < n; i++) {
    wake(w.there);
    sleep_on(w.back);
  }
  printf("us %.17g\n", (now() - start) / (double)n * 1e6);
  pthread_join(thread, NULL);
  return EXIT_SUCCESS;
}

static const struct {
  const char *name, *figure;
  unsigned size, part;
  void *(*there) (void *);
  double (*here) (job *);
} cases[] = {
  {"integers", "ns", LARGE, 1, send_integers, integers},
  {"strings", "gb", 4, 1000, send_strings, strings},
  {"round", "us", 1, 20, answer, rounds}
};

int main (int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "integers";
  uint64_t n = argc > 2 ? (uint64_t)atoll(argv[2]) : 1000000;
  if (strcmp(name, "pipe") == 0) return pipe_rounds(n / 20);
  if (strcmp(name, "eventfd") == 0) return eventfd_rounds(n / 20);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (strcmp(cases[i].name, name) != 0) continue;
    job j = {make_ring(cases[i].size), make_ring(cases[i].size),
             n / cases[i].part};
    pthread_t thread;
    if (pthread_create(&thread, NULL, cases[i].there, &j)) abort();
    printf("%s %.17g\n", cases[i].figure, cases[i].here(&j));
    pthread_join(thread, NULL);
    free(j.in);
    free(j.out);
    return EXIT_SUCCESS;
  }
  fprintf(stderr, "channel_c: no such case: %s\n", name);
  return EXIT_FAILURE;
}
