import { isRefusal } from "@chairtime/client";
import { Container, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Guard } from "../../app/session/Guard";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";
import { Member } from "./Member";
import { NameForm } from "./NameForm";
import { useFamily } from "./useFamily";
import { useFamilyChanges } from "./useFamilyChanges";

/** Those for whom the patient books besides themselves, such as children. */
export default function FamilyPage() {
  return (
    <Guard roles={["patient"]}>
      <Family />
    </Guard>
  );
}

function Family() {
  const { t } = useTranslation("patient");
  const { data, error, isPending, refetch } = useFamily();
  const changes = useFamilyChanges();
  const { add } = changes;
  const [round, setRound] = useState(0);

  return (
    <Container size="sm" py="md">
      <Stack>
        <Title order={1} size="h2">
          {t("pages.family")}
        </Title>
        <Text>{t("family.text")}</Text>
        {isPending && <Skeletons rows={1} height={64} />}
        {error && !data && <ErrorMessage error={error} retry={refetch} />}
        {data?.map((person) => (
          <Member key={person.id} person={person} changes={changes} />
        ))}
        {data && (
          <NameForm
            key={round}
            label={t("family.name")}
            action={t("family.add")}
            isPending={add.isPending}
            save={(name) => add.mutate(name, { onSuccess: () => setRound(round + 1) })}
          />
        )}
        {add.isError && (
          <ErrorMessage
            error={add.error}
            {...(isRefusal(add.error, "forbidden") ? { text: t("family.full") } : {})}
          />
        )}
      </Stack>
    </Container>
  );
}
