import {
  Bar,
  BarChart,
  CartesianGrid,
  Legend,
  Line,
  LineChart,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import type { Point } from "./FigureChart";

export interface Drawn {
  name: string;
  label: string;
  color: string;
}

interface Props {
  kind: "bars" | "lines";
  series: readonly Drawn[];
  points: readonly Point[];
  format: (value: number) => string;
}

const HEIGHT = 240;
const TICKS = { fill: "var(--text-muted)", fontSize: 12 };
const LABEL = {
  background: "var(--surface)",
  border: "1px solid var(--line-strong)",
  color: "var(--text)",
};

/** Stacked bars, or lines, over what the points are of. Who cannot see it has the table beside it. */
export function Plot({ kind, series, points, format }: Props) {
  const Chart = kind === "bars" ? BarChart : LineChart;
  return (
    <ResponsiveContainer width="100%" height={HEIGHT}>
      <Chart
        data={points.map(({ at, values }) => ({ at, ...values }))}
        accessibilityLayer={false}
        maxBarSize={48}
      >
        <CartesianGrid vertical={false} stroke="var(--line)" />
        <XAxis dataKey="at" tick={TICKS} stroke="var(--line-strong)" />
        <YAxis tick={TICKS} tickFormatter={format} stroke="var(--line-strong)" width={56} />
        <Tooltip
          formatter={(value) => (typeof value === "number" ? format(value) : value)}
          contentStyle={LABEL}
          cursor={{ fill: "var(--surface-sunken)", stroke: "var(--line)" }}
        />
        {series.length > 1 && (
          <Legend itemSorter={null} formatter={(label) => <Named label={String(label)} />} />
        )}
        {series.map(({ name, label, color }) =>
          kind === "bars" ? (
            <Bar
              key={name}
              dataKey={name}
              name={label}
              fill={color}
              stackId="all"
              isAnimationActive={false}
            />
          ) : (
            <Line
              key={name}
              dataKey={name}
              name={label}
              stroke={color}
              strokeWidth={2}
              dot={{ r: 2 }}
              isAnimationActive={false}
            />
          ),
        )}
      </Chart>
    </ResponsiveContainer>
  );
}

/** The colour of a series may be too faint for its text. */
function Named({ label }: { label: string }) {
  return <span style={{ color: "var(--text)" }}>{label}</span>;
}
