/** What to type elsewhere to get the same records: ready lines for a shell and for a browser. Pure. */

/** Follows a topic with curl, from a hub at `origin`. */
export function curlLine(origin: string, topic: string): string {
  return `curl -N '${origin}/sse/${topic}'`;
}

/** Follows a topic in a browser's console. */
export function jsLine(origin: string, topic: string): string {
  const url = `${origin.replace(/^http/, "ws")}/ws/${topic}`;
  return `new WebSocket("${url}").onmessage = ({ data }) => console.log(JSON.parse(data));`;
}
