import { Container, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

export default function BookPage() {
  const { t } = useTranslation("patient");
  return (
    <Container py="lg" size="sm">
      <Title order={1}>{t("pages.book")}</Title>
      <Text>{t("book.empty")}</Text>
    </Container>
  );
}
