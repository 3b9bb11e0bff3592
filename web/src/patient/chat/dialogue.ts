import type {
  BookingAnswer,
  Conversation,
  HoldAnswer,
  Offer,
  ToolArguments,
  ToolRefusal,
} from "@chairtime/client";
import { type Sentences, type Understood, understood, type Wishes } from "./understanding";

/** Times that are offered at once. */
const OFFERED = 3;

type Booked = BookingAnswer & { hold_token: string };

/** The scripted demo bot. `hear` and `expired` do what follows, and resolve with what it says. */
export class Dialogue {
  hold: HoldAnswer | null = null;
  over = false;
  private booking: Booked | null = null;
  private moving = false;
  private wishes: Wishes = {};
  private offers: Offer[] = [];

  constructor(
    private readonly conversation: Pick<Conversation, "tool">,
    private readonly sentences: Sentences,
  ) {}

  says(name: string): string {
    return this.sentences.says[name] ?? name;
  }

  async hear(text: string, today: string): Promise<string[]> {
    const meant = understood(text, this.sentences, today);
    if (meant.intent === "stop") {
      this.over = true;
      return [...(await this.giveBack()), this.says("bye")];
    }
    if (meant.intent === "help") return [this.says("help")];
    return this.hold ? this.ofHold(this.hold, meant) : this.ofSearch(meant);
  }

  /** The held time has run out: offers anew. */
  async expired(): Promise<string[]> {
    this.hold = null;
    return [this.says("expired"), ...(await this.search())];
  }

  /** The person was asked whether to book what is held. */
  private async ofHold(hold: HoldAnswer, meant: Understood): Promise<string[]> {
    if (meant.intent === "yes") {
      const { booking_id, hold_token, read_back_hash } = hold;
      const proof = { booking_id, hold_token, read_back_hash };
      const answer = await this.conversation.tool("confirm_booking", proof);
      this.hold = null;
      if (!answer.ok) return this.instead(answer);
      this.booking = { ...answer, hold_token };
      return [answer.say];
    }
    if (meant.intent === null && Object.keys(meant.wishes).length === 0) {
      return [this.says("unclear"), this.says("book")];
    }
    const givenBack = await this.giveBack();
    if (meant.intent === "no" || meant.intent === "cancel") {
      return [...givenBack, this.says("other")];
    }
    return [...givenBack, ...(await this.ofSearch(meant))];
  }

  private async ofSearch(meant: Understood): Promise<string[]> {
    const { intent } = meant;
    const wishing = Object.keys(meant.wishes).length > 0;
    if (intent === "cancel") return this.booking ? this.cancel(this.booking) : [this.says("none")];
    if (intent === "move") {
      if (!this.booking) return [this.says("none")];
      this.moving = true;
    }
    const chosen = meant.choice ?? (intent === "yes" ? 1 : null);
    const offer = chosen === null || wishing ? undefined : this.offers[chosen - 1];
    if (offer) return this.take(offer);
    if (intent === "no") return [this.says("other")];
    if (!wishing && intent !== "later" && intent !== "move") return [this.says("unclear")];
    this.wishes = { ...this.wishes, not_before: null, earliest: null, ...meant.wishes };
    const last = this.offers.at(-1);
    if (intent === "later" && last) this.wishes.not_before = last.starts_at;
    return this.search();
  }

  private async search(): Promise<string[]> {
    if (!this.wishes.appointment_type) return [this.says("treatment")];
    // A null counts as an absent argument.
    const asked = this.wishes as ToolArguments<"find_slots">;
    const answer = await this.conversation.tool("find_slots", asked);
    if (!answer.ok) return [answer.say];
    const after = answer.slots.filter((each) => each.starts_at !== asked.not_before);
    const next = answer.next_available ? [answer.next_available] : [];
    return this.offer(after.length > 0 ? after : next, answer.say);
  }

  private offer(offers: Offer[], said: string): string[] {
    this.offers = offers.slice(0, OFFERED);
    const lines = this.offers.map((each, n) => `${n + 1}. ${each.say}`);
    return [said, ...lines, this.says(lines.length > 0 ? "choose" : "other")];
  }

  private async take({ dentist_id, starts_at, appointment_type }: Offer): Promise<string[]> {
    const slot = { dentist_id, starts_at, appointment_type };
    if (this.moving && this.booking) {
      const { booking_id, hold_token } = this.booking;
      const move = { booking_id, hold_token, ...slot };
      const moved = await this.conversation.tool("reschedule_booking", move);
      if (!moved.ok) return this.instead(moved);
      this.moving = false;
      this.offers = [];
      this.booking = { ...moved, hold_token };
      return [moved.say];
    }
    const held = await this.conversation.tool("hold_slot", slot);
    if (!held.ok) return this.instead(held);
    this.hold = held;
    return [held.say, held.read_back, this.says("book")];
  }

  private instead(refusal: ToolRefusal): string[] {
    return this.offer(refusal.alternatives, refusal.say);
  }

  private async cancel({ booking_id, hold_token }: Booked): Promise<string[]> {
    const answer = await this.conversation.tool("cancel_booking", { booking_id, hold_token });
    if (answer.ok) {
      this.booking = null;
      this.moving = false;
    }
    return [answer.say];
  }

  /** Releases what is held, if anything is. */
  private async giveBack(): Promise<string[]> {
    if (!this.hold) return [];
    const { booking_id, hold_token } = this.hold;
    this.hold = null;
    return [(await this.conversation.tool("cancel_booking", { booking_id, hold_token })).say];
  }
}
