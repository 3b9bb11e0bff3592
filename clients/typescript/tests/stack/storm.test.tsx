import { expect, test } from "vitest";
import type { Appointment, Client, Place } from "../../src/index.js";
import { isRefusal } from "../../src/index.js";
import { useAppointments, useAvailability, useLive } from "../../src/react/index.js";
import {
  clientOf,
  elsewhere,
  kill,
  type Person,
  person,
  slot,
  slots,
  start,
  until,
} from "./harness.js";
import { Page } from "./rendered.js";

const ROUNDS = 3;
const COMMANDS = 12;

/** Somebody who books, moves and cancels at random, at an API that stays. */
class Patient {
  readonly client: Client;
  private readonly mine: string[] = [];

  constructor(
    who: Person,
    private readonly places: Place[],
  ) {
    this.client = clientOf(who, { baseUrl: elsewhere, userId: null });
  }

  async act(): Promise<void> {
    const id = pick(this.mine);
    const place = pick(this.places) as Place;
    try {
      switch (pick(["hold", "book", "confirm", "move", "cancel", "release", "edit"])) {
        case "hold":
          this.mine.push((await this.client.commands.hold(place)).id);
          return;
        case "book":
          this.mine.push((await this.client.commands.book(place)).id);
          return;
        case "confirm":
          if (id) await this.client.commands.run("confirm", id, {});
          return;
        case "move":
          if (id) await this.client.commands.run("move", id, { startsAt: place.startsAt });
          return;
        case "cancel":
          if (id) await this.client.commands.run("cancel", id, {});
          return;
        case "release":
          if (id) await this.client.commands.run("release", id, {});
          return;
        case "edit":
          if (id) await this.client.commands.run("edit", id, { notes: `${Math.random()}` });
          return;
      }
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
}

function pick<T>(items: readonly T[]): T | undefined {
  return items[Math.floor(Math.random() * items.length)];
}

/** What no reading changes: `server_time` and the seconds left do. */
function lasting(items: readonly Appointment[] | undefined): string {
  const found = (items ?? []).map((it) => {
    const { server_time: _, expires_in_seconds: __, ...rest } = it;
    return Object.entries(rest).sort(([a], [b]) => a.localeCompare(b));
  });
  return JSON.stringify(found);
}

test("whatever is cut and killed, pages show what a fresh read says, and no version goes back", async () => {
  const [one, two, admin] = [await person(), await person(), await person("admin")];
  const places = await slots(4);
  for (let n = 0; n < 9; n += 1) await slot(); // a checkup reaches into the next ones
  const [first] = places;
  const day = first.startsAt.slice(0, 10);
  const board = { appointmentType: first.appointmentType, date: day, include: "all" as const };
  const booked = { status: ["booked", "held"] as const };
  const open = [one, one, admin].map(
    (who) =>
      new Page(clientOf(who), () => ({
        all: useAppointments(),
        booked: useAppointments(booked),
        slots: useAvailability(board),
        live: useLive(),
      })),
  );
  const live = () => until(() => open.every((page) => page.current?.live.state === "live"));
  await live();
  const patients = [
    new Patient(one, places),
    new Patient(two, places),
    new Patient(
      one,
      places.map((place) => ({ ...place, appointmentType: "checkup" })),
    ),
  ];
  const act = async () => {
    for (let n = 0; n < COMMANDS; n += 1) await pick(patients)?.act();
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    await act();
    await kill();
    await act();
    await start();
    await act();
  }
  await live();

  for (const [page, who] of open.map((it, n) => [it, [one, one, admin][n]] as const)) {
    const reader = clientOf(who as Person, { baseUrl: elsewhere, userId: null });
    const get = async (query: object) =>
      (await reader.api.GET("/api/appointments", { params: { query: { limit: 200, ...query } } }))
        .data?.items;
    await until(async () => lasting(await get({})) === lasting(page.current?.all.data?.items));
    await until(
      async () =>
        lasting(await get({ status: [...booked.status] })) ===
        lasting(page.current?.booked.data?.items),
    );
    await until(async () => {
      const query = { appointment_type: board.appointmentType, date: day, include: board.include };
      const now = await reader.api.GET("/api/availability/slots", {
        params: { query: { ...query, limit: 20000 } },
      });
      return JSON.stringify(now.data?.items) === JSON.stringify(page.current?.slots.data?.slots);
    });
    const versions = new Map<string, number>();
    for (const { all } of page.results) {
      for (const it of all.data?.items ?? []) {
        expect(it.version).toBeGreaterThanOrEqual(versions.get(it.id) ?? 0);
        versions.set(it.id, it.version);
      }
    }
    expect(versions.size).toBeGreaterThan(0);
    page.close();
  }
});
