"""Small files read or written by asyncio: a thread of its pool for each, the
documented way. files.py read|write N. Wall time, in microseconds."""
import asyncio
import os
import sys
import tempfile
import time

FILES, SIZE, TASKS = 1000, 2048, 16
TEXT = "y" * SIZE


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path):
    with open(path, "w", encoding="ascii") as file:
        file.write(TEXT)


async def work(do, paths, left):
    for i in left:
        await asyncio.to_thread(do, paths[i % FILES])


async def measure(do, paths, n):
    left = iter(range(n))
    start, cpu = time.monotonic(), time.process_time()
    await asyncio.gather(*(work(do, paths, left) for _ in range(TASKS)))
    print("us", (time.monotonic() - start) / n * 1e6)
    print("cpu_us", (time.process_time() - cpu) / n * 1e6)


def main():
    do = {"read": read, "write": write}[sys.argv[1]]
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, str(i)) for i in range(FILES)]
        for path in paths:
            write(path)
        asyncio.run(measure(do, paths, int(sys.argv[2])))


main()
