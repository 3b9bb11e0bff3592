import { Paper, Text } from "@mantine/core";

/** A figure of the whole range with its name. */
export function Rate({ name, value }: { name: string; value: string }) {
  return (
    <Paper withBorder p="sm">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text fz={24} fw={600}>
        {value}
      </Text>
    </Paper>
  );
}
