import type { Appointment } from "@chairtime/client";
import { allows } from "../shared/allows";

/** The steps of a visit in their order, each with the verb that takes it. */
export const STEPS = ["check_in", "start", "complete"] as const;
export type Step = (typeof STEPS)[number];

/** The step that comes next for a visit, if it may be taken now. */
export function stepOf(visit: Appointment): Step | null {
  return STEPS.find((step) => allows(visit, step)) ?? null;
}

/** Who is to be looked at first: in treatment, then in the waiting room, then by time. */
export function nextOf(visits: readonly Appointment[], now: number): Appointment | undefined {
  return (
    visits.find(({ status }) => status === "in_treatment") ??
    visits.find(({ status }) => status === "checked_in") ??
    visits.find(({ status, ends_at }) => status === "booked" && Date.parse(ends_at) > now)
  );
}
