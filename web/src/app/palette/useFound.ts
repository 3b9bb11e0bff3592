import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { type PaletteItem, type PaletteSource, usePaletteSources } from "./sources";

const TYPING_MS = 150;

export interface Found {
  name: string;
  items: readonly PaletteItem[];
}

/** What the sources find for the words, by source, and whether one of them failed. */
export function useFound(query: string): { found: readonly Found[]; failed: boolean } {
  const sources = usePaletteSources();
  const [words] = useDebouncedValue(query.trim(), TYPING_MS);
  const [found, setFound] = useState<readonly Found[]>([]);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    const stop = new AbortController();
    void Promise.all(sources.map((source) => ask(source, words, stop.signal))).then((answers) => {
      if (stop.signal.aborted) return;
      setFound(answers.filter((answer) => answer !== null).filter(({ items }) => items.length > 0));
      setFailed(answers.includes(null));
    });
    return () => stop.abort();
  }, [sources, words]);

  return { found, failed };
}

/** What one source finds; null where it failed. */
async function ask(
  source: PaletteSource,
  words: string,
  signal: AbortSignal,
): Promise<Found | null> {
  try {
    return { name: source.name, items: await source.find(words, signal) };
  } catch {
    return null;
  }
}
