import { useTranslation } from "react-i18next";
import { Guard } from "../app/session/Guard";
import { Shell } from "../app/shell/Shell";

export default function DentistApp() {
  const { t } = useTranslation("dentist");
  return (
    <Guard roles={["dentist"]}>
      <Shell start="/day" palette links={[{ to: "/day", label: t("pages.day") }]} />
    </Guard>
  );
}
