import type { AppointmentStatus } from "@chairtime/client";
import { useTranslation } from "react-i18next";
import classes from "./StatusBadge.module.css";
import { STATUS_ICONS } from "./statusIcons";

/** The status of a booking by icon and word; the colour only underlines it. */
export function StatusBadge({ status }: { status: AppointmentStatus }) {
  const { t } = useTranslation();
  const Icon = STATUS_ICONS[status];
  return (
    <span className={classes.badge} data-status={status}>
      <Icon size={16} aria-hidden />
      {t(`status.${status}`)}
    </span>
  );
}
