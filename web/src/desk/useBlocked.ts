import { useLive } from "@chairtime/client/react";
import { useTranslation } from "react-i18next";

/** Why nothing can be changed now; null while the page is up to date. */
export function useBlocked(): string | null {
  const { t } = useTranslation("desk");
  const { state } = useLive();
  switch (state) {
    case "live":
    case "connecting":
    case "off":
      return null;
    case "reconnecting":
    case "stale":
    case "refused":
    case "signed_out":
      return t("blocked");
  }
}
