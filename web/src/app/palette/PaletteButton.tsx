import { Button, Kbd } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useShortcut } from "../keys/shortcuts";

const Palette = lazy(() => import("./Palette"));

/** Opens the palette, which is loaded the first time. */
export function PaletteButton() {
  const { t } = useTranslation();
  const [wanted, setWanted] = useState(false);

  function open() {
    setWanted(true);
    void import("./store").then(({ palette }) => palette.open());
  }

  useShortcut("mod+k", t("palette.title"), open);
  return (
    <>
      <Button
        variant="default"
        size="xs"
        onClick={open}
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={
          <Kbd size="xs" visibleFrom="md">
            Ctrl K
          </Kbd>
        }
      >
        {t("palette.open")}
      </Button>
      {wanted && (
        <Suspense>
          <Palette />
        </Suspense>
      )}
    </>
  );
}
