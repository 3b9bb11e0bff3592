import type { Slot } from "@chairtime/client";

/** A start, with the slots of all dentists that begin then. */
export interface Start {
  at: string;
  state: Slot["state"];
  /** The slot that a click takes: a free one if there is any. */
  slot: Slot;
}

const RANK: Record<Slot["state"], number> = { free: 0, held: 1, booked: 2 };

/** The starts of a day, each in the best state that any dentist has then. */
export function startsOf(slots: readonly Slot[]): Start[] {
  const best = new Map<number, Slot>();
  for (const slot of slots) {
    const at = Date.parse(slot.starts_at);
    const now = best.get(at);
    if (!now || RANK[slot.state] < RANK[now.state] || frees(slot, now)) best.set(at, slot);
  }
  return [...best]
    .sort(([a], [b]) => a - b)
    .map(([, slot]) => ({ at: slot.starts_at, state: slot.state, slot }));
}

/** Of two held slots the one that may be free first. */
function frees(slot: Slot, now: Slot): boolean {
  return (
    slot.state === "held" &&
    now.state === "held" &&
    Date.parse(slot.held_until ?? "") < Date.parse(now.held_until ?? "")
  );
}
