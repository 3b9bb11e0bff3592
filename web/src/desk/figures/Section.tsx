import { Title } from "@mantine/core";
import type { ReactNode } from "react";
import { ErrorMessage } from "../../shared/ErrorMessage";
import { Skeletons } from "../../shared/Skeletons";

interface Props<Row> {
  /** The id of its heading. */
  id: string;
  title: string;
  found: { data: Row[] | undefined; error: unknown; refetch: () => unknown };
  children: (rows: Row[]) => ReactNode;
}

/** Figures under a heading, once they are loaded. */
export function Section<Row>({ id, title, found, children }: Props<Row>) {
  const { data, error, refetch } = found;
  return (
    <section aria-labelledby={id}>
      <Title order={2} size="h3" id={id} mb="xs">
        {title}
      </Title>
      {data ? (
        children(data)
      ) : error ? (
        <ErrorMessage error={error} retry={refetch} />
      ) : (
        <Skeletons rows={4} />
      )}
    </section>
  );
}
