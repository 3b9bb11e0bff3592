import type { Explanation } from "@chairtime/client";
import { useGet } from "@chairtime/client/react";
import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { dayOf, dayText, startOf } from "../../shared/days";
import type { Search } from "./search";

interface Props {
  search: Search;
  day: string;
  zone: string;
}

const NOON = 12 * 3_600_000;

/** Why a dentist has no free time on a day, where a reason holds for all of it. */
export function WhyNone({ search, day, zone }: Props) {
  const { t, i18n } = useTranslation("patient");
  const { data } = useGet(
    "/api/availability/{dentist_id}/explain",
    {
      params: {
        path: { dentist_id: search.dentistId ?? "" },
        query: {
          starts_at: new Date(Date.parse(startOf(day, zone)) + NOON).toISOString(),
          appointment_type: search.appointmentType,
          ...(search.moving ? { moving: search.moving } : {}),
        },
      },
    },
    { enabled: search.dentistId !== null },
  );
  const why = data && reasonOf(data);
  if (!why) return null;
  const limit = why.earliest ?? why.latest;
  return (
    <Text c="dimmed" data-reason={why.reason}>
      {t(`why.${why.reason}`, {
        day: limit ? dayText(dayOf(limit, zone), i18n.language) : "",
      })}{" "}
      {why.closed_by?.find(({ reason }) => reason)?.reason}
    </Text>
  );
}

const OF_A_DAY = ["not_bookable", "not_online", "past", "lead_time", "horizon", "closed"] as const;

function reasonOf({ reasons }: Explanation) {
  for (const each of reasons) {
    const reason = OF_A_DAY.find((one) => one === each.reason);
    if (reason) return { ...each, reason };
  }
  return undefined;
}
