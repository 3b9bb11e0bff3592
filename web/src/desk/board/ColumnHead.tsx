import { useTranslation } from "react-i18next";
import classes from "./Board.module.css";
import type { ColumnOfBoard } from "./useColumns";

interface Props {
  column: ColumnOfBoard;
  isOff: boolean;
  /** Whether no other dentist is shown. */
  isOnly: boolean;
  onOnly: (dentistId: string | null) => void;
}

/** The head of a column. A dentist's name shows that dentist alone, and all of them again. */
export function ColumnHead({ column, isOff, isOnly, onOnly }: Props) {
  const { t } = useTranslation("desk");
  const { label, note, dentistId } = column;
  return (
    <div className={classes.head}>
      <h2 title={label}>
        {dentistId ? (
          <button
            type="button"
            aria-pressed={isOnly}
            title={isOnly ? t("board.all") : t("board.only", { column: label })}
            onClick={() => onOnly(isOnly ? null : dentistId)}
          >
            {label}
          </button>
        ) : (
          label
        )}
      </h2>
      <small>
        {isOff ? t("board.off") : note}
        {isOnly && (
          <button type="button" className="no-print" onClick={() => onOnly(null)}>
            {t("board.all")}
          </button>
        )}
      </small>
    </div>
  );
}
