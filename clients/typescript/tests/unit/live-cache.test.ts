import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { LiveCache } from "../../src/cache/live-cache.js";
import { createClient } from "../../src/client.js";
import type { Channel } from "../../src/tabs.js";
import { booking, told } from "./bookings.js";

test("an event updates each list, also where another list has loaded that version before", () => {
  const channel: Channel = {
    onmessage: null,
    postMessage: () => undefined,
    close: () => undefined,
  };
  const client = createClient({
    baseUrl: "http://127.0.0.1",
    userId: "ana",
    live: { locks: { request: () => new Promise(() => undefined) }, channel: () => channel },
  });
  const queries = new QueryClient();
  const cache = new LiveCache(client, queries);
  const key = cache.keys.appointments({}, 200);
  queries.setQueryData(key, { items: [booking()], hasMore: false, cursor: "e:1" });
  cache.open();
  cache.ledger.receive(booking({ version: 2, status: "cancelled" }));

  const event = { type: "event", cursor: "e:2", data: told({ version: 2, status: "cancelled" }) };
  channel.onmessage?.({ data: { type: "item", from: null, item: event } });

  expect(queries.getQueryData(key)).toMatchObject({ items: [{ version: 2, status: "cancelled" }] });
  cache.close();
});
