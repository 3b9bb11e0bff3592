import { type Appointment, isRefusal } from "@chairtime/client";
import { useAppointment, useDentists, useMove } from "@chairtime/client/react";
import { Button, Container, Paper, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { Guard } from "../../app/session/Guard";
import { allows } from "../../shared/allows";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";
import { VisitTime } from "../../shared/VisitTime";
import classes from "../book/Book.module.css";
import { ChoiceBar } from "../book/ChoiceBar";
import { Heading } from "../book/Heading";
import { Refused } from "../book/Refused";
import { useChoice } from "../book/useChoice";
import { WhenStep } from "../book/WhenStep";
import { useNames } from "../useNames";

/** Another time for a visit. The old one stays until the new one is won. */
export default function MovePage() {
  return (
    <Guard roles={["patient"]}>
      <Loaded />
    </Guard>
  );
}

function Loaded() {
  const { t } = useTranslation("patient");
  const { id } = useParams();
  const { data, error, refetch } = useAppointment(id);
  return (
    <Container size={960} className={classes.page ?? ""}>
      <Title order={1} size="h2">
        {t("pages.move")}
      </Title>
      {data ? (
        <Move appointment={data} />
      ) : isRefusal(error, "not_found", "validation_failed") ? (
        <Stack align="flex-start">
          <Text role="alert">{t("move.unknown")}</Text>
          <Button component={Link} to="/visits">
            {t("booked.all")}
          </Button>
        </Stack>
      ) : error ? (
        <ErrorMessage error={error} retry={refetch} />
      ) : (
        <Skeletons rows={4} height={64} />
      )}
    </Container>
  );
}

function Move({ appointment }: { appointment: Appointment }) {
  const { t } = useTranslation("patient");
  const nameOf = useNames();
  const dentists = useDentists().data ?? [];
  const [choice, change] = useChoice();
  const move = useMove();
  const zone = appointment.time_zone;
  const isOver = !allows(appointment, "reschedule") && !move.isPending;
  const [at, dentistId] = [choice.at, choice.with];
  const length = Date.parse(appointment.ends_at) - Date.parse(appointment.starts_at);
  const dentist = choice.dentist ?? appointment.dentist_id;
  const run = (startsAt: string, to: string) =>
    move.mutate(
      { id: appointment.id, version: appointment.version, startsAt, dentistId: to },
      { onSuccess: () => change({ at: null, with: null }, true) },
    );

  return (
    <Stack gap="lg">
      <Paper withBorder p="md" data-kind={move.isSuccess ? "booked" : undefined}>
        {move.isSuccess ? (
          <Heading id="moved">{t("move.done")}</Heading>
        ) : (
          <Text c="dimmed">{t("move.now")}</Text>
        )}
        <Text fw={600}>{nameOf(appointment)}</Text>
        <VisitTime startsAt={appointment.starts_at} endsAt={appointment.ends_at} zone={zone} />
        {(move.isSuccess || isOver) && (
          <Button component={Link} to="/visits" mt="sm">
            {t("booked.all")}
          </Button>
        )}
      </Paper>
      {isOver && !move.isSuccess && <Text>{t("move.impossible")}</Text>}
      {!isOver && !move.isSuccess && (
        <>
          <Text>{t("move.to")}</Text>
          <WhenStep
            search={{
              appointmentType: appointment.appointment_type,
              dentistId: dentist === "any" ? null : dentist,
              clinicId: appointment.clinic_id,
              moving: appointment.id,
            }}
            dentists={dentists.filter(({ clinic_id }) => clinic_id === appointment.clinic_id)}
            zone={zone}
            choice={choice}
            change={(to, replace) =>
              change(to.dentist === null ? { ...to, dentist: "any" } : to, replace)
            }
          />
          {at && dentistId && (
            <ChoiceBar
              what={nameOf({ ...appointment, dentist_id: dentistId })}
              startsAt={at}
              endsAt={new Date(Date.parse(at) + length).toISOString()}
              zone={zone}
              action={t("move.confirm")}
              isPending={move.isPending}
              run={() => run(at, dentistId)}
            >
              {move.error && (
                <Refused
                  error={move.error}
                  isPending={move.isPending}
                  choose={(slot) => run(slot.starts_at, slot.dentist_id)}
                />
              )}
            </ChoiceBar>
          )}
        </>
      )}
    </Stack>
  );
}
