import { useTranslation } from "react-i18next";
import { Guard } from "../app/session/Guard";
import { useUser } from "../app/session/SessionProvider";
import { Shell } from "../app/shell/Shell";
import { pagesOf } from "./pages";
import { PaletteSources } from "./search/PaletteSources";

export default function DeskApp() {
  const { t } = useTranslation("desk");
  const role = useUser()?.role;
  return (
    <Guard roles={["admin", "desk"]}>
      <PaletteSources />
      <Shell
        start="/desk"
        clinic
        palette
        links={pagesOf(role).map(({ to, name }) => ({ to, label: t(`pages.${name}`) }))}
      />
    </Guard>
  );
}
