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

/** The icon of each status, wherever a booking is shown. */
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
