import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { describeError, problemOf } from "./problem";

interface Props {
  error: unknown;
  /** Words that fit better here than those for the error's code. */
  text?: string;
  retry?: () => unknown;
}

/** What happened, what is safe, and "try again". */
export function ErrorMessage({ error, text, retry }: Props) {
  const { t } = useTranslation(["common", "errors"]);
  const problem = problemOf(error);
  const unknown = !problem || problem.status >= 500;
  return (
    <Alert role="alert" color="red" variant="light" icon={<IconAlertTriangle aria-hidden />}>
      <Stack gap="xs" align="flex-start">
        <Text>{text ?? describeError(t, error)}</Text>
        {problem?.errors?.map((each) => (
          <Text key={each.field} size="sm">
            {each.field}: {each.message}
          </Text>
        ))}
        {unknown && !text && <Text size="sm">{t("errors:safe_to_repeat")}</Text>}
        {problem?.request_id && problem.status >= 500 && (
          <Text size="sm">{t("errors:request_id", { id: problem.request_id })}</Text>
        )}
        {retry && (
          <Button size="xs" variant="default" onClick={() => void retry()}>
            {t("try_again")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
