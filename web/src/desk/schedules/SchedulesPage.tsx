import { useDentists } from "@chairtime/client/react";
import { Container, Group, NativeSelect, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useClinic } from "../../app/clinic";
import { Skeletons } from "../../shared/Skeletons";
import { Editor } from "./Editor";

/** The working hours of each dentist, and the days on which the clinic differs. */
export default function SchedulesPage() {
  const { t } = useTranslation("desk");
  const { clinic } = useClinic();
  const everyone = useDentists();
  const [search, setSearch] = useSearchParams();
  const dentists = useMemo(
    () => (everyone.data ?? []).filter((each) => each.clinic_id === clinic?.id),
    [everyone.data, clinic?.id],
  );
  if (!clinic || everyone.isPending) return <Skeletons rows={9} />;
  const asked = search.get("of");
  const chosen =
    asked === "clinic" ? "clinic" : (dentists.find((each) => each.id === asked) ?? dentists[0])?.id;
  const isClinic = chosen === "clinic" || chosen === undefined;
  const owner = isClinic
    ? ({ kind: "clinic", id: clinic.id } as const)
    : ({ kind: "dentist", id: chosen } as const);
  return (
    <Container size="lg" py="md">
      <Group justify="space-between" align="flex-end" mb="md">
        <div>
          <Title order={1} size="h3">
            {t("pages.schedules")}
          </Title>
          <Text size="sm" c="dimmed">
            {t("schedule.zone", { zone: clinic.time_zone })}
          </Text>
        </div>
        <NativeSelect
          label={t("schedule.of")}
          value={chosen ?? "clinic"}
          onChange={(event) => {
            const of = event.currentTarget.value;
            setSearch((now) => {
              now.set("of", of);
              return now;
            });
          }}
          data={[
            ...dentists.map((each) => ({ value: each.id, label: each.full_name })),
            { value: "clinic", label: t("schedule.clinic", { name: clinic.name }) },
          ]}
        />
      </Group>
      <Editor key={owner.id} owner={owner} clinic={clinic} />
    </Container>
  );
}
