import { useClient, useGet } from "@chairtime/client/react";
import { Button, Container, Group, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Guard } from "../app/session/Guard";
import { ErrorMessage } from "../shared/ErrorMessage";
import { Skeletons } from "../shared/Skeletons";

/** The assistants (agents) that may act for the patient. */
export default function AgentsPage() {
  return (
    <Guard roles={["patient"]}>
      <Agents />
    </Guard>
  );
}

function Agents() {
  const { t } = useTranslation("patient");
  const { api } = useClient();
  const [code, setCode] = useState("");
  const agents = useGet("/api/profiles/me/agents", {});
  const path = "/api/profiles/me/agents/{agent_id}" as const;
  const change = useMutation({
    mutationFn: async ({ id, allow }: { id: string; allow: boolean }) => {
      const params = { path: { agent_id: id } };
      await (allow ? api.PUT(path, { params }) : api.DELETE(path, { params }));
      await agents.refetch();
      if (allow) setCode("");
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    change.mutate({ id: code.trim(), allow: true });
  }

  return (
    <Container size="sm" py="md">
      <Stack>
        <Title order={1} size="h2">
          {t("pages.agents")}
        </Title>
        <Text>{t("agents.text")}</Text>
        {agents.isPending && <Skeletons rows={1} height={64} />}
        {agents.isError && <ErrorMessage error={agents.error} retry={agents.refetch} />}
        {agents.data?.length === 0 && <Text>{t("agents.empty")}</Text>}
        {agents.data?.map((agent) => (
          <Paper key={agent.id} withBorder p="md">
            <Group justify="space-between">
              <Text fw={600}>{agent.full_name}</Text>
              <Button
                variant="default"
                aria-label={t("agents.revoke_of", { name: agent.full_name })}
                disabled={change.isPending}
                onClick={() => change.mutate({ id: agent.id, allow: false })}
              >
                {t("agents.revoke")}
              </Button>
            </Group>
          </Paper>
        ))}
        {(agents.data?.length ?? 0) > 0 && <Text c="dimmed">{t("agents.what_stays")}</Text>}
        {change.isError && <ErrorMessage error={change.error} />}
        <form onSubmit={submit}>
          <Group align="flex-end">
            <TextInput
              flex="1 1 240px"
              label={t("agents.code")}
              description={t("agents.code_help")}
              value={code}
              required
              onChange={(event) => setCode(event.currentTarget.value)}
            />
            <Button type="submit" variant="default" loading={change.isPending}>
              {t("agents.allow")}
            </Button>
          </Group>
        </form>
      </Stack>
    </Container>
  );
}
