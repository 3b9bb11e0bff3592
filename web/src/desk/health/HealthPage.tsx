import { useGet } from "@chairtime/client/react";
import { Container, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useUser } from "../../app/session/SessionProvider";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";
import { Figures } from "./Figures";
import { Parts } from "./Parts";
import { Tools } from "./Tools";
import { useEvery } from "./useEvery";

/** How the events get on, and whether all parts are well. Read again every ten seconds. */
export default function HealthPage() {
  const { t } = useTranslation("health");
  const parts = useGet("/health", {});
  const isAdmin = useUser()?.role === "admin";
  const figures = useGet("/api/admin/realtime", {}, { enabled: isAdmin });
  useEvery(10_000, () => {
    void parts.refetch();
    if (isAdmin) void figures.refetch();
  });

  return (
    <Container py="lg" size="lg">
      <Stack gap="lg">
        <Title order={1}>{t("title")}</Title>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <section aria-labelledby="parts">
            <Title order={2} size="h3" id="parts" mb="xs">
              {t("parts.title")}
            </Title>
            {parts.isPending && <Skeletons rows={5} />}
            {parts.isError && <ErrorMessage error={parts.error} retry={() => parts.refetch()} />}
            {parts.data && <Parts health={parts.data} />}
          </section>
          <Tools />
        </SimpleGrid>
        {isAdmin && figures.isPending && <Skeletons rows={6} />}
        {!isAdmin && <Text>{t("admins_only")}</Text>}
        {figures.isError && <ErrorMessage error={figures.error} retry={() => figures.refetch()} />}
        {figures.data && <Figures figures={figures.data} />}
      </Stack>
    </Container>
  );
}
