import type { EventData, Slot } from "../types.js";

/** Which slots are shown. */
export interface AvailabilityQuery {
  /** One dentist; null or absent: all. */
  dentistId?: string | null;
  appointmentType: string;
  /** The first day in the clinic's zone, as `2027-03-08`; today by default. */
  date?: string;
  days?: number;
  clinicId?: string;
  partOfDay?: "morning" | "afternoon" | "evening";
  /** Held and booked slots as well. */
  include?: "free" | "all";
  /** The booking that is to move: judged by its terms, its own slot counts as free. */
  moving?: string;
  tz?: string;
}

export interface Availability {
  slots: Slot[];
  /** The first one after these days, where there are none. */
  nextAvailable: Slot | null;
}

/** Whether an event may change what this query shows. */
export function concerns(
  query: AvailabilityQuery,
  shown: Availability | undefined,
  event: EventData,
): boolean {
  const dentist = event["dentist_id"];
  if (query.dentistId && dentist && query.dentistId !== dentist) return false;
  if (shown === undefined || query.date === undefined) return true;
  // A day is wider than itself by what zones differ.
  const first = Date.parse(`${query.date}T00:00:00Z`) - 14 * HOUR;
  const last = first + ((query.days ?? 1) * 24 + 28) * HOUR;
  const [from, until] = [instant(event["from"]), instant(event["until"])];
  const elsewhere = (until !== null && until <= first) || (from !== null && from >= last);
  return !elsewhere || shown.slots.length === 0;
}

/**
 * The slots with what an event says of one time of a dentist, before they are loaded again: those
 * that overlap a held or booked time are taken; the very slot that became free is free.
 */
export function patched(
  query: AvailabilityQuery,
  shown: Availability,
  event: EventData,
): Availability {
  const state = STATES[event.kind];
  const [starts, ends] = [instant(event["starts_at"]), instant(event["ends_at"])];
  if (state === undefined || starts === null || ends === null || query.moving) return shown;
  let changed = false;
  const slots: Slot[] = [];
  for (const slot of shown.slots) {
    const [from, to] = [Date.parse(slot.starts_at), Date.parse(slot.ends_at)];
    const hit =
      slot.dentist_id === event["dentist_id"] &&
      (state === "free" ? from === starts && to === ends : from < ends && to > starts);
    if (!hit || (slot.state === "booked" && state === "held")) {
      slots.push(slot);
      continue;
    }
    changed = true;
    if (state === "free" || query.include === "all") slots.push(inState(slot, state, event));
  }
  return changed ? { ...shown, slots } : shown;
}

/** When the first held slot is free again, in milliseconds since 1970; null if none is held. */
export function firstRelease(shown: Availability): number | null {
  const held = shown.slots.map((slot) => instant(slot.held_until)).filter((at) => at !== null);
  return held.length > 0 ? Math.min(...held) : null;
}

const HOUR = 3_600_000;

const STATES: Partial<Record<EventData["kind"], Slot["state"]>> = {
  "slot.free": "free",
  "slot.held": "held",
  "slot.booked": "booked",
};

function inState(slot: Slot, state: Slot["state"], event: EventData): Slot {
  const { held_until: _, ...rest } = slot;
  const until = event["held_until"];
  return state === "held" && typeof until === "string"
    ? { ...rest, state, held_until: until }
    : { ...rest, state };
}

function instant(value: unknown): number | null {
  return typeof value === "string" ? Date.parse(value) : null;
}
