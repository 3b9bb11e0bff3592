import { Alert, Anchor, List } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { When } from "../../shared/When";
import { localOf } from "../time/zone";
import type { Outcome } from "./draft";

/** The bookings that a change of hours would leave outside, each with the way to it. */
export function OutcomeList({ outcome, zone }: { outcome: Outcome; zone: string }) {
  const { t } = useTranslation("desk");
  const { conflicts, total } = outcome;
  if (total === 0)
    return (
      <Alert role="status" color="green" icon={<IconCircleCheck aria-hidden />} data-outcome="0">
        {t("schedule.none_outside")}
      </Alert>
    );
  return (
    <Alert
      role="status"
      color="yellow"
      icon={<IconAlertTriangle aria-hidden />}
      title={t("schedule.outside", { count: total })}
      data-outcome={total}
    >
      <List size="sm">
        {conflicts.map((each) => (
          <List.Item key={each.id}>
            <Anchor
              component={Link}
              inherit
              to={`/desk?clinic=${each.clinic_id}&date=${localOf(each.starts_at, zone).date}&booking=${each.id}`}
            >
              <When at={each.starts_at} zone={zone} /> · {each.patient_name ?? t("card.no_name")}
            </Anchor>
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
