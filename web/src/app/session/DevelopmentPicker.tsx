import { Button, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";
import { listPeople, type Person, signInAs } from "./developmentIssuer";

/** One button for each person of the demo data. */
export default function DevelopmentPicker({ onSignedIn }: { onSignedIn: () => Promise<void> }) {
  const { t } = useTranslation();
  const people = useQuery({ queryKey: ["development", "people"], queryFn: listPeople });
  const [busy, setBusy] = useState<Person | null>(null);
  const [error, setError] = useState<unknown>(null);

  async function choose(person: Person) {
    setBusy(person);
    setError(null);
    try {
      await signInAs(person);
      await onSignedIn();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(null);
    }
  }

  if (people.isPending) return <Skeletons rows={4} />;
  if (people.isError) return <ErrorMessage error={people.error} retry={() => people.refetch()} />;
  return (
    <Stack gap="xs">
      <Text c="dimmed">{t("sign_in.development")}</Text>
      {error !== null && <ErrorMessage error={error} />}
      {people.data.map((person) => (
        <Button
          key={person.id}
          variant="default"
          justify="space-between"
          rightSection={
            <Text size="sm" c="dimmed">
              {t(`role.${person.role}`)}
            </Text>
          }
          loading={busy === person}
          disabled={busy !== null}
          onClick={() => void choose(person)}
        >
          {person.full_name}
        </Button>
      ))}
    </Stack>
  );
}
