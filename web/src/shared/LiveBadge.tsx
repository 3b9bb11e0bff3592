import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import classes from "./LiveBadge.module.css";
import { formatLocale } from "./locale";

export type Liveness = "connecting" | "live" | "reconnecting" | "stale";

interface Props {
  state: Liveness;
  /** Since when nothing has been heard; for `reconnecting` and `stale`. */
  since?: Date | undefined;
}

/** Whether what the page shows is up to date. A change is announced to screen readers. */
export function LiveBadge({ state, since }: Props) {
  const { t, i18n } = useTranslation();
  const at = since?.toLocaleTimeString(formatLocale(i18n.language), { timeStyle: "medium" });
  return (
    <Group gap={6} wrap="nowrap" role="status" data-live={state} className={classes.badge}>
      <span className={classes.dot} aria-hidden />
      <Text size="sm" span>
        {at ? t(`live.${state}_since`, { at }) : t(`live.${state}`)}
      </Text>
    </Group>
  );
}
