"""asyncio, and uvloop where it is installed.  asyncio_peer.py CASE [N] [uvloop]"""
import asyncio
import gc
import os
import sys
import time


def show(name, value):
    print(name, repr(float(value)), flush=True)


def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def delays():
    part = 0.0
    while True:
        part = (part + 0.618033988749895) % 1
        yield part


async def switch(n):
    async def body(count):
        sleep = asyncio.sleep
        for _ in range(count):
            await sleep(0)

    await asyncio.gather(body(n // 20), body(n // 20))
    start = time.process_time()
    await asyncio.gather(body(n // 2), body(n // 2))
    show("ns", (time.process_time() - start) / n * 1e9)


async def spawn(n):
    async def one():
        return 1

    create = asyncio.create_task
    for _ in range(n // 10):
        await create(one())
    start = time.process_time()
    for _ in range(n):
        await create(one())
    show("ns", (time.process_time() - start) / n * 1e9)


async def memory(n):
    async def body():
        await asyncio.sleep(3600)

    gc.collect()
    before = rss()
    tasks = [asyncio.create_task(body()) for _ in range(n)]
    await asyncio.sleep(0.001)
    gc.collect()
    show("bytes", (rss() - before) / n)
    assert len(tasks) == n
    os._exit(0)


async def timers(n):
    woken = 0

    async def body(seconds):
        nonlocal woken
        await asyncio.sleep(seconds)
        woken += 1

    delay = delays()
    start = time.process_time()
    await asyncio.gather(*[body(next(delay)) for _ in range(n)])
    assert woken == n
    show("cpu_s", time.process_time() - start)


async def queue(n):
    async def go(count):
        q = asyncio.Queue(64)

        async def send():
            for i in range(1, count + 1):
                await q.put(i)

        sender = asyncio.create_task(send())
        total = 0
        for _ in range(count):
            total += await q.get()
        await sender
        assert total == count * (count + 1) // 2

    await go(n // 10)
    start = time.process_time()
    await go(n)
    show("ns", (time.process_time() - start) / n * 1e9)


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class EchoAndCollect(Echo):
    def data_received(self, data):
        if data == b"collect\n":
            gc.collect()
        self.transport.write(data)


async def echo_stream(reader, writer):
    while data := await reader.read(65536):
        if data == b"collect\n":
            gc.collect()
        writer.write(data)
        await writer.drain()
    writer.close()


async def until_end_of_input(server):
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    loop.add_reader(0, lambda: os._exit(0))
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await ended


async def serve(protocol):
    loop = asyncio.get_running_loop()
    await until_end_of_input(
        await loop.create_server(protocol, "127.0.0.1", 0, backlog=4096))


async def echo(_):
    await serve(Echo)


async def streams(_):
    await until_end_of_input(
        await asyncio.start_server(echo_stream, "127.0.0.1", 0, backlog=4096))


async def idle(_):
    await serve(EchoAndCollect)


def main():
    if "uvloop" in sys.argv:
        import uvloop

        uvloop.install()
    case = globals()[sys.argv[1]]
    asyncio.run(case(int(sys.argv[2]) if len(sys.argv) > 2 else 0))


main()
