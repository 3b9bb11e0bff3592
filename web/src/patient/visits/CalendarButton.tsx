import type { Appointment } from "@chairtime/client";
import { useClient } from "@chairtime/client/react";
import { Button } from "@mantine/core";
import { IconCalendarPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";

/** Saves the visit as a calendar file. */
export function CalendarButton({ appointment }: { appointment: Appointment }) {
  const { t } = useTranslation("patient");
  const client = useClient();
  const saving = useMutation({
    mutationFn: async () => {
      const { data } = await client.api.GET("/api/appointments/{id}/calendar.ics", {
        params: { path: { id: appointment.id } },
        parseAs: "blob",
      });
      if (data) save(data, "visit.ics");
    },
  });
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconCalendarPlus size={18} aria-hidden />}
        loading={saving.isPending}
        onClick={() => saving.mutate()}
      >
        {t("visits.calendar")}
      </Button>
      {saving.isError && <ErrorMessage error={saving.error} />}
    </>
  );
}

function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
