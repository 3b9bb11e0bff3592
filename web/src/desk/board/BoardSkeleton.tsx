import { Skeleton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import classes from "./BoardSkeleton.module.css";

const COLUMNS = [
  [40, 90, 60],
  [90, 60, 120],
  [60, 60, 90],
  [120, 40, 60],
];

/** The board's shape until its bookings are here. */
export function BoardSkeleton() {
  const { t } = useTranslation();
  return (
    <div className={classes.board} role="status" aria-label={t("loading")}>
      {COLUMNS.map((heights, column) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the columns never move
        <div key={column} className={classes.column}>
          <Skeleton height={18} width="60%" mx="auto" />
          {heights.map((height, row) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the cards never move
            <Skeleton key={row} height={height} mt={24 + row * 20} />
          ))}
        </div>
      ))}
    </div>
  );
}
