"""channel_peer.py integers|tables|strings|round [N]: what channel.lua does
between threads, by threading and queue.Queue."""
import queue
import sys
import threading
import time

TEXT = "0123456789abcdef" * 65536

MAKE = {
    "integers": lambda i: i,
    "tables": lambda i: (i, "a name", True),
    "strings": lambda i: TEXT,
}


def produce(out, n, make):
    for i in range(1, n + 1):
        out.put(make(i))
    out.put(None)


def one_way(n, capacity, make):
    out = queue.Queue(capacity)
    worker = threading.Thread(target=produce, args=(out, n, make))
    worker.start()
    count = 1 if out.get() else 0
    start = time.perf_counter()
    while out.get() is not None:
        count += 1
    seconds = time.perf_counter() - start
    assert count == n
    worker.join()
    return seconds


def answer(there, back):
    while True:
        value = there.get()
        if value is None:
            return
        back.put(value)


def rounds(n):
    there, back = queue.Queue(1), queue.Queue(1)
    worker = threading.Thread(target=answer, args=(there, back))
    worker.start()
    start = time.perf_counter()
    for i in range(n):
        there.put(i)
        assert back.get() == i
    print("us", (time.perf_counter() - start) / n * 1e6)
    there.put(None)
    worker.join()


def main(case, n):
    if case == "round":
        rounds(n // 20)
    elif case == "strings":
        n //= 1000
        print("gb", n * len(TEXT) / one_way(n, 4, MAKE[case]) / 1e9)
    else:
        print("ns", one_way(n, 1024, MAKE[case]) / n * 1e9)


main(sys.argv[1], int(sys.argv[2]))
