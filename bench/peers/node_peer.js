// Node.  node --expose-gc node_peer.js CASE [N]
"use strict";
const fs = require("fs");
const net = require("net");

const show = (name, value) => console.log(name, value);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function rss() {
  const statm = fs.readFileSync("/proc/self/statm", "utf8");
  return Number(statm.split(" ")[1]) * 4096;
}

async function timed(n, f) {
  await f(Math.floor(n / 10));
  const start = cpu();
  await f(n);
  show("ns", ((cpu() - start) / n) * 1e9);
}

async function yielding(n, wait) {
  const body = async (count) => {
    for (let i = 0; i < count; i++) await wait();
  };
  await timed(n, (count) => Promise.all([body(count / 2), body(count / 2)]));
}

class Queue {
  constructor(size) {
    this.size = size;
    this.items = [];
    this.head = 0;
    this.putter = null;
    this.getter = null;
  }
  len() {
    return this.items.length - this.head;
  }
  async put(value) {
    while (this.len() >= this.size) {
      await new Promise((resolve) => (this.putter = resolve));
    }
    this.items.push(value);
    if (this.getter) {
      this.getter();
      this.getter = null;
    }
  }
  async get() {
    while (this.len() === 0) {
      await new Promise((resolve) => (this.getter = resolve));
    }
    const value = this.items[this.head++];
    if (this.head === 1024) {
      this.items.splice(0, 1024);
      this.head = 0;
    }
    if (this.putter) {
      this.putter();
      this.putter = null;
    }
    return value;
  }
}

function serve(onData) {
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => onData(socket, data));
  });
  server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
    show("port", server.address().port);
  });
  process.stdin.on("end", () => process.exit(0));
  process.stdin.resume();
}

const cases = {
  await: (n) => yielding(n, () => null),
  switch: (n) =>
    yielding(n, () => new Promise((resolve) => setImmediate(resolve))),

  async spawn(n) {
    const one = async () => 1;
    await timed(n, async (count) => {
      for (let i = 0; i < count; i++) await Promise.resolve().then(one);
    });
  },

  async memory(n) {
    const body = async () => {
      await sleep(3600000);
    };
    global.gc();
    const before = rss();
    const tasks = [];
    for (let i = 0; i < n; i++) tasks.push(body());
    await sleep(1);
    global.gc();
    show("bytes", (rss() - before) / n);
    process.exit(0);
  },

  async timers(n) {
    let part = 0;
    let woken = 0;
    const body = async (ms) => {
      await sleep(ms);
      woken++;
    };
    const start = cpu();
    const tasks = [];
    for (let i = 0; i < n; i++) {
      part = (part + 0.618033988749895) % 1;
      tasks.push(body(part * 1000));
    }
    await Promise.all(tasks);
    if (woken !== n) throw new Error("only " + woken + " woke");
    show("cpu_s", cpu() - start);
  },

  async queue(n) {
    await timed(n, async (count) => {
      const queue = new Queue(64);
      const send = async () => {
        for (let i = 1; i <= count; i++) await queue.put(i);
      };
      const sender = send();
      let sum = 0;
      for (let i = 0; i < count; i++) sum += await queue.get();
      await sender;
      if (sum !== (count * (count + 1)) / 2) throw new Error("lost items");
    });
  },

  echo: () => serve((socket, data) => socket.write(data)),
  idle: () =>
    serve((socket, data) => {
      if (data.length === 8 && data.toString() === "collect\n") global.gc();
      socket.write(data);
    }),
};

cases[process.argv[2]](Number(process.argv[3]));
