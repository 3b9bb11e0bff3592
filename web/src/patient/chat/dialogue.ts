import type {
  BookingAnswer,
  Conversation,
  HoldAnswer,
  Offer,
  ToolRefusal,
} from "@chairtime/client";
import { OFFERED, Search } from "./search";
import { type Sentences, type Understood, understood } from "./understanding";

/** A booking; with its hold token if this conversation made it. */
type Booked = BookingAnswer & { hold_token?: string };
type Aim = "cancel" | "move";

/** What the bot can do for this person. */
export interface Doors {
  tool: Conversation["tool"];
  /** The ids of the person's bookings that are ahead, the soonest first. */
  bookings(): Promise<readonly string[]>;
  /** Who is not signed in is only shown times. */
  isSignedIn: boolean;
}

/** What a visitor wanted, to be done once they have signed in. */
export type Pending = { offer: Offer } | { text: string };

/** The scripted demo bot. `hear` and `expired` do what follows, and resolve with what it says. */
export class Dialogue {
  hold: HoldAnswer | null = null;
  over = false;
  pending: Pending | null = null;
  private booking: Booked | null = null;
  /** The bookings of which one is to be chosen, and for what. */
  private asked: { aim: Aim; bookings: readonly Booked[] } | null = null;
  private moving = false;
  private readonly search: Search;

  constructor(
    private readonly doors: Doors,
    private readonly sentences: Sentences,
  ) {
    this.search = new Search(doors.tool, (name) => this.says(name));
  }

  says(name: string): string {
    return this.sentences.says[name] ?? name;
  }

  async hear(text: string, today: string): Promise<string[]> {
    const meant = understood(text, this.sentences, today);
    this.pending = null;
    if (meant.intent === "stop") {
      this.over = true;
      return [...(await this.giveBack()), this.says("bye")];
    }
    if (meant.intent === "help") return [this.says("help")];
    if (meant.intent === "hello" && !isWishing(meant)) return [this.says("greeting")];
    if (meant.intent === "list") return this.doors.isSignedIn ? this.list() : this.signIn({ text });
    if (this.hold) return this.ofHold(this.hold, meant);
    const { asked } = this;
    this.asked = null;
    const answered = asked && (await this.ofAsked(asked.aim, asked.bookings, meant));
    if (answered) return answered;
    if (meant.intent === "cancel" || meant.intent === "move") {
      if (this.doors.isSignedIn) return this.ofBooking(meant.intent, meant);
      return this.signIn({ text });
    }
    return this.ofSearch(meant);
  }

  /** The held time has run out: offers anew. */
  async expired(): Promise<string[]> {
    this.hold = null;
    return [this.says("expired"), ...(await this.search.run())];
  }

  /** Goes on with what a visitor wanted, after they have signed in. */
  async resume(pending: Pending, today: string): Promise<string[]> {
    return "offer" in pending ? this.take(pending.offer) : this.hear(pending.text, today);
  }

  /** The person was asked whether to book what is held. */
  private async ofHold(hold: HoldAnswer, meant: Understood): Promise<string[]> {
    if (meant.intent === "yes") {
      const { booking_id, hold_token, read_back_hash } = hold;
      const proof = { booking_id, hold_token, read_back_hash };
      const answer = await this.doors.tool("confirm_booking", proof);
      this.hold = null;
      if (!answer.ok) return this.instead(answer);
      this.booking = { ...answer, hold_token };
      this.search.offers = [];
      return [answer.say];
    }
    const wishing = isWishing(meant);
    if (meant.intent === null && !wishing) return [this.says("unclear"), this.says("book")];
    const givenBack = await this.giveBack();
    const rejected = ["no", "cancel", "move"].includes(meant.intent ?? "");
    if (rejected && !wishing && !meant.choice) return [...givenBack, ...this.noneOfThese()];
    return [...givenBack, ...(await this.ofSearch(meant))];
  }

  /** The person wants to cancel or move the booking of this conversation, else another one. */
  private async ofBooking(aim: Aim, meant: Understood): Promise<string[]> {
    if (this.booking) return this.act(aim, this.booking, meant);
    const ahead = await this.ahead();
    const [first, ...others] = ahead;
    if (!first) return [this.says("none")];
    if (others.length === 0 && aim === "move") {
      return [first.say, ...(await this.act(aim, first, meant))];
    }
    this.asked = { aim, bookings: ahead };
    if (others.length === 0) return [first.say, this.says("cancel")];
    return [...ahead.map((each, n) => `${n + 1}. ${each.say}`), this.says("choose")];
  }

  private async ahead(): Promise<Booked[]> {
    const ahead: Booked[] = [];
    for (const booking_id of await this.doors.bookings()) {
      const found = await this.doors.tool("get_booking", { booking_id });
      if (found.ok && ahead.length < OFFERED) ahead.push(found);
    }
    return ahead;
  }

  private async list(): Promise<string[]> {
    const ahead = await this.ahead();
    return ahead.length > 0 ? ahead.map((each) => each.say) : [this.says("none")];
  }

  /** The person was asked which booking, or whether this one; null for another answer. */
  private async ofAsked(
    aim: Aim,
    bookings: readonly Booked[],
    meant: Understood,
  ): Promise<string[] | null> {
    if (meant.intent === "no") return [this.says("kept")];
    const agreed = meant.intent === "yes" && bookings.length === 1 ? 1 : null;
    const chosen = bookings[(meant.choice ?? agreed ?? 0) - 1];
    return chosen ? this.act(aim, chosen, meant) : null;
  }

  private async act(aim: Aim, booking: Booked, meant: Understood): Promise<string[]> {
    if (aim === "cancel") return this.cancel(booking);
    this.booking = booking;
    this.moving = true;
    const { appointment_type, dentist_id } = booking.slot;
    this.search.begin({ appointment_type, dentist: dentist_id });
    return isWishing(meant) ? this.ofSearch(meant) : [this.says("other")];
  }

  private async ofSearch(meant: Understood): Promise<string[]> {
    const { intent, wishes } = meant;
    const wishing = isWishing(meant);
    const agreed = intent === "yes" && !this.search.rejected;
    const chosen = meant.choice ?? (agreed ? 1 : null);
    const offer = chosen === null || wishing ? undefined : this.search.offers[chosen - 1];
    if (offer) return this.take(offer);
    if (intent === "no" && !wishing) {
      this.moving = false;
      return this.noneOfThese();
    }
    if (!wishing && intent !== "later") return [this.says("unclear")];
    if (wishes.appointment_type && intent !== "move") this.moving = false;
    return this.search.refine(wishes, intent === "later");
  }

  private async take(offer: Offer): Promise<string[]> {
    if (!this.doors.isSignedIn) return [offer.say, ...this.signIn({ offer })];
    const { dentist_id, starts_at, appointment_type } = offer;
    const slot = { dentist_id, starts_at, appointment_type };
    if (this.moving && this.booking) {
      const moved = await this.doors.tool("reschedule_booking", {
        ...named(this.booking),
        ...slot,
      });
      if (!moved.ok) return this.instead(moved);
      this.moving = false;
      this.search.offers = [];
      this.booking = { ...this.booking, ...moved };
      return [moved.say];
    }
    const held = await this.doors.tool("hold_slot", slot);
    if (!held.ok) return this.instead(held);
    this.hold = held;
    return [held.say, held.read_back, this.says("book")];
  }

  private signIn(pending: Pending): string[] {
    this.pending = pending;
    return [this.says("sign_in")];
  }

  private noneOfThese(): string[] {
    this.search.rejected = true;
    return [this.says("other")];
  }

  private instead(refusal: ToolRefusal): string[] {
    if (refusal.alternatives.length > 0) {
      return this.search.offer(refusal.alternatives, refusal.say);
    }
    this.search.offers = [];
    return [refusal.say];
  }

  private async cancel(booking: Booked): Promise<string[]> {
    const answer = await this.doors.tool("cancel_booking", named(booking));
    if (answer.ok) {
      this.booking = null;
      this.moving = false;
    }
    return [answer.say];
  }

  /** Releases what is held, if anything is. */
  private async giveBack(): Promise<string[]> {
    if (!this.hold) return [];
    const { hold } = this;
    this.hold = null;
    return [(await this.doors.tool("cancel_booking", named(hold))).say];
  }
}

function isWishing(meant: Understood): boolean {
  return Object.keys(meant.wishes).length > 0;
}

/** Its id, with its hold token if this conversation made it. */
function named({ booking_id, hold_token }: Booked): { booking_id: string; hold_token?: string } {
  return hold_token ? { booking_id, hold_token } : { booking_id };
}
