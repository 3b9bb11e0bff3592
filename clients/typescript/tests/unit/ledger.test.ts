import { expect, test } from "vitest";
import { Ledger } from "../../src/cache/ledger.js";
import { booking, told } from "./bookings.js";

test("in whatever order answers and events come, the newest version stays", () => {
  const versions = [1, 2, 3, 4];
  for (const order of permutations(versions)) {
    for (let answers = 0; answers < 2 ** versions.length; answers += 1) {
      const ledger = new Ledger();
      let highest = 0;
      for (const [n, version] of order.entries()) {
        const fields = { version, cancel_reason: `at ${version}` };
        if (answers & (1 << n)) ledger.receive(booking(fields));
        else ledger.apply(told(fields));
        highest = Math.max(highest, version);
        expect(ledger.get("a")).toMatchObject({ version: highest, cancel_reason: `at ${highest}` });
      }
    }
  }
});

test("an older answer still brings what events never have", () => {
  const ledger = new Ledger();
  ledger.apply(told({ version: 3, status: "cancelled" }));
  const shown = ledger.receive(booking({ version: 2, notes: "left molar" }));
  expect(shown).toMatchObject({ version: 3, status: "cancelled", notes: "left molar" });
});

test("a reading that brings nothing new leaves the very object that pages show", () => {
  const ledger = new Ledger();
  const first = ledger.receive(booking({ version: 2, server_time: "2027-03-01T10:00:00Z" }));
  expect(ledger.receive(booking({ version: 2, server_time: "2027-03-01T10:00:01Z" }))).toBe(first);
  const changed = ledger.receive(booking({ version: 2, notes: "left molar" }));
  expect(changed).toMatchObject({ notes: "left molar" });
  expect(ledger.receive(booking({ version: 2, allowed: [] }))).toMatchObject({ allowed: [] });
});

test("what an event leaves out is over, and what it never has stays", () => {
  const ledger = new Ledger();
  const hold_expires_at = "2027-03-01T10:05:00Z";
  ledger.receive(booking({ status: "held", hold_expires_at, expires_in_seconds: 9, notes: "x" }));
  ledger.apply(told({ version: 2, status: "booked" }));
  expect(ledger.get("a")).toEqual(booking({ version: 2, notes: "x" }));
});

test("an older answer brings nothing that is over", () => {
  const ledger = new Ledger();
  ledger.apply(told({ version: 2, status: "booked" }));
  const hold_expires_at = "2027-03-01T10:05:00Z";
  const held = { status: "held", hold_expires_at, expires_in_seconds: 9 } as const;
  expect(ledger.receive(booking({ ...held, notes: "x" }))).toEqual(
    booking({ version: 2, notes: "x", allowed: [], updated_at: "2027-03-01T11:00:00Z" }),
  );
});

test("an optimistic change is shown over newer states, and its end shows the newest one", () => {
  const ledger = new Ledger();
  ledger.receive(booking());
  const takeBack = ledger.addOptimistic("a", { status: "cancelled" });
  ledger.apply(told({ version: 2, starts_at: "2027-03-09T08:00:00Z" }));
  expect(ledger.get("a")).toMatchObject({ status: "cancelled", starts_at: "2027-03-09T08:00:00Z" });
  takeBack();
  expect(ledger.get("a")).toMatchObject({ status: "booked", version: 2 });
});

test("two optimistic changes of one booking are taken back one by one", () => {
  const ledger = new Ledger();
  ledger.receive(booking());
  const first = ledger.addOptimistic("a", { status: "checked_in" });
  const second = ledger.addOptimistic("a", { starts_at: "2027-03-09T08:00:00Z" });
  first();
  expect(ledger.get("a")).toMatchObject({ status: "booked", starts_at: "2027-03-09T08:00:00Z" });
  second();
  expect(ledger.get("a")).toEqual(booking());
});

test("what was removed from sight is gone until it is read again", () => {
  const ledger = new Ledger();
  ledger.receive(booking());
  const since = ledger.now;
  ledger.apply(told({ version: 2 }, "appointment.removed"));
  expect(ledger.get("a")).toBeUndefined();
  expect(ledger.isGone("a", since)).toBe(true);
  ledger.receive(booking({ version: 4 }));
  expect(ledger.isGone("a", since)).toBe(false);
});

test("after a reset versions may begin anew", () => {
  const ledger = new Ledger();
  ledger.receive(booking({ version: 9 }));
  ledger.clear();
  expect(ledger.receive(booking({ version: 2 })).version).toBe(2);
});

function permutations<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((first, at) =>
    permutations(items.toSpliced(at, 1)).map((rest) => [first, ...rest]),
  );
}
