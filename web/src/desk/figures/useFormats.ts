import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { dayText } from "../../shared/days";
import { formatLocale } from "../../shared/locale";

/** How numbers and days are written; a dash where there is no number. */
export function useFormats() {
  const { i18n } = useTranslation();
  const { language } = i18n;
  return useMemo(() => {
    const locale = formatLocale(language);
    const format = (options: Intl.NumberFormatOptions) => {
      const numbers = new Intl.NumberFormat(locale, options);
      return (value: number | null) => (value === null ? "–" : numbers.format(value));
    };
    return {
      count: format({ maximumFractionDigits: 0 }),
      decimal: format({ maximumFractionDigits: 1 }),
      percent: format({ style: "percent", maximumFractionDigits: 1 }),
      day: (day: string) => dayText(day, language, { day: "numeric", month: "short" }),
    };
  }, [language]);
}

/** A share; null of nothing. */
export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

export function sum<Row>(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}
