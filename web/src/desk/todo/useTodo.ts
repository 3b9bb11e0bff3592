import type { Appointment, Clinic } from "@chairtime/client";
import { useAppointments, useServerNow } from "@chairtime/client/react";
import { useMemo } from "react";
import { addDays } from "../../shared/days";
import { instantOf } from "../time/zone";

export interface Todo {
  name: "approvals" | "late" | "no_shows" | "lapsed" | "holds";
  items: readonly Appointment[];
}

/** Minutes in which a hold ends soon. */
const SOON = 2 * 60_000;
const HOUR = 3_600_000;

/** The bookings of a clinic that need somebody now. */
export function useTodo(clinic: Clinic, today: string): { groups: Todo[]; isPending: boolean } {
  const now = useServerNow(20_000);
  const id = clinic.id;
  const filters = useMemo(() => {
    // Who was expected before midnight is still late after it; a day later the visit has lapsed.
    const from = instantOf(addDays(today, -1), 0, clinic.time_zone);
    const to = instantOf(today, 24 * 60, clinic.time_zone);
    return {
      approvals: { clinicId: id, status: ["pending_approval"] as const },
      booked: { clinicId: id, status: ["booked"] as const, from, to },
      holds: { clinicId: id, status: ["held"] as const },
      lapsed: { clinicId: id, lapsed: true, status: LIVE },
    };
  }, [id, today, clinic.time_zone]);
  const approvals = useAppointments(filters.approvals);
  const booked = useAppointments(filters.booked);
  const holds = useAppointments(filters.holds);
  const lapsed = useAppointments(filters.lapsed);
  const overdue = (booked.data?.items ?? []).filter(
    (each) => Date.parse(each.starts_at) + 60_000 <= now && !each.lapsed_at,
  );
  const over = (each: Appointment) =>
    now >= Math.min(Date.parse(each.ends_at), Date.parse(each.starts_at) + HOUR);
  const groups: Todo[] = [
    { name: "approvals", items: approvals.data?.items ?? [] },
    { name: "late", items: overdue.filter((each) => !over(each)) },
    { name: "no_shows", items: overdue.filter(over) },
    { name: "lapsed", items: lapsed.data?.items ?? [] },
    {
      name: "holds",
      items: (holds.data?.items ?? []).filter(({ hold_expires_at: at }) => {
        const left = at ? Date.parse(at) - now : 0;
        return left > 0 && left <= SOON;
      }),
    },
  ];
  return {
    groups: groups.filter((group) => group.items.length > 0),
    isPending: [approvals, booked, holds, lapsed].some((each) => each.isPending),
  };
}

const LIVE = ["booked", "checked_in", "in_treatment"] as const;
