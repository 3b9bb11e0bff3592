import { isRefusal } from "@chairtime/client";
import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { describeError, describeFaults } from "./describeError";

interface Props {
  error: unknown;
  /** Words that fit better here than those for the error's code. */
  text?: string;
  retry?: () => unknown;
}

/** What happened, what is safe, and "try again". */
export function ErrorMessage({ error, text, retry }: Props) {
  const { t } = useTranslation(["common", "errors"]);
  const faults = Object.entries(describeFaults(t, error));
  return (
    <Alert role="alert" color="red" variant="light" icon={<IconAlertTriangle aria-hidden />}>
      <Stack gap="xs" align="flex-start">
        <Text>{text ?? describeError(t, error)}</Text>
        {faults.map(([field, message]) => (
          <Text key={field} size="sm">
            {t(`errors:field.${field}`, { defaultValue: field })}: {message}
          </Text>
        ))}
        {!isRefusal(error) && !text && <Text size="sm">{t("errors:safe_to_repeat")}</Text>}
        {retry && (
          <Button size="xs" variant="default" onClick={() => void retry()}>
            {t("try_again")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
