import { Skeleton, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** Rows in the place of what is being loaded. */
export function Skeletons({ rows, height = 36 }: { rows: number; height?: number }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs" p="md" role="status" aria-label={t("loading")}>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are alike and never move
        <Skeleton key={row} height={height} />
      ))}
    </Stack>
  );
}
