import type { Clinic, Dentist } from "@chairtime/client";
import { Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { FreeNext } from "./FreeNext";
import { TodoGroup } from "./TodoGroup";
import { useTodo } from "./useTodo";

interface Props {
  clinic: Clinic;
  dentists: readonly Dentist[];
  today: string;
  onOpen: (id: string) => void;
  onPick: (dentistId: string, at: string) => void;
}

/** What waits for somebody at the desk, and when each dentist is next free. */
export function TodoList({ clinic, dentists, today, onOpen, onPick }: Props) {
  const { t } = useTranslation("desk");
  const { groups, isPending } = useTodo(clinic, today);
  const count = groups.reduce((sum, group) => sum + group.items.length, 0);
  return (
    <Stack gap="md">
      <section aria-label={t("todo.title")} data-todo>
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
      </section>
      <FreeNext dentists={dentists} zone={clinic.time_zone} onPick={onPick} />
    </Stack>
  );
}
