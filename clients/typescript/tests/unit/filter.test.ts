import { expect, test } from "vitest";
import {
  type AppointmentFilter,
  type AppointmentList,
  matches,
  placed,
  without,
} from "../../src/cache/filter.js";
import type { Appointment } from "../../src/index.js";
import { booking } from "./bookings.js";

const FILTERS: AppointmentFilter[] = [
  {},
  { status: ["booked", "held"] },
  { status: [] },
  { dentistId: "d" },
  { dentistId: ["d", "e"] },
  { patientId: "p" },
  { clinicId: "c" },
  { appointmentType: "Checkup" },
  { lapsed: true },
  { lapsed: false, status: ["booked"] },
  { from: "2027-03-08T09:00:00+01:00", to: "2027-03-09T00:00:00+01:00" },
  { status: ["booked"], dentistId: "e", from: "2027-03-08T08:15:00Z" },
];

const hours = [8, 9, 10, 11].map((hour) => `2027-03-08T${String(hour).padStart(2, "0")}:00:00Z`);

function some(): Appointment {
  return booking({
    id: pick(["a", "b", "c", "d", "e"]),
    status: pick(["booked", "held", "cancelled"]),
    dentist_id: pick(["d", "e", "f"]),
    patient_id: pick(["p", "q"]),
    clinic_id: pick(["c", "k"]),
    appointment_type: pick(["checkup", "cleaning"]),
    starts_at: pick(hours),
    lapsed_at: pick([null, "2027-03-10T08:00:00Z"]),
    version: Math.floor(Math.random() * 1000),
  });
}

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)] as T;
}

/** The list as the server would make it. */
function listed(filter: AppointmentFilter, all: Iterable<Appointment>): Appointment[] {
  return [...all]
    .filter((it) => matches(filter, it))
    .sort((a, b) => a.starts_at.localeCompare(b.starts_at) || a.id.localeCompare(b.id));
}

test.each(FILTERS)("a list that changes are placed in is the list that is read: %j", (filter) => {
  for (let round = 0; round < 50; round += 1) {
    const known = new Map<string, Appointment>();
    let list: AppointmentList = { items: [], hasMore: false, cursor: null };
    for (let n = 0; n < 20; n += 1) {
      const it = some();
      known.set(it.id, it);
      list = placed(list, filter, it);
      expect(list.items).toEqual(listed(filter, known.values()));
    }
  }
});

test("what is placed as it is leaves the very same list", () => {
  const it = booking();
  const list: AppointmentList = { items: [it], hasMore: true, cursor: null };
  expect(placed(list, {}, it)).toBe(list);
  expect(without(list, "another")).toBe(list);
});

test("a list that was cut off takes nothing after its end", () => {
  const first = booking();
  const list: AppointmentList = { items: [first], hasMore: true, cursor: null };
  expect(placed(list, {}, booking({ id: "b", starts_at: "2028-01-01T08:00:00Z" })).items).toEqual([
    first,
  ]);
  const edited = booking({ version: 2 });
  expect(placed(list, {}, edited).items).toEqual([edited]);
});

test("what only the server can judge is left to it", () => {
  expect(matches({ chair: 3 }, booking())).toBeNull();
  expect(matches({ chair: 3, patientId: "q" }, booking())).toBe(false);
});
