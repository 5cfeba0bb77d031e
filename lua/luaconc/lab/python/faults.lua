-- The three faults of async-debug in CPython's asyncio, as it comes: does it
-- tell of them by itself?
return [=[
import asyncio, gc, io, logging, sys, time

log = io.StringIO()
logging.basicConfig(stream=log, level=logging.WARNING)

async def blocked():
    async def hold():
        time.sleep(0.2)
    await asyncio.gather(hold(), asyncio.sleep(0.01))

async def deadlock():
    await asyncio.Event().wait()

async def lost():
    async def fail():
        raise ValueError("nobody looks at this")
    asyncio.create_task(fail())
    await asyncio.sleep(0.01)
    gc.collect()

def told(coroutine, limit):
    log.truncate(0)
    async def bounded():
        try:
            await asyncio.wait_for(coroutine, limit)
        except asyncio.TimeoutError:
            return False
        return None
    try:
        result = asyncio.run(bounded())
    except Exception:
        return True
    gc.collect()
    return result is None and log.getvalue() != ""

print("blocked=%d" % told(blocked(), 2))
print("deadlock=%d" % told(deadlock(), 0.5))
print("lost=%d" % told(lost(), 2))
print("version=" + sys.version.split()[0])
]=]
