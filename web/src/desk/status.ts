import type { AppointmentStatus } from "@chairtime/client";

/** The bookings that have a place on the board. */
export const ON_BOARD = [
  "held",
  "pending_approval",
  "booked",
  "checked_in",
  "in_treatment",
  "completed",
  "no_show",
] as const satisfies readonly AppointmentStatus[];
