import { expect, test } from "vitest";
import { type Availability, concerns, firstRelease, patched } from "../../src/cache/board.js";
import type { EventData, Slot } from "../../src/index.js";

const DAY = "2027-03-08";

const at = (time: string) => `${DAY}T${time}:00Z`;

const slot = (from: string, to: string, state: Slot["state"] = "free", dentist_id = "d"): Slot => ({
  dentist_id,
  starts_at: at(from),
  ends_at: at(to),
  time_zone: "Europe/Berlin",
  state,
});

function told(kind: EventData["kind"], from: string, to: string, fields: object = {}): EventData {
  const [starts_at, ends_at] = [at(from), at(to)];
  const about = { seq: 1, kind, entity_id: "d", version: null, occurred_at: "", server_time: "" };
  return {
    ...about,
    dentist_id: "d",
    starts_at,
    ends_at,
    from: starts_at,
    until: ends_at,
    ...fields,
  };
}

const all = { appointmentType: "checkup", date: DAY, include: "all" as const };
const free = { appointmentType: "checkup", date: DAY };

const shown = (...slots: Slot[]): Availability => ({ slots, nextAvailable: null });

test("slots that overlap a held time are held until then, others stay", () => {
  const before = shown(
    slot("08:00", "08:30"),
    slot("08:15", "08:45"),
    slot("08:30", "09:00"),
    slot("08:15", "08:45", "free", "e"),
  );
  const held_until = at("07:05");
  const { slots } = patched(all, before, told("slot.held", "08:00", "08:30", { held_until }));
  expect(slots.map((it) => [it.state, it.held_until])).toEqual([
    ["held", held_until],
    ["held", held_until],
    ["free", undefined],
    ["free", undefined],
  ]);
});

test("where free slots alone are shown, those that are taken go", () => {
  const before = shown(slot("08:00", "08:30"), slot("08:30", "09:00"));
  const { slots } = patched(free, before, told("slot.booked", "08:00", "08:30"));
  expect(slots).toEqual([slot("08:30", "09:00")]);
});

test("the slot that became free is free at once; those that overlap it wait to be read", () => {
  const before = shown(slot("08:00", "08:30", "held"), slot("08:15", "08:45", "held"));
  const { slots } = patched(all, before, told("slot.free", "08:00", "08:30"));
  expect(slots.map((it) => it.state)).toEqual(["free", "held"]);
});

test("what is booked is not held again, and changes of schedules are left to reading", () => {
  const before = shown(slot("08:00", "08:30", "booked"));
  expect(patched(all, before, told("slot.held", "08:00", "08:30"))).toBe(before);
  expect(patched(all, before, told("schedule.changed", "08:00", "08:30"))).toBe(before);
});

test("slots for a move are left to reading: its own time counts as free there", () => {
  const before = shown(slot("08:00", "08:30"));
  expect(patched({ ...all, moving: "a" }, before, told("slot.booked", "08:00", "08:30"))).toBe(
    before,
  );
});

test.each([
  ["another dentist", { ...all, dentistId: "e" }, {}, false],
  ["this dentist", { ...all, dentistId: "d" }, {}, true],
  ["all dentists", all, {}, true],
  ["all starts", all, { from: null, until: null }, true],
  ["a month later", all, { from: "2027-04-08T08:00:00Z", until: "2027-04-08T09:00:00Z" }, false],
  [
    "the last of its days",
    { ...all, days: 31 },
    { from: "2027-04-07T08:00:00Z", until: null },
    true,
  ],
  ["a year before", all, { from: null, until: "2026-03-08T08:00:00Z" }, false],
  ["any day, of today", { appointmentType: "checkup" }, { from: "2028-01-01T08:00:00Z" }, true],
])("an event of %s", (_, query, fields, expected) => {
  const event = told("slot.booked", "08:00", "08:30", fields);
  expect(concerns(query, shown(slot("08:00", "08:30")), event)).toBe(expected);
});

test("the first held slot to be free again is known", () => {
  const held = (until: string) => ({ ...slot("08:00", "08:30", "held"), held_until: at(until) });
  expect(firstRelease(shown(slot("09:00", "09:30")))).toBeNull();
  expect(firstRelease(shown(held("07:06"), held("07:05")))).toBe(Date.parse(at("07:05")));
});
