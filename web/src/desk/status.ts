import type { AppointmentStatus } from "@chairtime/client";
import {
  IconCalendarCheck,
  IconCircleCheck,
  IconCircleX,
  IconClockOff,
  IconDental,
  IconHourglass,
  IconMailQuestion,
  IconUserCheck,
  IconUserOff,
} from "@tabler/icons-react";

export const STATUS_ICONS: Record<AppointmentStatus, typeof IconDental> = {
  held: IconHourglass,
  pending_approval: IconMailQuestion,
  booked: IconCalendarCheck,
  checked_in: IconUserCheck,
  in_treatment: IconDental,
  completed: IconCircleCheck,
  no_show: IconUserOff,
  released: IconCircleX,
  expired: IconClockOff,
  declined: IconCircleX,
  cancelled: IconCircleX,
};

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
