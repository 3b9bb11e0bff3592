import type { AppointmentType } from "@chairtime/client";
import { Text, Title, UnstyledButton } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import classes from "./Book.module.css";

interface Props {
  types: readonly AppointmentType[];
  chosen: string | null;
  choose: (slug: string) => void;
}

/** 1 What? */
export function TypeStep({ types, chosen, choose }: Props) {
  const { t } = useTranslation("patient");
  return (
    <section aria-labelledby="what">
      <Title order={2} size="h3" id="what" mb="xs">
        {t("book.what")}
      </Title>
      <div className={classes.types} role="radiogroup" aria-labelledby="what">
        {types.map((type) => (
          <UnstyledButton
            key={type.id}
            role="radio"
            aria-checked={type.slug === chosen}
            className={classes.type}
            onClick={() => choose(type.slug)}
          >
            <Text span fw={600}>
              {type.name}
            </Text>
            <Text span size="sm" c="dimmed">
              {t("book.minutes", { count: type.duration_minutes })}
              {type.needs_approval && ` · ${t("book.approval")}`}
            </Text>
            {type.slug === chosen && <IconCheck className={classes.mark} size={18} aria-hidden />}
          </UnstyledButton>
        ))}
      </div>
    </section>
  );
}
