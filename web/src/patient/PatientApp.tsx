import { useTranslation } from "react-i18next";
import { Navigate } from "react-router";
import { useUser } from "../app/session/SessionProvider";
import { home } from "../app/session/user";
import { Shell } from "../app/shell/Shell";

/** For visitors and patients; staff are sent to their own app. */
export default function PatientApp() {
  const { t } = useTranslation("patient");
  const user = useUser();
  if (user && home(user.role) !== "/") return <Navigate to={home(user.role)} replace />;
  const open = [
    { to: "/", label: t("pages.book") },
    { to: "/chat", label: t("pages.chat") },
  ];
  const own = [
    { to: "/visits", label: t("pages.visits") },
    { to: "/family", label: t("pages.family") },
    { to: "/assistants", label: t("pages.agents") },
  ];
  return <Shell start="/" clinic links={[...open, ...(user ? own : [])]} />;
}
