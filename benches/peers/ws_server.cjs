// A broadcast server with Node's ws that frames each message once. `Sender.frame` is public and was made static for
// this use (ws pull request 1016). The frame goes to every viewer's socket in one write, where `viewer.send()` would
// frame it per viewer and write header and payload separately. Compression is off. Usage: node ws_server.cjs RATE, with
// NODE_PATH set to the folder that contains ws; the first line on standard output contains the port.
"use strict";

const { Sender, WebSocketServer } = require("ws");

// As in ticks.py: the size of every record.
const RECORD_BYTES = 64;
// Thousands of viewers connect at once; the kernel caps the backlog at its own limit.
const BACKLOG = 4096;
const OPCODE_TEXT = 1;

const rate = Number(process.argv[2]);
const sockets = new Set();

function record(index, t) {
  const head = `{"i":${index},"t":${t},"value":${((index * 37) % 1999) - 999},"pad":"`;
  return `${head}${".".repeat(RECORD_BYTES - head.length - 2)}"}`;
}

function send(text) {
  const options = { fin: true, opcode: OPCODE_TEXT, mask: false, readOnly: true, rsv1: false };
  const frame = Buffer.concat(Sender.frame(Buffer.from(text), options));
  for (const socket of sockets) {
    socket.write(frame);
  }
}

// Every due time is computed from the start, so the schedule does not drift. Node's timers have a resolution of a
// millisecond; a late tick sends every record that is due.
function start() {
  const began = performance.now();
  const beganUnixUs = Math.round((performance.timeOrigin + began) * 1000);
  let index = 0;
  const afterMs = () => ((index + 1) * 1000) / rate;
  function tick() {
    const passed = performance.now() - began;
    for (; afterMs() <= passed; index += 1) {
      send(record(index, beganUnixUs + Math.floor(afterMs() * 1000)));
    }
    setTimeout(tick, Math.max(0, afterMs() - (performance.now() - began)));
  }
  tick();
}

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  backlog: BACKLOG,
  perMessageDeflate: false,
  clientTracking: false,
});
server.on("connection", (viewer, request) => {
  const { socket } = request;
  sockets.add(socket);
  viewer.on("close", () => sockets.delete(socket));
  viewer.on("error", () => {});
});
server.on("listening", () => {
  console.log(JSON.stringify({ port: server.address().port }));
  start();
});
