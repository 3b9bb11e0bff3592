/**
 * The locale by which dates and numbers are written: the browser's own region where it has the
 * app's language, else one that writes the day before the month.
 */
export function formatLocale(language: string): string {
  const own = navigator.languages.find((tag) => tag.startsWith(`${language}-`));
  return own ?? (language === "en" ? "en-GB" : language);
}
