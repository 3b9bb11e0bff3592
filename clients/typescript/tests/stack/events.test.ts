import { expect, test } from "vitest";
import type { StreamItem } from "../../src/index.js";
import { clientOf, kill, person, slot, start, until } from "./harness.js";

test("events of a booking come once and in order, also across a killed API", async () => {
  const patient = await person();
  const client = clientOf(patient);
  const items: StreamItem[] = [];
  const leave = new AbortController();
  const reading = (async () => {
    for await (const item of client.events({ topics: ["appointments"], signal: leave.signal })) {
      items.push(item);
    }
  })();
  const kinds = () => items.flatMap((item) => (item.type === "event" ? [item.kind] : []));
  await until(() => items.some((item) => item.type === "ready"));
  const held = await client.commands.hold(await slot());
  await until(() => kinds().length === 1);
  await kill();
  await start();
  await client.commands.run("confirm", held.id, {});
  await client.commands.run("cancel", held.id, { reason: "ill" });
  await until(() => kinds().length === 3);
  expect(kinds()).toEqual(["appointment.held", "appointment.booked", "appointment.cancelled"]);
  expect(items.filter((item) => item.type === "reset")).toEqual([]);
  leave.abort();
  await reading;
});
