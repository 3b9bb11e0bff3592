import type { components } from "@chairtime/client";
import { Table } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import classes from "./health.module.css";

type Health = components["schemas"]["Health"];

const PARTS = ["database", "temporal", "workers", "relay", "dispatcher"] as const;

/** Each part of the system, and whether it is well. */
export function Parts({ health }: { health: Health }) {
  const { t } = useTranslation("health");
  return (
    <Table>
      <Table.Tbody>
        {PARTS.map((part) => (
          <Table.Tr key={part}>
            <Table.Th scope="row" fw={500}>
              {t(`parts.${part}`)}
            </Table.Th>
            <Table.Td>
              <span className={classes.state} data-state={health[part]}>
                {health[part] === "ok" ? (
                  <IconCircleCheck size={18} aria-hidden />
                ) : (
                  <IconAlertTriangle size={18} aria-hidden />
                )}
                {t(`state.${health[part]}`)}
              </span>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
