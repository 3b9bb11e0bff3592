import { Container, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";
import classes from "../Dentist.module.css";
import { useSchedule } from "../useSchedule";
import { HoursForm } from "./HoursForm";

/** The dentist's own weekly hours and days off. */
export default function HoursPage() {
  const { t } = useTranslation("dentist");
  const schedule = useSchedule();
  return (
    <Container size={720} className={classes.page ?? ""}>
      <Title order={1} size="h2">
        {t("pages.hours")}
      </Title>
      {schedule.data ? (
        <HoursForm
          key={schedule.data.version}
          schedule={schedule.data}
          reload={() => schedule.refetch()}
        />
      ) : schedule.error ? (
        <ErrorMessage error={schedule.error} retry={schedule.refetch} />
      ) : (
        <Skeletons rows={7} height={56} />
      )}
    </Container>
  );
}
