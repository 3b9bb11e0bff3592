import { Container, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

export default function HealthPage() {
  const { t } = useTranslation("health");
  return (
    <Container py="lg">
      <Title order={1}>{t("title")}</Title>
    </Container>
  );
}
