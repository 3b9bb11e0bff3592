import type { Appointment, CancelReason } from "@chairtime/client";
import { useCancel } from "@chairtime/client/react";
import { Button, Group, Modal, NativeSelect, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { VisitTime } from "../../shared/VisitTime";
import { useNames } from "../useNames";
import { CancelUntil } from "./CancelUntil";

const REASONS = ["patient_request", "ill", "other"] as const satisfies readonly CancelReason[];

/** Asks once more before a visit is given up. */
export default function CancelDialog({
  appointment,
  close,
}: {
  appointment: Appointment;
  close: () => void;
}) {
  const { t } = useTranslation(["patient", "common"]);
  const cancel = useCancel();
  const nameOf = useNames();
  const [reason, setReason] = useState<CancelReason>("patient_request");

  return (
    <Modal
      opened
      onClose={close}
      title={t("cancel.title")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Stack>
        <div>
          <Text fw={600}>{nameOf(appointment)}</Text>
          <VisitTime
            startsAt={appointment.starts_at}
            endsAt={appointment.ends_at}
            zone={appointment.time_zone}
          />
        </div>
        <Text>{t("cancel.text")}</Text>
        <CancelUntil appointment={appointment} />
        <NativeSelect
          label={t("cancel.reason")}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value as CancelReason)}
          data={REASONS.map((value) => ({ value, label: t(`cancel.reasons.${value}`) }))}
        />
        {cancel.error && <ErrorMessage error={cancel.error} />}
        <Group>
          <Button
            color="red"
            loading={cancel.isPending}
            onClick={() => cancel.mutate({ id: appointment.id, reason }, { onSuccess: close })}
          >
            {t("cancel.confirm")}
          </Button>
          <Button variant="default" onClick={close}>
            {t("cancel.keep")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
