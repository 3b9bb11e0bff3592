import type { AppointmentStatus } from "@chairtime/client";
import { useAppointments } from "@chairtime/client/react";
import { useUser } from "../app/session/SessionProvider";
import { addDays, startOf } from "../shared/days";

const SHOWN: readonly AppointmentStatus[] = [
  "held",
  "pending_approval",
  "booked",
  "checked_in",
  "in_treatment",
  "completed",
  "no_show",
];

/** The dentist's visits of some days from a day on, in the clinic's zone. */
export function useVisits(day: string | undefined, zone: string, days = 1) {
  const user = useUser();
  const isKnown = day !== undefined && user !== null;
  const filter = isKnown
    ? {
        status: SHOWN,
        dentistId: user.id,
        from: startOf(day, zone),
        to: startOf(addDays(day, days), zone),
      }
    : {};
  return useAppointments(filter, { enabled: isKnown });
}
