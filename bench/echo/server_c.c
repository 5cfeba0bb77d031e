/* The reference: an echo server in C on libuv.
 *
 *   server_c try     uv_try_write, and uv_write for what did not fit
 *   server_c write   uv_write for everything
 *
 * One receive buffer serves every connection, as nothing is kept from one
 * read to the next. Prints its port; ends when standard input ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct pending {
  uv_write_t req;
  char data[];
};

static char buffer[65536];
static int try_first;

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *buf) {
  (void)handle;
  (void)hint;
  buf->base = buffer;
  buf->len = sizeof buffer;
}

static void on_close(uv_handle_t *handle) { free(handle); }

static void on_write(uv_write_t *req, int status) {
  (void)status; /* a broken connection shows itself in on_read */
  free(req);
}

static void write_rest(uv_stream_t *stream, const char *data, size_t len) {
  struct pending *out = malloc(sizeof *out + len);
  uv_buf_t buf;
  if (out == NULL) abort();
  memcpy(out->data, data, len);
  buf = uv_buf_init(out->data, (unsigned)len);
  if (uv_write(&out->req, stream, &buf, 1, on_write)) free(out);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf) {
  size_t done = 0, len = (size_t)got;
  if (got < 0) {
    uv_close((uv_handle_t *)stream, on_close);
    return;
  }
  if (try_first) {
    uv_buf_t all = uv_buf_init(buf->base, (unsigned)len);
    int sent = uv_try_write(stream, &all, 1);
    if (sent > 0) done = (size_t)sent;
  }
  if (done < len) write_rest(stream, buf->base + done, len - done);
}

static void on_connection(uv_stream_t *listener, int status) {
  uv_tcp_t *tcp;
  if (status < 0) {
    fprintf(stderr, "server_c: %s\n", uv_strerror(status));
    return;
  }
  tcp = malloc(sizeof *tcp);
  if (tcp == NULL) abort();
  uv_tcp_init(listener->loop, tcp);
  if (uv_accept(listener, (uv_stream_t *)tcp)) {
    uv_close((uv_handle_t *)tcp, on_close);
    return;
  }
  uv_tcp_nodelay(tcp, 1);
  uv_read_start((uv_stream_t *)tcp, on_alloc, on_read);
}

static void on_stdin(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf) {
  (void)buf;
  if (got < 0) uv_stop(stream->loop);
}

static int listen_on(uv_loop_t *loop, uv_tcp_t *listener) {
  struct sockaddr_storage addr;
  struct sockaddr_in *in = (struct sockaddr_in *)&addr;
  int len = sizeof addr, err;
  uv_ip4_addr("127.0.0.1", 0, in);
  uv_tcp_init(loop, listener);
  err = uv_tcp_bind(listener, (struct sockaddr *)in, 0);
  if (!err) err = uv_listen((uv_stream_t *)listener, 4096, on_connection);
  if (!err) err = uv_tcp_getsockname(listener, (struct sockaddr *)in, &len);
  if (err) fprintf(stderr, "server_c: %s\n", uv_strerror(err));
  return err ? -1 : ntohs(in->sin_port);
}

int main(int argc, char **argv) {
  uv_loop_t *loop = uv_default_loop();
  uv_tcp_t listener;
  uv_pipe_t input;
  int port = listen_on(loop, &listener);
  try_first = argc < 2 || strcmp(argv[1], "write") != 0;
  if (port < 0) return 1;
  uv_pipe_init(loop, &input, 0);
  uv_pipe_open(&input, 0);
  uv_read_start((uv_stream_t *)&input, on_alloc, on_stdin);
  printf("port %d\n", port);
  fflush(stdout);
  uv_run(loop, UV_RUN_DEFAULT);
  return 0;
}
