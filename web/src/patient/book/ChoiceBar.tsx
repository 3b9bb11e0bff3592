import { Button, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { VisitTime } from "../../shared/VisitTime";
import classes from "./Book.module.css";

interface Props {
  what: string;
  startsAt: string;
  endsAt?: string | undefined;
  zone: string;
  action: string;
  isPending: boolean;
  run: () => void;
  /** Why it was refused: said here, as the page behind the bar may be anywhere. */
  children?: ReactNode;
}

/** What is chosen, and the button for the next step, at the lower edge within the thumb's reach. */
export function ChoiceBar({
  what,
  startsAt,
  endsAt,
  zone,
  action,
  isPending,
  run,
  children,
}: Props) {
  const { t } = useTranslation("patient");
  return (
    <section className={classes.bar} aria-label={t("book.chosen")}>
      {children}
      <div>
        <div>
          <Text fw={600}>{what}</Text>
          <VisitTime startsAt={startsAt} {...(endsAt ? { endsAt } : {})} zone={zone} />
        </div>
        <Button size="md" className={classes.wide ?? ""} loading={isPending} onClick={run}>
          {action}
        </Button>
      </div>
    </section>
  );
}
