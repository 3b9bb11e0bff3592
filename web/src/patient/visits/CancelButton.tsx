import type { Appointment } from "@chairtime/client";
import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { allows } from "../../shared/allows";

const CancelDialog = lazy(() => import("./CancelDialog"));

/**
 * Cancels a visit after one more question, where that is allowed now. It stays mounted when it shows
 * nothing, so that a refusal that comes after the optimistic change still finds its dialog.
 */
export function CancelButton({ appointment }: { appointment: Appointment }) {
  const { t } = useTranslation("patient");
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      {allows(appointment, "cancel") && (
        <Button variant="subtle" color="red" onClick={() => setAsking(true)}>
          {t("visits.cancel")}
        </Button>
      )}
      {isAsking && (
        <Suspense>
          <CancelDialog appointment={appointment} close={() => setAsking(false)} />
        </Suspense>
      )}
    </>
  );
}
