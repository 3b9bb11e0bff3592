import { Table, Text } from "@mantine/core";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import classes from "./figures.module.css";
import { type Drawn, Plot } from "./Plot";

export interface Series extends Omit<Drawn, "color"> {
  /** Without a colour it is in the table only. */
  color?: string;
  format: (value: number | null) => string;
}

export interface Point {
  /** What it is of, such as a day; once in a chart. */
  at: string;
  values: Readonly<Record<string, number | null>>;
}

interface Props {
  kind: "bars" | "lines";
  /** What `at` is, as the head of the table's first column. */
  of: string;
  /** What the chart shows, for those who cannot see it. */
  summary: string;
  series: readonly Series[];
  points: readonly Point[];
}

/** A chart of figures, and a table of the same. */
export function FigureChart({ kind, of, summary, series, points }: Props) {
  const { t } = useTranslation("figures");
  const id = useId();
  const drawn = series.flatMap(({ color, ...rest }) => (color ? [{ ...rest, color }] : []));
  const isEmpty = !points.some(({ values }) => Object.values(values).some(Boolean));
  if (isEmpty) return <Text mt="sm">{t("nothing")}</Text>;
  return (
    <figure className={classes.figure}>
      <div role="img" aria-label={summary} className={classes.plot}>
        <Plot kind={kind} series={drawn} points={points} format={drawn[0]?.format ?? String} />
      </div>
      <details>
        <summary>{t("table")}</summary>
        <Table.ScrollContainer minWidth={480} scrollAreaProps={{ tabIndex: 0 }}>
          <Table aria-describedby={id}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{of}</Table.Th>
                {series.map(({ name, label }) => (
                  <Table.Th key={name} scope="col" className={classes.number}>
                    {label}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {points.map(({ at, values }) => (
                <Table.Tr key={at}>
                  <Table.Th scope="row" fw={400}>
                    {at}
                  </Table.Th>
                  {series.map(({ name, format }) => (
                    <Table.Td key={name} className={classes.number}>
                      {format(values[name] ?? null)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </details>
      <figcaption id={id}>{summary}</figcaption>
    </figure>
  );
}
