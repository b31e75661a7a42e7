/** What to type elsewhere to get the same records: ready lines for a shell and for a browser. Pure. */

/** Follows a topic with curl, from the hub at `hub`. */
export function curlLine(hub: string, topic: string): string {
  return `curl -N '${hub}/sse/${topic}'`;
}

/** Follows a topic in a browser's console. */
export function jsLine(hub: string, topic: string): string {
  const url = `${hub.replace(/^http/, "ws")}/ws/${topic}`;
  return `new WebSocket("${url}").onmessage = ({ data }) => console.log(JSON.parse(data));`;
}
