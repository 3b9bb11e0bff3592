import type { Slot } from "@chairtime/client";
import { UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { offset, timeText } from "../../shared/days";
import { formatLocale } from "../../shared/locale";
import classes from "./Book.module.css";
import type { Start } from "./times";

interface Props {
  start: Start;
  zone: string;
  isChosen: boolean;
  choose: (slot: Slot) => void;
}

/** A time of the day. One that is taken stays a tile of the same size. */
export function TimeButton({ start, zone, isChosen, choose }: Props) {
  const { t, i18n } = useTranslation("patient");
  const isFree = start.state === "free";
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const differs = offset(Date.parse(start.at), own) !== offset(Date.parse(start.at), zone);
  const until = start.slot.held_until;
  return (
    <UnstyledButton
      className={classes.time}
      data-state={start.state}
      data-at={start.at}
      aria-pressed={isChosen && isFree}
      aria-disabled={!isFree || undefined}
      onClick={() => isFree && choose(start.slot)}
    >
      <span>{timeText(start.at, zone, i18n.language)}</span>
      {isFree && differs && (
        <small>{t("times.yours", { at: timeText(start.at, own, i18n.language) })}</small>
      )}
      {start.state === "held" && (
        <small>
          {until
            ? t("times.held", {
                at: new Date(until).toLocaleTimeString(formatLocale(i18n.language), {
                  timeStyle: "medium",
                  timeZone: zone,
                }),
              })
            : t("times.held_open")}
        </small>
      )}
      {start.state === "booked" && <small>{t("times.taken")}</small>}
    </UnstyledButton>
  );
}
