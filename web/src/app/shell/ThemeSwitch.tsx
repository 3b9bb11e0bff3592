import { ActionIcon } from "@mantine/core";
import { IconMoon, IconSun } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useOtherTheme } from "./useOtherTheme";

/** Switches between the light and the dark theme. */
export function ThemeSwitch() {
  const { t } = useTranslation();
  const [other, switchTheme] = useOtherTheme();
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={t(`theme.${other}`)}
      onClick={switchTheme}
    >
      {other === "dark" ? <IconMoon size={18} aria-hidden /> : <IconSun size={18} aria-hidden />}
    </ActionIcon>
  );
}
