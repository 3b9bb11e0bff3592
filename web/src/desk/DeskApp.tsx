import { useTranslation } from "react-i18next";
import { Guard } from "../app/session/Guard";
import { Shell } from "../app/shell/Shell";
import { PAGES } from "./pages";
import { PaletteSources } from "./search/PaletteSources";

export default function DeskApp() {
  const { t } = useTranslation("desk");
  return (
    <Guard roles={["admin", "desk"]}>
      <PaletteSources />
      <Shell
        start="/desk"
        clinic
        palette
        links={PAGES.map(({ to, name }) => ({ to, label: t(`pages.${name}`) }))}
      />
    </Guard>
  );
}
