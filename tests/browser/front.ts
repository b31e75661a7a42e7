/** A real nginx before a hub, which it serves under a path. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const TARGET = process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname, "../../target");
/** Where tests/tools/install.sh puts it, else where Debian has it. */
const PROGRAMS = [join(TARGET, "tools/debian/bin/nginx"), "/usr/sbin/nginx"];

export class Front {
  /** The hub's address as browsers have it, without a slash at the end. */
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, process: ChildProcess, folder: string) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
  }

  /** `path` begins with a slash and has none at its end. */
  static async start(hub: string, path: string): Promise<Front> {
    const program = PROGRAMS.find(existsSync);
    if (program === undefined) throw new Error("`nginx` is missing; run tests/tools/install.sh");
    const folder = mkdtempSync(join(tmpdir(), "tickcast-front-"));
    const port = await freePort();
    const configuration = join(folder, "nginx.conf");
    writeFileSync(configuration, configure(hub, path, port, folder));
    const nginx = spawn(program, ["-e", "stderr", "-c", configuration], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const said: string[] = [];
    for await (const line of createInterface({ input: nginx.stderr })) {
      said.push(line);
      if (!line.includes("start worker process ")) continue;
      // Goes on reading, unheard: a full pipe would stop it.
      nginx.stderr.resume();
      return new Front(`http://127.0.0.1:${port}${path}`, nginx, folder);
    }
    throw new Error(`nginx does not listen; it said:\n${said.join("\n")}`);
  }

  async remove(): Promise<void> {
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await exit;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Nginx cannot choose a free port by itself. */
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
