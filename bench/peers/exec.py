"""/bin/true by asyncio, 8 at a time. exec.py N [MB]. Wall time of each."""
import asyncio
import sys
import time

AT_ONCE = 8


async def work(left):
    for _ in left:
        program = await asyncio.create_subprocess_exec(
            "/bin/true", stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL)
        assert await program.wait() == 0


async def run(n):
    left = iter(range(n))
    await asyncio.gather(*(work(left) for _ in range(AT_ONCE)))


async def main():
    n = int(sys.argv[1])
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    held = [b"x" * (1 << 20) for _ in range(megabytes)]
    await run(n // 10)
    start, cpu = time.monotonic(), time.process_time()
    await run(n)
    print("ms", (time.monotonic() - start) / n * 1e3)
    print("cpu_ms", (time.process_time() - cpu) / n * 1e3)
    assert len(held) == megabytes


asyncio.run(main())
