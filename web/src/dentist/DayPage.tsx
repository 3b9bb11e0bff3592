import { Container, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

export default function DayPage() {
  const { t } = useTranslation("dentist");
  return (
    <Container py="lg" size="sm">
      <Title order={1}>{t("pages.day")}</Title>
      <Text>{t("day.empty")}</Text>
    </Container>
  );
}
