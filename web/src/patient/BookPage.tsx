import { useDentists, useGet } from "@chairtime/client/react";
import { Container, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useClinic } from "../app/clinic";
import { useUser } from "../app/session/SessionProvider";
import { ErrorMessage } from "../shared/ErrorMessage";
import { Skeletons } from "../shared/Skeletons";
import classes from "./book/Book.module.css";
import { Booking } from "./book/Booking";

/** Booking a visit, for visitors and patients. */
export default function BookPage() {
  const { t } = useTranslation("patient");
  const user = useUser();
  const place = useClinic();
  const [round, setRound] = useState(0);
  const types = useGet("/api/appointment-types", {});
  const dentists = useDentists();
  const failed = types.error ?? dentists.error ?? place.error;
  const clinic = place.clinic?.id;

  return (
    <Container size={960} className={classes.page ?? ""}>
      <Title order={1} size="h2">
        {t("pages.book")}
      </Title>
      {types.data && dentists.data && clinic ? (
        <Booking
          key={`${round} ${user?.id} ${clinic}`}
          types={types.data.filter((type) => type.clinic_id === clinic && type.bookable_online)}
          dentists={dentists.data.filter((dentist) => dentist.clinic_id === clinic)}
          clinic={clinic}
          again={() => setRound(round + 1)}
        />
      ) : failed ? (
        <ErrorMessage
          error={failed}
          retry={() => Promise.all([types.refetch(), dentists.refetch(), place.retry()])}
        />
      ) : (
        <Skeletons rows={6} height={64} />
      )}
    </Container>
  );
}
