-- The three faults of async-debug in CPython's asyncio: does it tell of them
-- by itself, and in its debug mode?
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

def told(coroutine, limit, debug):
    log.truncate(0)
    async def bounded():
        try:
            await asyncio.wait_for(coroutine, limit)
        except asyncio.TimeoutError:
            return False
        return None
    try:
        result = asyncio.run(bounded(), debug=debug)
    except Exception:
        return True
    gc.collect()
    return result is None and log.getvalue() != ""

for suffix, debug in ("", False), ("_debug", True):
    print("blocked%s=%d" % (suffix, told(blocked(), 2, debug)))
    print("deadlock%s=%d" % (suffix, told(deadlock(), 0.5, debug)))
    print("lost%s=%d" % (suffix, told(lost(), 2, debug)))
print("version=" + sys.version.split()[0])
]=]
