import { afterEach, expect, test } from "vitest";
import type { Client, ClientOptions, StreamItem } from "../../src/index.js";
import { clientOf, kill, type Person, person, slots, start, until } from "./harness.js";

const open: Tab[] = [];

afterEach(() => {
  for (const tab of open.splice(0)) tab.client.live.close();
});

/** A tab of a browser: it counts the streams that it opens and keeps what it hears. */
class Tab {
  readonly items: StreamItem[] = [];
  streams = 0;
  readonly client: Client;

  constructor(who: Person, options: ClientOptions = {}) {
    this.client = clientOf(who, {
      fetch: (request) => {
        if (new URL(request.url).pathname === "/api/events") this.streams += 1;
        return fetch(request);
      },
      ...options,
    });
    this.client.live.subscribe((item) => this.items.push(item));
    this.client.live.open();
    open.push(this);
  }

  get state() {
    return this.client.live.status.state;
  }

  /** The bookings and their versions, as they were told. */
  get told(): string[] {
    return this.items.flatMap((item) =>
      item.type === "event" && item.kind.startsWith("appointment.")
        ? [`${item.data.entity_id} ${item.data.version}`]
        : [],
    );
  }

  get resets(): number {
    return this.items.filter((item) => item.type === "reset").length;
  }
}

const live = (...tabs: Tab[]) => until(() => tabs.every((tab) => tab.state === "live"));

test("two tabs of a user share one stream and hear the same", async () => {
  const patient = await person();
  const [one, two] = [new Tab(patient), new Tab(patient)];
  await live(one, two);
  const held = await two.client.commands.hold((await slots(1))[0]);
  await one.client.commands.run("confirm", held.id, {});
  await until(() => one.told.length === 2 && two.told.length === 2);
  expect(one.told).toEqual([`${held.id} 1`, `${held.id} 2`]);
  expect(two.told).toEqual(one.told);
  expect(one.streams + two.streams).toBe(1);
});

test("when the tab that leads closes, another takes over and misses nothing", async () => {
  const patient = await person();
  const tabs = [new Tab(patient), new Tab(patient), new Tab(patient)] as const;
  await live(...tabs);
  const places = await slots(3);
  const other = clientOf(patient, { userId: null });
  const ids = [(await other.commands.book(places[0])).id];
  await until(() => tabs.every((tab) => tab.told.length === 2));
  const leader = tabs.find((tab) => tab.client.live.leads);
  const others = tabs.filter((tab) => tab !== leader);
  leader?.client.live.close();
  ids.push((await other.commands.book(places[1])).id);
  await until(() => others.some((tab) => tab.client.live.leads && tab.state === "live"));
  ids.push((await other.commands.book(places[2])).id);
  await until(() => others.every((tab) => tab.told.length === 6));
  for (const tab of others) {
    expect(tab.told).toEqual(ids.flatMap((id) => [`${id} 1`, `${id} 2`]));
    expect(tab.resets).toBe(0);
  }
  expect(tabs.reduce((sum, tab) => sum + tab.streams, 0)).toBe(2);
});

test("after a killed API both tabs have heard all, over one stream", async () => {
  const patient = await person();
  const [one, two] = [new Tab(patient), new Tab(patient)];
  await live(one, two);
  const [first, second] = await slots(2);
  const booked = await one.client.commands.hold(first);
  await until(() => one.told.length === 1 && two.told.length === 1);
  await kill();
  await until(() => one.state !== "live" && two.state !== "live");
  await start();
  const again = await two.client.commands.hold(second);
  await until(() => one.told.length === 2 && two.told.length === 2);
  await live(one, two);
  expect(one.told).toEqual([`${booked.id} 1`, `${again.id} 1`]);
  expect(two.told).toEqual(one.told);
  expect(one.resets + two.resets).toBe(0);
  expect([one.streams === 0, two.streams === 0]).toContain(true);
});

test("a tab that opens later begins where the others are", async () => {
  const patient = await person();
  const one = new Tab(patient);
  await live(one);
  const [first, second] = await slots(2);
  await one.client.commands.hold(first);
  await until(() => one.told.length === 1);
  const two = new Tab(patient);
  await live(two);
  const next = await two.client.commands.hold(second);
  await until(() => two.told.length === 1 && one.told.length === 2);
  expect(two.items[0]?.type).toBe("ready");
  expect(two.told).toEqual([`${next.id} 1`]);
  expect(two.streams).toBe(0);
});

test("a tab that leads and is silent loses the lead, and hears the new one", async () => {
  const patient = await person();
  const mute = (name: string) => {
    const channel = new BroadcastChannel(name);
    channel.postMessage = () => undefined;
    return channel as never;
  };
  const frozen = new Tab(patient, { live: { channel: mute } });
  await until(() => frozen.client.live.leads);
  const awake = new Tab(patient, { live: { silence: 1000 } });
  await until(() => awake.client.live.leads && !frozen.client.live.leads);
  await live(awake);
  const held = await awake.client.commands.hold((await slots(1))[0]);
  await until(() => awake.told.length === 1 && frozen.told.length === 1);
  expect(frozen.told).toEqual([`${held.id} 1`]);
});

test("signing out ends all tabs of the user, and of nobody else", async () => {
  const [patient, other] = [await person(), await person()];
  const [one, two, third] = [new Tab(patient), new Tab(patient), new Tab(other)];
  await live(one, two, third);
  one.client.live.signOut();
  await until(() => two.state === "signed_out");
  expect([one.state, third.state]).toEqual(["signed_out", "live"]);
  await third.client.commands.hold((await slots(1))[0]);
  await until(() => third.told.length === 1);
  expect([one.told, two.told]).toEqual([[], []]);
});

test("a second user in the same browser hears nothing of the first", async () => {
  const [first, second] = [await person(), await person()];
  const [one, two] = [new Tab(first), new Tab(second)];
  await live(one, two);
  const [place, another] = await slots(2);
  await one.client.commands.hold(place);
  const own = await two.client.commands.hold(another);
  await until(() => one.told.length === 1 && two.told.length === 1);
  expect(two.told).toEqual([`${own.id} 1`]);
});

test("without locks or channels each tab has a stream of its own", async () => {
  const patient = await person();
  const [one, two] = [
    new Tab(patient, { live: { locks: null } }),
    new Tab(patient, { live: { channel: null } }),
  ];
  await live(one, two);
  const held = await one.client.commands.hold((await slots(1))[0]);
  await until(() => one.told.length === 1 && two.told.length === 1);
  expect(two.told).toEqual([`${held.id} 1`]);
  expect([one.streams, two.streams]).toEqual([1, 1]);
});

test("who is refused leads no longer; a tab with a good token takes over", async () => {
  const patient = await person();
  const bad = new Tab(patient, { getToken: () => "not a token" });
  const good = new Tab(patient);
  await until(() => bad.state === "refused");
  expect(bad.client.live.status.refusal?.code).toBe("unauthenticated");
  await live(good);
});
