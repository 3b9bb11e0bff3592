import type { Clinic, Dentist } from "@chairtime/client";
import { Text, Title } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { FailedDeliveries } from "./FailedDeliveries";
import { FreeNext } from "./FreeNext";
import classes from "./Todo.module.css";
import { TodoGroup } from "./TodoGroup";
import { useDisabledWebhooks } from "./useDisabledWebhooks";
import { useTodo } from "./useTodo";

interface Props {
  clinic: Clinic;
  dentists: readonly Dentist[];
  today: string;
  onOpen: (id: string) => void;
  onPick: (dentistId: string, at: string) => void;
}

/** What waits for somebody at the desk, and when each dentist is next free. Each has its own area,
 * so that nothing moves under the mouse when an entry comes or goes. */
export function TodoList({ clinic, dentists, today, onOpen, onPick }: Props) {
  const { t } = useTranslation("desk");
  const { groups, isPending } = useTodo(clinic, today);
  const webhooks = useDisabledWebhooks();
  const count = groups.reduce((sum, group) => sum + group.items.length, webhooks.length);
  return (
    <div className={classes.list}>
      <section aria-label={t("todo.title")} className={classes.waiting} data-todo>
        <Title order={2} size="h6">
          {t("todo.title")} {count > 0 && `(${count})`}
        </Title>
        {count === 0 && !isPending && (
          <Text size="sm" c="dimmed">
            <IconCircleCheck size={14} aria-hidden /> {t("todo.empty")}
          </Text>
        )}
        {groups.map((group) => (
          <TodoGroup key={group.name} group={group} zone={clinic.time_zone} onOpen={onOpen} />
        ))}
        {webhooks.length > 0 && <FailedDeliveries webhooks={webhooks} zone={clinic.time_zone} />}
      </section>
      <FreeNext dentists={dentists} zone={clinic.time_zone} onPick={onPick} />
    </div>
  );
}
