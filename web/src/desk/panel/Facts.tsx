import type { Appointment, Dentist } from "@chairtime/client";
import { useGet } from "@chairtime/client/react";
import { Anchor, Group, Text } from "@mantine/core";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Countdown } from "../../shared/Countdown";
import { STATUS_ICONS } from "../../shared/statusIcons";
import { When } from "../../shared/When";
import classes from "./Panel.module.css";

interface Props {
  appointment: Appointment;
  zone: string;
  dentists: readonly Dentist[];
  types: ReadonlyMap<string, string>;
}

/** The fields of a booking, without those that are empty. */
export function Facts({ appointment: it, zone, dentists, types }: Props) {
  const { t } = useTranslation("desk");
  const params = useMemo(() => ({ params: { path: { id: it.patient_id } } }), [it.patient_id]);
  const patient = useGet("/api/profiles/{id}", params).data;
  const Icon = STATUS_ICONS[it.status];
  const minutes = (Date.parse(it.ends_at) - Date.parse(it.starts_at)) / 60_000;
  const dentist = dentists.find((each) => each.id === it.dentist_id);
  const facts: [string, ReactNode][] = [
    ["when", <When key="when" at={it.starts_at} zone={zone} />],
    ["length", t("panel.minutes", { count: minutes })],
    ["type", types.get(it.appointment_type) ?? it.appointment_type],
    ["dentist", dentist?.full_name],
    ["chair", it.chair_name ?? it.chair],
    [
      "phone",
      patient?.phone && (
        <Anchor inherit href={`tel:${patient.phone}`}>
          {patient.phone}
        </Anchor>
      ),
    ],
    [
      "email",
      patient?.email && (
        <Anchor inherit href={`mailto:${patient.email}`}>
          {patient.email}
        </Anchor>
      ),
    ],
    ["notes", it.notes],
    ["staff_notes", it.staff_notes],
    [
      "cancel_until",
      it.status === "booked" && it.cancel_until && (
        <When key="until" at={it.cancel_until} zone={zone} />
      ),
    ],
    ["extensions_left", it.status === "held" ? it.extensions_left : null],
    ["lapsed_at", it.lapsed_at && <When key="lapsed" at={it.lapsed_at} zone={zone} />],
    [
      "cancel_reason",
      it.cancel_reason && t(`reason.${it.cancel_reason}`, { defaultValue: it.cancel_reason }),
    ],
    ["cancel_note", it.cancel_note],
  ];
  return (
    <>
      <Group gap={6} className={classes.status} data-status={it.status}>
        <Icon size={18} aria-hidden />
        <Text fw={600} span>
          {t(`status.${it.status}`)}
          {it.status === "held" && (
            <>
              {" "}
              <Countdown until={it.hold_expires_at} />
            </>
          )}
        </Text>
      </Group>
      <dl className={classes.facts}>
        {facts
          .filter(
            ([, value]) => value !== null && value !== undefined && value !== false && value !== "",
          )
          .map(([name, value]) => (
            <div key={name}>
              <dt>{t(`panel.${name}`)}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </>
  );
}
