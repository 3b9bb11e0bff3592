import { Container } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../shared/ErrorMessage";

/** The error is shown here and logged nowhere: it may hold names. */
export function PageFailed({ error }: { error: unknown }) {
  const { t } = useTranslation();
  return (
    <Container size="sm" py="xl">
      <ErrorMessage error={error} text={t("page_failed")} retry={() => window.location.reload()} />
    </Container>
  );
}
