/** The part of Web Locks that is used. */
export interface Locks {
  request(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    callback: () => Promise<void>,
  ): Promise<unknown>;
}

/** The part of BroadcastChannel that is used. */
export interface Channel {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** Calls the listener when the page may have slept or been offline; returns what ends it. */
export type OnWake = (listener: () => void) => () => void;

/** Where there are no pages, as in Node, it never calls. */
export const onWake: OnWake = (listener) => {
  const { document, addEventListener, removeEventListener } = globalThis;
  if (document === undefined || addEventListener === undefined) return () => undefined;
  const shown = () => {
    if (document.visibilityState === "visible") listener();
  };
  document.addEventListener("visibilitychange", shown);
  addEventListener("online", listener);
  return () => {
    document.removeEventListener("visibilitychange", shown);
    removeEventListener("online", listener);
  };
};

/** The browser's locks; null where there are none, as in pages that are not secure. */
export function webLocks(): Locks | null {
  const locks: unknown = Reflect.get(globalThis.navigator ?? {}, "locks");
  return locks ? (locks as Locks) : null;
}

/** How to open a channel; null where there are none. */
export function openChannel(): ((name: string) => Channel) | null {
  if (typeof BroadcastChannel === "undefined") return null;
  return (name) => new BroadcastChannel(name) as Channel;
}
