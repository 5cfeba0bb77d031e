"""pipe_peer.py pipe|queue|round [N]: what channel.lua does between processes,
by multiprocessing's Pipe and Queue."""
import multiprocessing
import sys
import time


def produce_pipe(out, n):
    for i in range(n):
        out.send(i)


def produce_queue(out, n):
    for i in range(n):
        out.put(i)


def answer(end, n):
    for _ in range(n):
        end.send(end.recv())


def one_way(target, out, take, n):
    worker = multiprocessing.Process(target=target, args=(out, n))
    worker.start()
    assert take() == 0
    start = time.perf_counter()
    for i in range(1, n):
        assert take() == i
    seconds = time.perf_counter() - start
    worker.join()
    print("ns", seconds / n * 1e9)


def rounds(n):
    n //= 20
    here, there = multiprocessing.Pipe()
    worker = multiprocessing.Process(target=answer, args=(there, n))
    worker.start()
    start = time.perf_counter()
    for i in range(n):
        here.send(i)
        assert here.recv() == i
    seconds = time.perf_counter() - start
    worker.join()
    print("us", seconds / n * 1e6)


def main():
    case = sys.argv[1]
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    if case == "pipe":
        source, sink = multiprocessing.Pipe(False)
        one_way(produce_pipe, sink, source.recv, n)
    elif case == "queue":
        queue = multiprocessing.Queue(64)
        one_way(produce_queue, queue, queue.get, n)
    else:
        rounds(n)


if __name__ == "__main__":
    main()
