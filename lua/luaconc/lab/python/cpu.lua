-- The primes of experiments/cpu.lua in CPython: one after the other, on
-- threads, processes, tasks, and tasks over a thread pool; the best of seven
-- rounds each.
return [=[
import asyncio, sys, time
from concurrent.futures import ThreadPoolExecutor, ProcessPoolExecutor

args = dict(word.split("=") for word in sys.argv[1:])
LIMIT, JOBS, CORES = int(args["limit"]), int(args["jobs"]), int(args["cores"])
BLOCK = 500

def is_prime(n):
    if n < 4:
        return n > 1
    if n % 2 == 0:
        return False
    for d in range(3, int(n ** 0.5) + 1, 2):
        if n % d == 0:
            return False
    return True

def job(i):
    count = 0
    for first in range(i * BLOCK, LIMIT, JOBS * BLOCK):
        for n in range(first, min(first + BLOCK, LIMIT)):
            if is_prime(n):
                count += 1
    return count

def serial():
    return sum(map(job, range(JOBS)))

async def tasks():
    async def one(i):
        return job(i)
    return sum(await asyncio.gather(*(one(i) for i in range(JOBS))))

async def tasks_over_threads(pool):
    loop = asyncio.get_running_loop()
    return sum(await asyncio.gather(
        *(loop.run_in_executor(pool, job, i) for i in range(JOBS))))

def timed(f):
    before = time.perf_counter()
    result = f()
    return time.perf_counter() - before, result

def main():
    with ThreadPoolExecutor(CORES) as threads, \
         ProcessPoolExecutor(CORES) as processes:
        list(processes.map(job, [JOBS] * CORES))
        list(threads.map(job, [JOBS] * CORES))
        ways = {
            "serial": serial,
            "thread": lambda: sum(threads.map(job, range(JOBS))),
            "process": lambda: sum(processes.map(job, range(JOBS))),
            "task": lambda: asyncio.run(tasks()),
            "pooled": lambda: asyncio.run(tasks_over_threads(threads)),
        }
        best, results = {}, set()
        for _ in range(7):
            for name, f in ways.items():
                seconds, result = timed(f)
                best[name] = min(seconds, best.get(name, seconds))
                results.add(result)
        assert len(results) == 1, results
        for name in ways:
            print(f"{name}={best['serial'] / best[name]:.6f}")
    print("version=" + sys.version.split()[0])

main()
]=]
