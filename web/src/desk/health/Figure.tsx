import { Paper, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface Props {
  name: string;
  value: number | undefined;
  unit?: string;
}

/** A number with its name; a dash where there is none yet. */
export function Figure({ name, value, unit }: Props) {
  const { i18n } = useTranslation();
  const shown = value?.toLocaleString(i18n.language, { maximumFractionDigits: 1 });
  return (
    <Paper withBorder p="sm">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text fz={24} fw={600}>
        {shown === undefined ? "–" : unit ? `${shown} ${unit}` : shown}
      </Text>
    </Paper>
  );
}
