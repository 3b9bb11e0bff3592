import { Button, Text } from "@mantine/core";
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
}

/** What is chosen, and the button for the next step, at the lower edge within the thumb's reach. */
export function ChoiceBar({ what, startsAt, endsAt, zone, action, isPending, run }: Props) {
  const { t } = useTranslation("patient");
  return (
    <section className={classes.bar} aria-label={t("book.chosen")}>
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
