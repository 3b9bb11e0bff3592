import type { Dentist } from "@chairtime/client";
import { Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { When } from "../../shared/When";
import classes from "./Todo.module.css";

interface Props {
  dentists: readonly Dentist[];
  zone: string;
  onPick: (dentistId: string, at: string) => void;
}

/** When each dentist is next free; a click begins a booking there. */
export function FreeNext({ dentists, zone, onPick }: Props) {
  const { t } = useTranslation("desk");
  return (
    <section aria-label={t("todo.free_next")} className={`${classes.group} ${classes.next}`}>
      <Title order={2} size="h6">
        {t("todo.free_next")}
      </Title>
      <ul>
        {dentists.map(({ id, full_name, next_free_at: at }) => (
          <li key={id}>
            {at ? (
              <button type="button" onClick={() => onPick(id, at)}>
                <span>{full_name}</span>
                <When at={at} zone={zone} />
                <span className={classes.hold}>
                  {t("todo.hold")} <span aria-hidden>→</span>
                </span>
              </button>
            ) : (
              <span>
                {full_name}: {t("todo.not_free")}
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
