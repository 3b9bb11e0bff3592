import { useTranslation } from "react-i18next";
import { Guard } from "../app/session/Guard";
import { Shell } from "../app/shell/Shell";

export default function DentistApp() {
  const { t } = useTranslation("dentist");
  return (
    <Guard roles={["dentist"]}>
      <Shell
        start="/day"
        links={[
          { to: "/day", label: t("pages.day") },
          { to: "/day/week", label: t("pages.week") },
          { to: "/day/hours", label: t("pages.hours") },
        ]}
      />
    </Guard>
  );
}
