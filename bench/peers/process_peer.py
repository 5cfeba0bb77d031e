"""Python's processes: process_peer.py CASE [N [MB]].

fork, forkserver, spawn: start and join a process with a trivial job, by that
method of multiprocessing, from a program that holds so much memory; trip: an
integer there and back over a Pipe; small: integers one way. `us` and `ns` are
wall time each.
"""
import multiprocessing
import sys
import time


def nothing():
    pass


def echo(pipe, n):
    for _ in range(n):
        pipe.send(pipe.recv())


def read(pipe, n):
    for _ in range(n):
        pipe.recv()


def start(method, n):
    context = multiprocessing.get_context(method)

    def once():
        process = context.Process(target=nothing)
        process.start()
        process.join()

    for _ in range(n // 10 + 1):
        once()
    begin = time.perf_counter()
    for _ in range(n):
        once()
    print("us", (time.perf_counter() - begin) / n * 1e6)


def with_pipe(target, n):
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, n + 1))
    process.start()
    return ours, process


def trip(n):
    pipe, process = with_pipe(echo, n)
    pipe.send(0)
    pipe.recv()
    begin = time.perf_counter()
    for i in range(n):
        pipe.send(i)
        pipe.recv()
    print("us", (time.perf_counter() - begin) / n * 1e6)
    process.join()


def small(n):
    pipe, process = with_pipe(read, n)
    pipe.send(0)
    begin = time.perf_counter()
    for i in range(n):
        pipe.send(i)
    process.join()
    print("ns", (time.perf_counter() - begin) / n * 1e9)


if __name__ == "__main__":
    case = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    ballast = b"x" * (int(sys.argv[3]) << 20) if len(sys.argv) > 3 else b""
    if case in ("trip", "small"):
        (trip if case == "trip" else small)(count)
    else:
        start(case, count)
