import { type Client, newKey } from "@chairtime/client";
import { useClient } from "@chairtime/client/react";
import { useEffect, useMemo, useRef, useState } from "react";
import sentences from "../../../../embedded/chat/sentences.json";
import type { Language } from "../../app/i18n";
import { useSession } from "../../app/session/SessionProvider";
import { dayOf } from "../../shared/days";
import { Dialogue, type Doors, type Pending } from "./dialogue";
import { OFFERED } from "./search";

export interface Line {
  id: number;
  from: "bot" | "person";
  text: string;
}

function today(): string {
  return dayOf(Date.now(), Intl.DateTimeFormat().resolvedOptions().timeZone);
}

/** What a visitor wanted when they went to sign in. A reload forgets it. */
let pending: Pending | null = null;

/** A conversation with the scripted demo bot. What a visitor wanted is done once they signed in. */
export function useChat(language: Language) {
  const client = useClient();
  const { state } = useSession();
  // Until it is known who this is, they are neither a patient nor a visitor.
  const isReady = state.status !== "starting";
  const isSignedIn = state.status === "in" && state.user.role === "patient";
  const [lines, setLines] = useState<Line[]>([]);
  const [hold, setHold] = useState<Dialogue["hold"]>(null);
  const [isBusy, setBusy] = useState(false);
  const [needsSignIn, setNeedsSignIn] = useState(false);
  const count = useRef(0);
  const dialogue = useMemo(() => {
    const conversation = client.conversation({ conversation_id: newKey(), language });
    const doors: Doors = {
      tool: (verb, args, signal) => conversation.tool(verb, args, signal),
      bookings: () => bookingsAhead(client),
      isSignedIn,
    };
    return new Dialogue(doors, sentences[language]);
  }, [client, language, isSignedIn]);

  const add = (from: Line["from"], texts: readonly string[]) =>
    setLines((known) => [
      ...known,
      ...texts.map((text) => {
        count.current += 1;
        return { id: count.current, from, text };
      }),
    ]);

  const current = useRef(dialogue);
  current.current = dialogue;

  /** Shows what the bot says, and what it then holds, unless another dialogue has begun. */
  const answer = async (answering: Promise<string[]>) => {
    setBusy(true);
    const said = await answering.catch(() => [dialogue.says("failed")]);
    if (current.current !== dialogue) return;
    add("bot", said);
    setHold(dialogue.hold);
    pending = dialogue.pending;
    setNeedsSignIn(pending !== null);
    setBusy(false);
  };

  const hear = (text: string) => {
    add("person", [text]);
    return answer(dialogue.hear(text, today()));
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: each dialogue begins once
  useEffect(() => {
    setLines([]);
    setHold(null);
    setBusy(false);
    setNeedsSignIn(false);
    add("bot", [dialogue.says("greeting")]);
    if (!isSignedIn || !pending) return;
    const wanted = pending;
    pending = null;
    void answer(dialogue.resume(wanted, today()));
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

  return { lines, hold, isReady, isBusy, needsSignIn, isOver: dialogue.over, hear };
}

async function bookingsAhead(client: Client): Promise<string[]> {
  const { data } = await client.api.GET("/api/appointments", {
    params: {
      query: {
        status: ["booked", "pending_approval"],
        from: new Date().toISOString(),
        limit: OFFERED,
      },
    },
  });
  return data?.items.map(({ id }) => id) ?? [];
}
