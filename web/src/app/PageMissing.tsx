import { Anchor, Container, Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

export default function PageMissing() {
  const { t } = useTranslation();
  return (
    <Container size="sm" py="xl">
      <Stack>
        <Title order={1}>{t("page_missing")}</Title>
        <Anchor component={Link} to="/">
          {t("to_start")}
        </Anchor>
      </Stack>
    </Container>
  );
}
