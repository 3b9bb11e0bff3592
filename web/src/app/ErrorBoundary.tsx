import { Container } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { isRouteErrorResponse, useRouteError } from "react-router";
import { ErrorMessage } from "../shared/ErrorMessage";

/** In the place of a page that failed. The error is shown here and logged nowhere: it may hold names. */
export function ErrorBoundary() {
  const { t } = useTranslation();
  const error = useRouteError();
  const missing = isRouteErrorResponse(error) && error.status === 404;
  return (
    <Container size="sm" py="xl" component="main" id="main">
      <ErrorMessage
        error={error}
        text={missing ? t("page_missing") : t("page_failed")}
        retry={() => window.location.reload()}
      />
    </Container>
  );
}
