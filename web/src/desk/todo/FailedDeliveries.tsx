import { useClient } from "@chairtime/client/react";
import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { When } from "../../shared/When";
import classes from "./Todo.module.css";
import type { Webhook } from "./useDisabledWebhooks";

interface Props {
  webhooks: readonly Webhook[];
  zone: string;
}

/** Webhook endpoints that were switched off since nothing could be delivered. */
export function FailedDeliveries({ webhooks, zone }: Props) {
  const { t } = useTranslation("desk");
  const { api } = useClient();
  const [refusal, setRefusal] = useState<unknown>(null);

  async function switchOn(id: string) {
    setRefusal(null);
    try {
      await api.PUT("/api/webhooks/{id}", { params: { path: { id } }, body: { active: true } });
    } catch (error) {
      setRefusal(error);
    }
  }

  return (
    <details open className={classes.group} data-todo-group="webhooks">
      <summary>{t("todo.webhooks", { count: webhooks.length })}</summary>
      {refusal !== null && <ErrorMessage error={refusal} />}
      <ul>
        {webhooks.map(({ id, url, description, disabled_at: at, disabled_reason: reason }) => (
          <li key={id} className={classes.webhook}>
            <Text size="sm" title={url}>
              {description || new URL(url).host}
            </Text>
            <Text size="sm" c="dimmed">
              {t(`webhook.${reason ?? "unreachable"}`)} {at && <When at={at} zone={zone} />}
            </Text>
            <Button size="xs" variant="light" onClick={() => void switchOn(id)}>
              {t("todo.switch_on")}
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}
