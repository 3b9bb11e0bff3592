import { useAppointments, useServerNow } from "@chairtime/client/react";
import { Button, Container, Stack, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Guard } from "../../app/session/Guard";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";
import { VisitCard } from "./VisitCard";

const LIVE = ["held", "pending_approval", "booked", "checked_in", "in_treatment"] as const;
const ENDED = ["completed", "no_show", "cancelled", "declined"] as const;
const YEAR_MS = 366 * 86_400_000;

/** The patient's visits: what is next, then the rest. */
export default function VisitsPage() {
  return (
    <Guard roles={["patient"]}>
      <Visits />
    </Guard>
  );
}

function Visits() {
  const { t } = useTranslation("patient");
  const now = useServerNow();
  const since = useMemo(() => new Date(Date.now() - YEAR_MS).toISOString(), []);
  const live = useAppointments({ status: LIVE });
  const ended = useAppointments({ status: ENDED, from: since });
  const ahead = (live.data?.items ?? []).filter(({ ends_at }) => Date.parse(ends_at) > now);
  const [next, ...later] = ahead;

  return (
    <Container size="sm" py="md">
      <Stack gap="lg">
        <Title order={1} size="h2">
          {t("pages.visits")}
        </Title>
        {live.isError && !live.data && <ErrorMessage error={live.error} retry={live.refetch} />}
        {live.isPending && <Skeletons rows={3} height={140} />}
        {live.data && !next && (
          <Stack align="flex-start">
            <Text>{t("visits.empty")}</Text>
            <Button component={Link} to="/">
              {t("visits.book")}
            </Button>
          </Stack>
        )}
        {next && (
          <section aria-labelledby="next">
            <Title order={2} size="h4" id="next" mb="xs">
              {t("visits.next")}
            </Title>
            <VisitCard appointment={next} />
          </section>
        )}
        {later.length > 0 && (
          <section aria-labelledby="later">
            <Title order={2} size="h4" id="later" mb="xs">
              {t("visits.later")}
            </Title>
            <Stack>
              {later.map((visit) => (
                <VisitCard key={visit.id} appointment={visit} />
              ))}
            </Stack>
          </section>
        )}
        {(ended.data?.items.length ?? 0) > 0 && (
          <section aria-labelledby="past">
            <Title order={2} size="h4" id="past" mb="xs">
              {t("visits.past")}
            </Title>
            <Stack>
              {ended.data?.items.toReversed().map((visit) => (
                <VisitCard key={visit.id} appointment={visit} />
              ))}
            </Stack>
          </section>
        )}
      </Stack>
    </Container>
  );
}
