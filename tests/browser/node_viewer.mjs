/**
 * A viewer in a Node.js process of its own, for `client_in_node.test.ts`: `node node_viewer.mjs MODULE HUB`. Writes
 * what the client tells as one JSON array a line. When its standard input ends, it closes the client, and then has to
 * end by itself, because nothing of the client may go on.
 */

const [, , module, url] = process.argv;
const { Client } = await import(module);

const client = new Client({ url, joining: { last: 10 } });
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
