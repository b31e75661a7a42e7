/**
 * A viewer in a separate Node.js process, for `client_in_node.test.ts`: `node node_viewer.mjs MODULE HUB [SOCKETS]`.
 * SOCKETS is a module with a `WebSocket` to use instead of the environment's. Prints the client's events as one JSON array
 * per line. When standard input ends it closes the client; the process must then exit
 * on its own, because the client leaves nothing running.
 */

const [, , module, url, sockets] = process.argv;
const { Client } = await import(module);
const { WebSocket } = sockets === undefined ? {} : await import(sockets);

const client = new Client({ url, joining: { last: 10 }, WebSocket });
const say = (...what) => console.log(JSON.stringify(what));

client.on("link", ({ kind }) => say("link", kind));
client.on("hello", ({ recovered }) => say("hello", recovered));
client.on("record", ({ seq }) => say("record", seq));
client.on("pong", () => {
  const now = client.now();
  if (now !== undefined) say("clock", now - Date.now(), client.clock.errorBound(performance.now()));
});
client.open();
process.stdin.on("end", () => client.close()).resume();
