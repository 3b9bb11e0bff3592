import { Button, Container, Group, Table, Text, Title } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";
import { useBlocked } from "../useBlocked";
import { Cell } from "./Cell";
import type { Field, Row, Values } from "./fields";
import { RowForm, type TryOut } from "./RowForm";

interface Props {
  title: string;
  fields: readonly Field[];
  rows: readonly Row[] | undefined;
  keyOf: (row: Row) => string;
  error: unknown;
  retry: () => unknown;
  /** Makes a new one of these values, or changes the row. */
  save: (body: Values, row: Row | null) => Promise<unknown>;
  tryOut?: TryOut;
  tools?: ReactNode;
  /** Whether this person may add and change. */
  editable?: boolean;
}

/** A plain table of what a clinic consists of, with a form for each row. */
export function TablePage(props: Props) {
  const { title, fields, rows, keyOf, error, retry, save, tryOut, tools, editable = true } = props;
  const { t } = useTranslation("desk");
  const [open, setOpen] = useState<Row | "new" | null>(null);
  const blocked = useBlocked();
  const columns = fields.filter((field) => !field.hidden);
  return (
    <Container size="xl" py="md">
      <Group justify="space-between" mb="md">
        <Title order={1} size="h3">
          {title}
        </Title>
        <Group>
          {tools}
          {editable && (
            <Button
              leftSection={<IconPlus size={16} aria-hidden />}
              disabled={blocked !== null}
              title={blocked ?? undefined}
              onClick={() => setOpen("new")}
            >
              {t("table.add")}
            </Button>
          )}
        </Group>
      </Group>
      {error ? (
        <ErrorMessage error={error} retry={retry} />
      ) : !rows ? (
        <Skeletons rows={6} />
      ) : rows.length === 0 ? (
        <Text>{t(editable ? "table.empty" : "table.empty_for_you")}</Text>
      ) : (
        <Table.ScrollContainer minWidth={640} scrollAreaProps={{ tabIndex: 0 }}>
          <Table stickyHeader={false} highlightOnHover data-table>
            <Table.Thead>
              <Table.Tr>
                {columns.map((field) => (
                  <Table.Th key={field.name}>{t(`field.${field.name}`)}</Table.Th>
                ))}
                {editable && (
                  <Table.Th>
                    <span className="visually-hidden">{t("table.change")}</span>
                  </Table.Th>
                )}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={keyOf(row)}>
                  {columns.map((field) => (
                    <Table.Td key={field.name}>
                      <Cell field={field} value={row[field.name]} />
                    </Table.Td>
                  ))}
                  {editable && (
                    <Table.Td>
                      <Button
                        size="compact-sm"
                        variant="default"
                        disabled={blocked !== null}
                        onClick={() => setOpen(row)}
                      >
                        {t("table.change")}
                      </Button>
                    </Table.Td>
                  )}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {open && (
        <RowForm
          title={title}
          fields={fields}
          row={open === "new" ? null : open}
          save={save}
          tryOut={tryOut}
          onClose={() => setOpen(null)}
        />
      )}
    </Container>
  );
}
