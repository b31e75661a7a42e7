/** A real nginx in front of a hub, which it serves under a path. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathOf } from "./programs";

export class NginxProxy {
  /** The hub's URL as seen by browsers, without a trailing slash. */
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, process: ChildProcess, folder: string) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
  }

  /** `path` starts with a slash and does not end with one. */
  static async start(hub: string, path: string): Promise<NginxProxy> {
    const folder = mkdtempSync(join(tmpdir(), "tickcast-nginx-"));
    const port = await freePort();
    const configuration = join(folder, "nginx.conf");
    writeFileSync(configuration, configure(hub, path, port, folder));
    const nginx = spawn(pathOf("nginx"), ["-e", "stderr", "-c", configuration], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const output: string[] = [];
    for await (const line of createInterface({ input: nginx.stderr })) {
      output.push(line);
      if (!line.includes("start worker process ")) continue;
      // Keep draining the pipe: a full one would block nginx.
      nginx.stderr.resume();
      return new NginxProxy(`http://127.0.0.1:${port}${path}`, nginx, folder);
    }
    throw new Error(`nginx does not listen; its output was:\n${output.join("\n")}`);
  }

  async remove(): Promise<void> {
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await exit;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Nginx cannot choose a free port itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function configure(hub: string, path: string, port: number, folder: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join("\n");
  return `daemon off;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${folder}/nginx.pid;
error_log stderr notice;
events { worker_connections 256; }
http {
  access_log off;
  absolute_redirect off;
  ${temporary}
  server {
    listen 127.0.0.1:${port};
    location = ${path} { return 308 ${path}/$is_args$args; }
    location ${path}/ {
      proxy_pass ${hub}/;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_buffering off;
    }
  }
}
`;
}
