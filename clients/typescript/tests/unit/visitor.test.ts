import { expect, test } from "vitest";
import { createClient } from "../../src/client.js";
import type { Channel } from "../../src/tabs.js";

/** The names of the locks and channels, and the requests, of a client whose stream is opened. */
async function opened(options: { userId?: string | null; topics?: string[] }) {
  const names = new Set<string>();
  const requests: Request[] = [];
  const channel: Channel = {
    onmessage: null,
    postMessage: () => undefined,
    close: () => undefined,
  };
  const client = createClient({
    baseUrl: "http://127.0.0.1",
    ...options,
    fetch: (request) => {
      requests.push(request);
      return new Promise(() => undefined);
    },
    live: {
      locks: {
        request: (name, _, lead) => {
          names.add(name);
          return lead();
        },
      },
      channel: (name) => {
        names.add(name);
        return channel;
      },
    },
  });
  client.live.open();
  await Promise.resolve();
  client.live.close();
  return { names: [...names], requests };
}

test("a visitor's stream has a name of its own and asks without a token for slots only", async () => {
  const { names, requests } = await opened({ userId: null, topics: ["appointments"] });
  expect(names).toEqual(["chairtime http://127.0.0.1 visitor availability"]);
  expect(requests.map(({ url }) => url)).toEqual([
    "http://127.0.0.1/api/events?topics=availability",
  ]);
  expect(requests[0]?.headers.has("Authorization")).toBe(false);
});

test("a user's stream is not a visitor's", async () => {
  const { names, requests } = await opened({ userId: "ana" });
  expect(names).toEqual(["chairtime http://127.0.0.1 ana"]);
  expect(requests.map(({ url }) => url)).toEqual(["http://127.0.0.1/api/events"]);
});

test("whoever says nothing of a user has no stream", async () => {
  expect(await opened({})).toEqual({ names: [], requests: [] });
});
