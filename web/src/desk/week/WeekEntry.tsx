import type { Appointment } from "@chairtime/client";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { STATUS_ICONS } from "../../shared/statusIcons";
import { clock, localOf } from "../time/zone";
import classes from "./Week.module.css";

interface Props {
  appointment: Appointment;
  zone: string;
  onOpen: (id: string) => void;
}

/** A booking of the week in one line. */
export const WeekEntry = memo(function WeekEntry({ appointment, zone, onOpen }: Props) {
  const { t } = useTranslation("desk");
  const { id, status, starts_at } = appointment;
  const Icon = STATUS_ICONS[status];
  const name = appointment.patient_name ?? t("card.no_name");
  const at = clock(localOf(starts_at, zone).minute);
  return (
    <button
      type="button"
      className={classes.entry}
      data-booking={id}
      title={`${at} ${name}\n${t(`status.${status}`)}`}
      onClick={() => onOpen(id)}
    >
      <Icon size={12} aria-hidden className={classes.fixed} />
      <span className="visually-hidden">{t(`status.${status}`)}</span>
      <span className={classes.fixed}>{at}</span>
      <span className={classes.name}>{name}</span>
    </button>
  );
});
