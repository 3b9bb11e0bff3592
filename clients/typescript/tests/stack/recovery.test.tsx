import { afterEach, expect, test } from "vitest";
import { createClient, type StreamItem, Unreachable } from "../../src/index.js";
import { useAppointments, useLive, useReserve } from "../../src/react/index.js";
import {
  api,
  clientOf,
  elsewhere,
  kill,
  person,
  restore,
  shortToken,
  slots,
  start,
  until,
} from "./harness.js";
import { Page } from "./rendered.js";

const open: { close: () => void }[] = [];

afterEach(() => {
  for (const it of open.splice(0)) it.close();
});

test("when the token is over the stream goes on with a new one, and nothing is missing", async () => {
  const patient = await person();
  const short = await shortToken(patient, 2);
  const renewals: boolean[] = [];
  const client = createClient({
    baseUrl: api,
    getToken: (renew) => {
      renewals.push(renew);
      return renew ? patient.token : short;
    },
  });
  const items: StreamItem[] = [];
  const leave = new AbortController();
  open.push({ close: () => leave.abort() });
  void (async () => {
    for await (const item of client.events({ signal: leave.signal })) items.push(item);
  })();
  await until(() => items.length > 0);
  const other = clientOf(patient, { userId: null });
  const [first, second] = await slots(2);
  await other.commands.hold(first);
  await until(() => renewals.includes(true));
  await other.commands.hold(second);
  const held = () => items.filter((it) => it.type === "event" && it.kind === "appointment.held");
  await until(() => held().length === 2);
  expect(items.map((it) => it.type)).not.toContain("reset");
});

test("a command whose token is over is repeated once with a new one", async () => {
  const patient = await person();
  const client = createClient({
    baseUrl: api,
    getToken: (renew) => (renew ? patient.token : "stale"),
  });
  expect((await client.commands.hold((await slots(1))[0])).status).toBe("held");
});

test("who is deactivated is refused, and the page says so", async () => {
  const [patient, admin] = [await person(), await person("admin")];
  const page = new Page(clientOf(patient), () => useLive());
  open.push(page);
  await until(() => page.current?.state === "live");
  const answer = await clientOf(admin).api.PUT("/api/profiles/{id}", {
    params: { path: { id: patient.id } },
    body: { active: false } as never,
  });
  expect(answer.response.status).toBe(200);
  await until(() => page.current?.state === "refused");
  expect(page.current?.refusal?.status).toBeGreaterThanOrEqual(401);
});

test("an unknown cursor is a reset, and the stream goes on after it", async () => {
  const patient = await person();
  const client = clientOf(patient);
  const items: StreamItem[] = [];
  for await (const item of client.events({ cursor: "other:7" })) {
    items.push(item);
    if (items.length === 2) break;
  }
  expect(items.map((it) => it.type)).toEqual(["reset", "ready"]);
});

test("after the database was restored all is loaded again", async () => {
  const patient = await person();
  const reads: string[] = [];
  const client = clientOf(patient, {
    fetch: (request) => {
      if (request.method === "GET") reads.push(new URL(request.url).pathname);
      return fetch(request);
    },
  });
  const page = new Page(client, () => ({ list: useAppointments(), live: useLive() }));
  open.push(page);
  const resets: string[] = [];
  client.live.subscribe((item) => item.type === "reset" && resets.push(item.reason));
  await until(() => page.current?.live.state === "live" && page.current.list.data);
  const before = reads.filter((path) => path === "/api/appointments").length;
  await restore();
  const other = clientOf(patient, { baseUrl: elsewhere, userId: null });
  const held = await other.commands.hold((await slots(1))[0]);
  await until(() => resets.length > 0);
  await until(() => reads.filter((path) => path === "/api/appointments").length > before);
  await until(() => page.current?.list.data?.items.some((it) => it.id === held.id));
});

test("while the API is away pages turn stale, keep what they show, and refuse changes", async () => {
  const patient = await person();
  const client = clientOf(patient, { live: { staleAfter: 100 }, repeats: [] });
  const [place, another] = await slots(2);
  await clientOf(patient, { userId: null }).commands.book(place);
  const page = new Page(client, () => ({
    list: useAppointments(),
    live: useLive(),
    reserve: useReserve(),
  }));
  open.push(page);
  await until(
    () => page.current?.live.state === "live" && page.current.list.data?.items.length === 1,
  );
  await kill();
  await until(() => page.current?.live.state === "stale");
  const refused = await page.current?.reserve.mutateAsync(another).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Unreachable);
  expect(page.current?.list.data?.items.length).toBe(1);
  await start();
  await until(() => page.current?.live.state === "live");
  const states = page.results.map((it) => it.live.state);
  const changes = states.filter((state, n) => state !== states[n - 1]);
  expect(changes.slice(-4)).toEqual(["live", "reconnecting", "stale", "live"]);
});

test("a command without an answer is repeated under its key, and is done once", async () => {
  const patient = await person();
  const client = clientOf(patient, { repeats: Array(60).fill(500) });
  await kill();
  const booking = client.commands.book((await slots(1))[0]);
  await start();
  const booked = await booking;
  const { data } = await client.api.GET("/api/appointments");
  expect(data?.items.map((it) => it.id)).toEqual([booked.id]);
});

test("any route that takes a key gets one, so that it can be repeated", async () => {
  const admin = await person("admin");
  const keys: (string | null)[] = [];
  const client = clientOf(admin, {
    fetch: (request) => {
      keys.push(request.headers.get("Idempotency-Key"));
      return fetch(request);
    },
  });
  await client.api.POST("/api/profiles", { body: { full_name: "Mo Weber" } as never });
  await client.api.GET("/api/clinics");
  expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), null]);
});
