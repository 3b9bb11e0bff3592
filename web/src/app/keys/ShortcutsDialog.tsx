import { Group, Kbd, Modal, Stack, Switch, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useShortcuts, useSingleKeys } from "./shortcuts";

/** The shortcuts of the page, and the switch for those of a single key. */
export default function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const shortcuts = useShortcuts();
  const [single, setSingle] = useSingleKeys();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("shortcuts.title")}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <Stack gap="xs">
        {shortcuts.map(({ key, does }) => (
          <Group key={`${key} ${does}`} justify="space-between" wrap="nowrap">
            <Text size="sm">{does}</Text>
            <Kbd>{key.replace("mod+", "Ctrl ")}</Kbd>
          </Group>
        ))}
        <Switch
          mt="md"
          label={t("shortcuts.single")}
          checked={single}
          onChange={(event) => setSingle(event.currentTarget.checked)}
        />
      </Stack>
    </Modal>
  );
}
