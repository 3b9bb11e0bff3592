import { useEffect, useRef, useSyncExternalStore } from "react";

/** Something to go to or to do, as the palette lists it. */
export interface PaletteItem {
  id: string;
  label: string;
  description?: string;
  run: () => void;
}

/** What a source finds for the words that were typed; all it has, or nothing, for none. */
export type FindItems = (
  query: string,
  signal: AbortSignal,
) => Promise<readonly PaletteItem[]> | readonly PaletteItem[];

export interface PaletteSource {
  /** The heading of its items. */
  name: string;
  find: FindItems;
}

const listeners = new Set<() => void>();
let sources: readonly PaletteSource[] = [];

/** Adds what this component knows to the palette, while the component is shown. */
export function usePaletteSource(name: string, find: FindItems): void {
  const latest = useRef(find);
  latest.current = find;
  useEffect(() => {
    const source: PaletteSource = {
      name,
      find: (query, signal) => latest.current(query, signal),
    };
    change([...sources, source]);
    return () => change(sources.filter((each) => each !== source));
  }, [name]);
}

export function usePaletteSources(): readonly PaletteSource[] {
  return useSyncExternalStore(subscribe, () => sources);
}

function change(next: readonly PaletteSource[]): void {
  sources = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
