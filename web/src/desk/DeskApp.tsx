import { useTranslation } from "react-i18next";
import { Guard } from "../app/session/Guard";
import { Shell } from "../app/shell/Shell";

export default function DeskApp() {
  const { t } = useTranslation("desk");
  return (
    <Guard roles={["admin", "desk"]}>
      <Shell
        start="/desk"
        clinic
        palette
        links={[
          { to: "/desk", label: t("pages.day") },
          { to: "/desk/health", label: t("pages.health") },
        ]}
      />
    </Guard>
  );
}
