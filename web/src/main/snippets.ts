/** Command lines that receive the same records: for a shell, and for a browser's console. Pure functions. */

/** Follows a topic of this hub with curl. */
export function curlSnippet(hub: string, topic: string): string {
  return `curl -N '${hub}/sse/${topic}'`;
}

/** Follows a topic in a browser's console. */
export function jsSnippet(hub: string, topic: string): string {
  const url = `${hub.replace(/^http/, "ws")}/ws/${topic}`;
  return `new WebSocket("${url}").onmessage = ({ data }) => console.log(JSON.parse(data));`;
}
