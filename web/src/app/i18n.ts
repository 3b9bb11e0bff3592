import i18next, { type BackendModule, type ReadCallback, type ResourceKey } from "i18next";
import { initReactI18next } from "react-i18next";

export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

const KEPT = "chairtime.language";
const files = import.meta.glob<string>("../i18n/*/*.json", {
  eager: true,
  query: "?url",
  import: "default",
});

/** Loads a language's texts of one app when that app is shown. */
const backend: BackendModule = {
  type: "backend",
  init: () => undefined,
  read(language: string, namespace: string, done: ReadCallback) {
    const url = files[`../i18n/${language}/${namespace}.json`];
    if (!url) return done(new Error(`no texts: ${language}/${namespace}`), null);
    load(url).then(
      (texts) => done(null, texts),
      (error: Error) => done(error, true), // true: i18next tries again, five times
    );
  },
};

async function load(url: string): Promise<ResourceKey> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

/** Loads the texts of all pages, and with them these namespaces. */
export function startI18n(namespaces: readonly string[]): void {
  void i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: preferred(),
      fallbackLng: "en",
      supportedLngs: [...LANGUAGES],
      ns: ["common", "errors", ...namespaces],
      defaultNS: "common",
      interpolation: { escapeValue: false }, // React shows every text as text
      returnNull: false,
    });
  i18next.on("languageChanged", describePage);
  describePage(i18next.language);
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(KEPT, language);
  void i18next.changeLanguage(language);
}

function preferred(): Language {
  const wanted = [localStorage.getItem(KEPT), ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.find(isLanguage) ?? "en";
}

/** Whether the app speaks it. */
export function isLanguage(tag: string | null): tag is Language {
  return LANGUAGES.some((language) => language === tag);
}

function describePage(language: string): void {
  document.documentElement.lang = language;
  document.documentElement.dir = i18next.dir(language);
}
