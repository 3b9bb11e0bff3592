import type { Query } from "@tanstack/react-query";
import type { Appointment } from "../types.js";
import { type Availability, firstRelease } from "./board.js";
import type { AppointmentList } from "./filter.js";

export function isList(data: unknown): data is AppointmentList {
  return typeof data === "object" && data !== null && "items" in data && "hasMore" in data;
}

/** The bookings that a query has. */
export function bookingsOf(query: Query): Appointment[] {
  const data: unknown = query.state.data;
  if (query.queryKey[2] === "appointment" && data !== undefined) return [data as Appointment];
  return isList(data) ? data.items : [];
}

/** The instants at which what is allowed changes by itself. */
const BOUNDARIES = ["hold_expires_at", "cancel_until", "starts_at", "ends_at"] as const;

/** The first instant after `now` at which what a query shows changes by itself; null without one. */
export function dueOf(query: Query, now: number): number | null {
  const data: unknown = query.state.data;
  if (query.queryKey[2] === "availability" && data !== undefined) {
    const at = firstRelease(data as Availability);
    return at !== null && at > now ? at : null;
  }
  const instants = bookingsOf(query).flatMap((it) => BOUNDARIES.map((name) => it[name]));
  const due = instants.map((at) => Date.parse(at ?? "")).filter((at) => at > now);
  return due.length > 0 ? Math.min(...due) : null;
}
