import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { type PaletteItem, type PaletteSource, usePaletteSources } from "./sources";

const TYPING_MS = 150;

export interface Found {
  name: string;
  items: readonly PaletteItem[];
}

interface Answer {
  found: readonly Found[];
  /** Whether a source failed. */
  failed: boolean;
  /** The words for which these were found. */
  of: string;
}

/** What the sources find for the words, by source. */
export function useFound(query: string): Answer {
  const sources = usePaletteSources();
  const [words] = useDebouncedValue(query.trim(), TYPING_MS);
  const [answer, setAnswer] = useState<Answer>({ found: [], failed: false, of: "" });

  useEffect(() => {
    const stop = new AbortController();
    void Promise.all(sources.map((source) => ask(source, words, stop.signal))).then((answers) => {
      if (stop.signal.aborted) return;
      setAnswer({
        found: answers.filter((each) => each !== null).filter(({ items }) => items.length > 0),
        failed: answers.includes(null),
        of: words,
      });
    });
    return () => stop.abort();
  }, [sources, words]);

  return answer;
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
