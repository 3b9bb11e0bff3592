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
import { useTranslation } from "react-i18next";
import classes from "./StatusBadge.module.css";

const ICONS: Record<AppointmentStatus, typeof IconDental> = {
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

/** The status of a booking by icon and word; the colour only underlines it. */
export function StatusBadge({ status }: { status: AppointmentStatus }) {
  const { t } = useTranslation();
  const Icon = ICONS[status];
  return (
    <span className={classes.badge} data-status={status}>
      <Icon size={16} aria-hidden />
      {t(`status.${status}`)}
    </span>
  );
}
