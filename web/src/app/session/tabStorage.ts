/**
 * The session's storage: this tab's `sessionStorage`. A new tab takes the session over from a tab
 * that is open; a renewed token and a sign-out reach all tabs of the same person.
 */

const PREFIX = "chairtime.session.";
const ANSWER_MS = 150;
/** Shared by all tabs that have a session. */
const LOCK = "chairtime.session";

type Entries = Record<string, string>;
type Message =
  | { kind: "ask" }
  | { kind: "give"; entries: Entries }
  | { kind: "set"; owner: string; key: string; value: string }
  | { kind: "clear"; owner: string };

const channel =
  typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("chairtime.session");
let owner: string | undefined;
let onCleared: (() => void) | undefined;
let unlock: (() => void) | undefined;

channel?.addEventListener("message", (event: MessageEvent<Message>) => hear(event.data));

/** Storage as supabase-js wants it. */
export const tabStorage = {
  getItem: (key: string): string | null => sessionStorage.getItem(PREFIX + key),
  setItem(key: string, value: string): void {
    sessionStorage.setItem(PREFIX + key, value);
    if (owner) tell({ kind: "set", owner, key, value });
  },
  removeItem(key: string): void {
    sessionStorage.removeItem(PREFIX + key);
  },
};

/** Takes over the session of another tab where this one has none. */
export async function adopt(): Promise<void> {
  if (!channel || Object.keys(read()).length > 0 || !(await othersMayHaveOne())) return;
  await new Promise<void>((resolve) => {
    const wait = setTimeout(resolve, ANSWER_MS);
    channel.addEventListener("message", function first(event: MessageEvent<Message>) {
      if (event.data.kind !== "give") return;
      channel.removeEventListener("message", first);
      clearTimeout(wait);
      resolve();
    });
    tell({ kind: "ask" });
  });
}

/** Says whose session this tab has, and what to do when that person signs out in another tab. */
export function own(userId: string | undefined, cleared?: () => void): void {
  owner = userId;
  onCleared = cleared;
  unlock?.();
  unlock = undefined;
  if (!userId) return;
  const over = new Promise<void>((resolve) => {
    unlock = resolve;
  });
  void navigator.locks?.request(LOCK, { mode: "shared" }, () => over);
}

/** Forgets the session in this tab, and in all others of the same person. */
export function clear(): void {
  if (owner) tell({ kind: "clear", owner });
  forget();
}

/** Whether a tab has a session; without Web Locks nobody knows. */
async function othersMayHaveOne(): Promise<boolean> {
  const locks = await navigator.locks?.query();
  return locks?.held?.some(({ name }) => name === LOCK) ?? true;
}

function hear(message: Message): void {
  switch (message.kind) {
    case "ask":
      if (owner) tell({ kind: "give", entries: read() });
      return;
    case "give":
      if (!owner && Object.keys(read()).length === 0) write(message.entries);
      return;
    case "set":
      if (message.owner === owner) sessionStorage.setItem(PREFIX + message.key, message.value);
      return;
    case "clear":
      if (message.owner !== owner) return;
      forget();
      onCleared?.();
  }
}

function tell(message: Message): void {
  channel?.postMessage(message);
}

function read(): Entries {
  const keys = Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  return Object.fromEntries(
    keys.map((key) => [key.slice(PREFIX.length), sessionStorage.getItem(key) ?? ""]),
  );
}

function write(entries: Entries): void {
  for (const [key, value] of Object.entries(entries)) sessionStorage.setItem(PREFIX + key, value);
}

function forget(): void {
  for (const key of Object.keys(read())) sessionStorage.removeItem(PREFIX + key);
}
