import { useEffect, useRef, useSyncExternalStore } from "react";

/** A key, such as `?` or `ArrowLeft`; `mod+k` is Ctrl or Command with it. */
export interface Shortcut {
  key: string;
  does: string;
}

const KEPT = "chairtime.single_keys";
const listeners = new Set<() => void>();
let shown: readonly Shortcut[] = [];
let single = localStorage.getItem(KEPT) !== "off";

/** Calls `run` when the key is pressed outside a field, while the component is shown. */
export function useShortcut(key: string, does: string, run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const shortcut = { key, does };
    change([...shown, shortcut]);
    const press = (event: KeyboardEvent) => {
      if (!matches(event, key) || (!key.startsWith("mod+") && (!single || isTyping(event)))) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener("keydown", press);
    return () => {
      window.removeEventListener("keydown", press);
      change(shown.filter((each) => each !== shortcut));
    };
  }, [key, does]);
}

/** The shortcuts of what is shown now. */
export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(subscribe, () => shown);
}

/** Whether shortcuts of a single key are on; speech input needs them off (WCAG 2.1.4). */
export function useSingleKeys(): [boolean, (on: boolean) => void] {
  return [useSyncExternalStore(subscribe, () => single), switchSingle];
}

function switchSingle(on: boolean): void {
  single = on;
  localStorage.setItem(KEPT, on ? "on" : "off");
  notify();
}

function matches(event: KeyboardEvent, key: string): boolean {
  const mod = event.ctrlKey || event.metaKey;
  if (key.startsWith("mod+")) return mod && event.key.toLowerCase() === key.slice(4);
  return !mod && !event.altKey && event.key === key;
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.matches("input, textarea, select") ||
    target.closest("[role=dialog], [role=menu]") !== null
  );
}

function change(next: readonly Shortcut[]): void {
  shown = next;
  notify();
}

function notify(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
