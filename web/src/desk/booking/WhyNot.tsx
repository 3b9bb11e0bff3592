import type { Explanation } from "@chairtime/client";
import { Alert, List } from "@mantine/core";
import { IconClockOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

/** All that speaks against a time; nothing where it is offered. */
export function WhyNot({ explanation }: { explanation: Explanation | undefined }) {
  const { t } = useTranslation("desk");
  if (!explanation || explanation.offered) return null;
  return (
    <Alert
      role="status"
      color="yellow"
      variant="light"
      p="xs"
      icon={<IconClockOff size={16} aria-hidden />}
      title={t("new.not_offered")}
      data-why
    >
      <List size="sm" listStyleType="none">
        {explanation.reasons.map((each) => (
          <List.Item key={`${each.reason} ${each.detail}`}>
            {t(`why.${each.reason}`, { defaultValue: each.detail })}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
