import type { Appointment } from "@chairtime/client";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Countdown } from "../../shared/Countdown";
import { STATUS_ICONS } from "../../shared/statusIcons";
import { clock, localOf } from "../time/zone";
import classes from "./Board.module.css";
import { SCALE, useBoard } from "./BoardContext";
import { Late } from "./Late";

interface Props {
  appointment: Appointment;
  lane: number;
  lanes: number;
  /** It ended a moment ago and fades. */
  leaving?: boolean;
}

/** A booking on the board. It renders again only when this booking changes. */
export const Card = memo(function Card({ appointment, lane, lanes, leaving = false }: Props) {
  const { t } = useTranslation("desk");
  const { date, zone, from, types, buffers, dentists, open, drag } = useBoard();
  const { status } = appointment;
  const start = localOf(appointment.starts_at, zone);
  const minute = start.date < date ? 0 : start.minute;
  const length = (Date.parse(appointment.ends_at) - Date.parse(appointment.starts_at)) / 60_000;
  const name = appointment.patient_name ?? t("card.no_name");
  const type = types.get(appointment.appointment_type) ?? appointment.appointment_type;
  const whoOrWhere = dentists?.get(appointment.dentist_id) ?? appointment.chair_name;
  const buffer = buffers.get(appointment.appointment_type);
  const Icon = STATUS_ICONS[status];
  const movable = appointment.allowed?.includes("reschedule") ?? false;
  const at = `${clock(minute)}–${clock((minute + length) % 1440)}`;
  const label = [at, name, type, t(`status.${status}`), whoOrWhere].filter(Boolean);
  return (
    <li
      className={classes.place}
      data-leaving={leaving || undefined}
      style={{
        insetBlockStart: (minute - from) * SCALE,
        blockSize: length * SCALE,
        insetInlineStart: `${(lane / lanes) * 100}%`,
        inlineSize: `${100 / lanes}%`,
      }}
    >
      {buffer && buffer.before > 0 && (
        <span
          className={classes.buffer}
          style={{ blockSize: buffer.before * SCALE, insetBlockEnd: "100%" }}
        />
      )}
      <button
        type="button"
        className={classes.card}
        data-status={status}
        data-booking={appointment.id}
        data-size={sizeOf(length * SCALE)}
        data-movable={movable || undefined}
        title={label.join("\n")}
        disabled={leaving}
        onClick={() => open(appointment.id)}
        onPointerDown={movable ? (event) => drag(appointment, event) : undefined}
      >
        <span className={classes.line}>
          <Icon size={14} aria-hidden className={classes.icon} />
          <strong className={`${classes.cut} ${classes.name}`}>{name}</strong>
        </span>
        <span className={`${classes.line} ${classes.second}`}>
          <span className={classes.cut}>{type}</span>
          {whoOrWhere && <span className={classes.chair}>{whoOrWhere}</span>}
        </span>
        <span className={`${classes.line} ${classes.third}`}>
          <span className={classes.clock}>{clock(minute)}</span>
          <span className={classes.cut}>
            {t(`status.${status}`)}
            {status === "held" && (
              <>
                {" "}
                <Countdown until={appointment.hold_expires_at} />
              </>
            )}
            {status === "booked" && <Late since={appointment.starts_at} />}
          </span>
        </span>
      </button>
      {buffer && buffer.after > 0 && (
        <span
          className={classes.buffer}
          style={{ blockSize: buffer.after * SCALE, insetBlockStart: "100%" }}
        />
      )}
    </li>
  );
});

/** How much a card of this height has room for. */
function sizeOf(pixels: number): "line" | "short" | "full" | "tall" {
  if (pixels < 38) return "line";
  if (pixels < 56) return "short";
  return pixels < 80 ? "full" : "tall";
}
