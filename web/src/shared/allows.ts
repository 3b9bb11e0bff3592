import type { Appointment } from "@chairtime/client";

/**
 * Whether the person may use this verb on the booking now. A booking that only an event has told of
 * has no `allowed` yet; it is read a moment later.
 */
export function allows(appointment: Appointment, verb: VerbName): boolean {
  const allowed: readonly VerbName[] = appointment.allowed ?? [];
  return allowed.includes(verb);
}

type VerbName = Appointment["allowed"][number];
