import type { Appointment, Command } from "@chairtime/client";

/** What a person can do with a booking, in the order in which buttons stand. */
const VERBS = [
  ["confirm", "confirm"],
  ["approve", "approve"],
  ["check_in", "check_in"],
  ["start", "start"],
  ["complete", "complete"],
  ["extend", "extend"],
  ["reschedule", "move"],
  ["edit", "edit"],
  ["release", "release"],
  ["decline", "decline"],
  ["no_show", "no_show"],
  ["cancel", "cancel"],
] as const satisfies readonly (readonly [string, Command])[];

export type PersonVerb = (typeof VERBS)[number][1];

/** The commands that the API allows this person now; none where it does not say. */
export function allowedVerbs(appointment: Appointment): PersonVerb[] {
  const allowed: readonly string[] = appointment.allowed ?? [];
  return VERBS.filter(([verb]) => allowed.includes(verb)).map(([, command]) => command);
}
