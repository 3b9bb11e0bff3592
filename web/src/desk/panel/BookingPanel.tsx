import type { Dentist } from "@chairtime/client";
import { useAppointment } from "@chairtime/client/react";
import { CloseButton, Group, Stack, Title } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../app/session/SessionProvider";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";
import { ToolLink } from "../../shared/ToolLink";
import classes from "../Desk.module.css";
import type { Moving } from "../move/useMoving";
import { Facts } from "./Facts";
import { History } from "./History";
import { Verbs } from "./Verbs";

interface Props {
  id: string;
  zone: string;
  dentists: readonly Dentist[];
  types: ReadonlyMap<string, string>;
  moving: Moving;
  onOpen: (id: string) => void;
  onClose: () => void;
}

/** All about one booking, and what may be done with it now. */
export function BookingPanel({ id, zone, dentists, types, moving, onOpen, onClose }: Props) {
  const { t } = useTranslation("desk");
  const { data, error, refetch } = useAppointment(id);
  const { config } = useSession();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <aside
      className={`${classes.panel} no-print`}
      aria-label={t("panel.label")}
      data-panel-of={id}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) close();
      }}
    >
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Title order={2} size="h4" ref={heading} tabIndex={-1} lineClamp={3}>
            {data ? (data.patient_name ?? t("card.no_name")) : t("panel.label")}
          </Title>
          <CloseButton aria-label={t("panel.close")} onClick={close} />
        </Group>
        {error ? (
          <ErrorMessage error={error} retry={refetch} />
        ) : !data ? (
          <Skeletons rows={6} height={24} />
        ) : (
          <>
            <Facts appointment={data} zone={zone} dentists={dentists} types={types} />
            <Verbs
              appointment={data}
              zone={zone}
              dentists={dentists}
              moving={moving}
              onOpen={onOpen}
              onFocusLost={() => heading.current?.focus({ preventScroll: true })}
            />
            <History id={id} zone={zone} />
            {config?.temporal_ui_url && (
              <ToolLink
                size="sm"
                href={`${config.temporal_ui_url}/namespaces/default/workflows/booking-${id}`}
              >
                {t("panel.workflow")}
              </ToolLink>
            )}
          </>
        )}
      </Stack>
    </aside>
  );

  function close() {
    onClose();
    // The card keeps the place on the page; where it is gone, the board does.
    requestAnimationFrame(() => {
      const card = document.querySelector<HTMLElement>(`[data-booking="${CSS.escape(id)}"]`);
      (card ?? document.querySelector<HTMLElement>("[data-board]"))?.focus();
    });
  }
}
