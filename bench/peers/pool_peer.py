"""Python's pools of two processes: pool_peer.py CASE [N].

chunks: Pool.map as it is; calls: chunks of one; apply: a result for each,
fetched in order; futures: the same by concurrent.futures; speed: how many
times as long the same work takes without a pool. `us` is wall time a call.
"""
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor


def add_one(n):
    return n + 1


def compute(n):
    total = 0
    for i in range(1, n + 1):
        total += i % 7
    return total


def timed(n, call):
    call(range(1, n // 10 + 1))
    start = time.perf_counter()
    results = call(range(1, n + 1))
    print("us", (time.perf_counter() - start) / n * 1e6)
    assert list(results) == list(range(2, n + 2))


def chunks(n):
    with multiprocessing.Pool(2) as pool:
        timed(n, lambda items: pool.map(add_one, items))


def calls(n):
    with multiprocessing.Pool(2) as pool:
        timed(n, lambda items: pool.map(add_one, items, 1))


def apply(n):
    with multiprocessing.Pool(2) as pool:
        timed(n, lambda items: [job.get() for job in
                                [pool.apply_async(add_one, (i,))
                                 for i in items]])


def futures(n):
    with ProcessPoolExecutor(2) as pool:
        timed(n, lambda items: [job.result() for job in
                                [pool.submit(add_one, i) for i in items]])


def speed(n):
    with multiprocessing.Pool(2) as pool:
        pool.map(compute, [1, 1], 1)
        start = time.perf_counter()
        alone = [compute(n) for _ in range(16)]
        middle = time.perf_counter()
        results = pool.map(compute, [n] * 16, 1)
        end = time.perf_counter()
    assert results == alone
    print("times", (middle - start) / (end - middle))


CASES = {"chunks": chunks, "calls": calls, "apply": apply,
         "futures": futures, "speed": speed}

if __name__ == "__main__":
    CASES[sys.argv[1]](int(sys.argv[2]) if len(sys.argv) > 2 else 20000)
