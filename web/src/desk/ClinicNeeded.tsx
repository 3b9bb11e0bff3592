import { Container, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Outlet } from "react-router";
import { useClinic } from "../app/clinic";
import { useUser } from "../app/session/SessionProvider";
import { ErrorMessage } from "../shared/ErrorMessage";
import { Skeletons } from "../shared/Skeletons";

/** The pages of a clinic, or why there is none to show. */
export default function ClinicNeeded() {
  const { t } = useTranslation("desk");
  const { clinic, clinics, error, retry } = useClinic();
  const role = useUser()?.role;
  if (clinic) return <Outlet />;
  if (error) return <ErrorMessage error={error} retry={retry} />;
  if (!clinics) return <Skeletons rows={12} />;
  return (
    <Container py="md">
      <Text role="status">{t(role === "admin" ? "no_clinic.none" : "no_clinic.not_yours")}</Text>
    </Container>
  );
}
