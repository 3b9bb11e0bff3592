import { newKey } from "@chairtime/client";
import { useClient } from "@chairtime/client/react";
import { useEffect, useMemo, useRef, useState } from "react";
import sentences from "../../../../embedded/chat/sentences.json";
import type { Language } from "../../app/i18n";
import { useUser } from "../../app/session/SessionProvider";
import { dayOf } from "../../shared/days";
import { Dialogue } from "./dialogue";

export interface Line {
  id: number;
  from: "bot" | "person";
  text: string;
}

function today(): string {
  return dayOf(Date.now(), Intl.DateTimeFormat().resolvedOptions().timeZone);
}

let pending: string | null = null;

/** A conversation with the scripted demo bot. What a visitor said is answered once they signed in. */
export function useChat(language: Language) {
  const client = useClient();
  const user = useUser();
  const [lines, setLines] = useState<Line[]>([]);
  const [hold, setHold] = useState<Dialogue["hold"]>(null);
  const [isBusy, setBusy] = useState(false);
  const [needsSignIn, setNeedsSignIn] = useState(false);
  const count = useRef(0);
  const dialogue = useMemo(
    () =>
      new Dialogue(
        client.conversation({ conversation_id: newKey(), language }),
        sentences[language],
      ),
    [client, language],
  );

  const add = (from: Line["from"], texts: readonly string[]) =>
    setLines((known) => [
      ...known,
      ...texts.map((text) => {
        count.current += 1;
        return { id: count.current, from, text };
      }),
    ]);

  /** Shows what the bot says, and what it then holds. */
  const answer = async (answering: Promise<string[]>) => {
    setBusy(true);
    try {
      add("bot", await answering);
    } catch {
      add("bot", [dialogue.says("failed")]);
    }
    setHold(dialogue.hold);
    setBusy(false);
  };

  const hear = async (text: string) => {
    add("person", [text]);
    if (user) return await answer(dialogue.hear(text, today()));
    pending = text;
    return setNeedsSignIn(true);
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: each dialogue begins once
  useEffect(() => {
    setLines([]);
    setHold(null);
    add("bot", [dialogue.says("greeting")]);
    if (user && pending !== null) {
      const said = pending;
      pending = null;
      void hear(said);
    }
  }, [dialogue]);

  const held = hold?.booking_id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: one stream per hold
  useEffect(() => {
    if (!held) return;
    const leave = new AbortController();
    const follow = async () => {
      for await (const item of client.appointmentEvents(held, { signal: leave.signal })) {
        const isOver =
          item.type === "event"
            ? item.kind === "appointment.expired"
            : item.type === "snapshot" && item.appointment.status === "expired";
        if (isOver && dialogue.hold?.booking_id === held) return answer(dialogue.expired());
      }
    };
    void follow().catch(() => undefined); // refused: the next sentence is answered with why
    return () => leave.abort();
  }, [held, client]);

  return { lines, hold, isBusy, needsSignIn, isOver: dialogue.over, hear };
}
