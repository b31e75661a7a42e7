/** Everything the hub serves, behind a real proxy that adds a path. */

import { afterAll, expect } from "vitest";
import { strings } from "../../web/src/strings";
import { isLive } from "./element";
import { fixture, testWith } from "./fixture";
import { Hub } from "./hub";
import { NginxProxy } from "./nginx_proxy";
import { OtherSite } from "./other_site";
import { Screen } from "./screen";

const test = testWith("chromium", "nginx");

const PATHS = ["/live", "/any/path"];

let site: OtherSite;
const tests = fixture(async () => {
  site = await OtherSite.start();
  const topic = (name: string) => `[topics.${name}]\ndataset = "data.json"\nrate = 100\nbackfill = "30s"\n`;
  return Hub.startFrom({
    "tickcast.toml": `[server]\nallowed_origins = ["${site.origin}"]\n${topic("ecg")}${topic("other")}`,
    "data.json": Array.from({ length: 1_000 }, (_, value) => ({ value })),
  });
});

afterAll(() => site?.close());

/** Runs `use` with the hub's URL under `path`. */
async function under(path: string, use: (url: string) => Promise<void>): Promise<void> {
  const proxy = await NginxProxy.start(tests.hub.url, path);
  try {
    await use(proxy.url);
  } finally {
    await proxy.remove();
  }
}

/** Opens the page and expects it to become live without a failed request. */
async function expectLive(
  url: string,
  look: (screen: Screen) => Promise<void> = async () => {},
): Promise<void> {
  const screen = await Screen.open(tests.browser, url);
  const failed: string[] = [];
  screen.page.on("response", (answer) => answer.status() >= 400 && failed.push(answer.url()));
  try {
    await screen.isLive();
    await look(screen);
    expect([...screen.errors, ...failed]).toEqual([]);
  } finally {
    await screen.close();
  }
}

test.each(PATHS)("the page and its links work under %s, with and without a trailing slash", async (path) => {
  await under(path, async (url) => {
    await expectLive(url);
    await expectLive(`${url}/`, async (screen) => {
      // The menu comes when it is opened.
      await screen.click("menu-open");
      await screen.page.waitForSelector('[data-part="menu"] .links a');
      const links = await screen.page.$$eval('[data-part="menu"] .links a', (all) =>
        all.map((link) => (link as HTMLAnchorElement).href),
      );
      expect(links).toEqual(
        ["api/v1/topics", "openapi.yaml", "asyncapi.yaml"].map((name) => `${url}/${name}`),
      );
      for (const link of links) expect((await fetch(link)).status, link).toBe(200);
    });
    await expectLive(`${url}/?embed=1&topic=other`);
    const { epoch, seq } = await (await fetch(`${url}/api/v1/topics/ecg`)).json();
    const screen = await Screen.open(tests.browser, `${url}/?topic=ecg&at=${epoch}:${seq}`);
    await screen.becomes("paused");
    expect(new URL(screen.page.url()).pathname).toBe(`${path}/`);
    await screen.close();
  });
});

testWith(
  "chromium",
  "nginx",
  "curl",
)("the curl command copied from a page under a path works", async () => {
  await under("/live", (url) =>
    expectLive(`${url}/`, async (screen) => {
      await screen.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await screen.choose(strings.copyCurl);
      const line = await screen.page.evaluate(() => navigator.clipboard.readText());
      expect(line).toBe(`curl -N '${url}/sse/ecg'`);
    }),
  );
});

test("an unknown topic links to the existing ones", async () => {
  await under("/live", async (url) => {
    const screen = await Screen.open(tests.browser, `${url}/?topic=missing`);
    await screen.page.waitForSelector('[data-part="notice-ways"] a');
    const home = await screen.page.$eval(
      '[data-part="notice-link"]',
      (link) => (link as HTMLAnchorElement).href,
    );
    expect(home).toBe(`${url}/`);
    await screen.click("notice-link");
    await screen.isLive();
    await screen.close();
  });
});

test("the element works under a path, from its module's URL and from `src`", async () => {
  await under("/any/path", async (url) => {
    for (const attribute of ["", ` src="${url}"`, ` src="${url}/"`]) {
      const text = `<!doctype html><title>any</title><script type="module" src="${url}/tick-chart.js"></script>
        <tick-chart topic="ecg"${attribute}></tick-chart>`;
      const context = await tests.browser.newContext();
      const page = await context.newPage();
      await page.goto(site.put("/page.html", text));
      await isLive(page);
      await context.close();
    }
  });
});
