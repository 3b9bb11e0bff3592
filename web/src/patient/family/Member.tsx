import { isRefusal, type LinkedPatient } from "@chairtime/client";
import { Button, Group, Paper, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { NameForm } from "./NameForm";
import type { useFamilyChanges } from "./useFamilyChanges";

interface Props {
  person: LinkedPatient;
  changes: ReturnType<typeof useFamilyChanges>;
}

/** Somebody for whom the patient books; their name can be corrected. Removing asks once more. */
export function Member({ person, changes }: Props) {
  const { t } = useTranslation("patient");
  const [mode, setMode] = useState<"shown" | "renaming" | "removing">("shown");
  const { rename, remove } = changes;
  const refused =
    (rename.variables?.id === person.id && rename.error) ||
    (remove.variables === person.id && remove.error);
  const name = person.full_name;

  return (
    <Paper withBorder p="md" component="article" aria-label={name}>
      <Stack gap="xs">
        {mode === "renaming" ? (
          <NameForm
            label={t("family.name")}
            action={t("family.save")}
            before={name}
            autoFocus
            isPending={rename.isPending}
            save={(to) =>
              rename.mutate({ id: person.id, name: to }, { onSuccess: () => setMode("shown") })
            }
            leave={() => setMode("shown")}
          />
        ) : (
          <Group justify="space-between" gap="xs">
            <Text fw={600}>{name}</Text>
            {mode === "shown" && (
              <Group gap="xs">
                <Button
                  variant="default"
                  aria-label={t("family.rename_of", { name })}
                  onClick={() => setMode("renaming")}
                >
                  {t("family.rename")}
                </Button>
                <Button
                  variant="subtle"
                  color="red"
                  aria-label={t("family.remove_of", { name })}
                  onClick={() => setMode("removing")}
                >
                  {t("family.remove")}
                </Button>
              </Group>
            )}
          </Group>
        )}
        {mode === "removing" && (
          <>
            <Text role="alert">{t("family.remove_text", { name })}</Text>
            <Group gap="xs">
              <Button
                color="red"
                loading={remove.isPending}
                onClick={() => remove.mutate(person.id, { onError: () => setMode("shown") })}
              >
                {t("family.remove")}
              </Button>
              <Button variant="default" onClick={() => setMode("shown")}>
                {t("family.leave")}
              </Button>
            </Group>
          </>
        )}
        {refused && (
          <ErrorMessage
            error={refused}
            {...(isRefusal(refused, "forbidden") ? { text: t("family.still_visits") } : {})}
          />
        )}
      </Stack>
    </Paper>
  );
}
