import { useServerNow } from "@chairtime/client/react";
import { useTranslation } from "react-i18next";

/** How many minutes a patient is late who should have come by now. */
export function Late({ since }: { since: string }) {
  const { t } = useTranslation("desk");
  const minutes = Math.floor((useServerNow(20_000) - Date.parse(since)) / 60_000);
  if (minutes < 1) return null;
  return <> · {minutes < 90 ? t("card.late", { count: minutes }) : t("card.not_come")}</>;
}
