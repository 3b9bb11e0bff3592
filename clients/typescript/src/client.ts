import createFetchClient, { type Client as FetchClient } from "openapi-fetch";
import { ServerClock } from "./clock.js";
import { Commands } from "./commands.js";
import type { Fetch, GetToken } from "./connection.js";
import { Conversation, type ConversationOptions } from "./conversation.js";
import { follow } from "./following.js";
import type { paths } from "./generated/schema.js";
import { Live, type LiveOptions } from "./live.js";
import { transport } from "./transport.js";
import type { StreamItem } from "./types.js";

export interface ClientOptions {
  /** Where the API is, as `https://clinic.example`; in a page by default its own origin. */
  baseUrl?: string;
  /** Called before each connection and request; null is a visitor who has not signed in. */
  getToken?: GetToken;
  /**
   * Whose client it is: names the stream that the tabs of a browser share. Null is a visitor, whose
   * stream has the slots only. If it is left out, there is no stream.
   */
  userId?: string | null;
  /** Topics of a user's shared stream; all that they may see by default. */
  topics?: readonly string[];
  fetch?: Fetch;
  /** Milliseconds that one attempt of a request may take. */
  timeout?: number;
  /** Milliseconds before each repeat of a command whose outcome is unknown. */
  repeats?: readonly number[];
  live?: Partial<Omit<LiveOptions, "name" | "stream">>;
}

export interface EventsOptions {
  topics?: readonly string[];
  /** Go on after this cursor, as the `Event-Cursor` of a list; from now on by default. */
  cursor?: string | null;
  signal?: AbortSignal;
  /** Called when a connection was lost and another attempt follows. */
  onLost?: () => void;
}

/** What may be followed without a token. */
const PUBLIC_TOPICS = ["availability"] as const;

/** A Chairtime API as one user sees it. */
export class Client {
  readonly baseUrl: string;
  readonly userId: string | null;
  /** Every route, typed. Rejects with Refusal or Unreachable. */
  readonly api: FetchClient<paths>;
  /** The commands of bookings. */
  readonly commands: Commands;
  readonly clock = new ServerClock();
  /** The stream that this user's tabs share; closed until `live.open()`. */
  readonly live: Live;
  private readonly fetch: Fetch;
  private readonly getToken: GetToken;

  constructor(options: ClientOptions = {}) {
    this.baseUrl = options.baseUrl ?? globalThis.location?.origin ?? "";
    this.userId = options.userId ?? null;
    this.fetch = options.fetch ?? ((request) => globalThis.fetch(request));
    this.getToken = options.getToken ?? (() => null);
    this.api = createFetchClient<paths>({
      baseUrl: this.baseUrl,
      fetch: transport({
        fetch: this.fetch,
        getToken: this.getToken,
        timeout: options.timeout ?? 15_000,
        repeats: options.repeats ?? [300, 1000, 3000],
      }),
    });
    this.commands = new Commands(this.api, this.clock);
    const topics = this.userId === null ? PUBLIC_TOPICS : (options.topics ?? []);
    const name = ["chairtime", this.baseUrl, this.userId ?? "visitor", ...topics].join(" ");
    this.live = new Live({
      ...options.live,
      name: options.userId === undefined ? null : name,
      stream: (stream) =>
        follow({
          ...stream,
          url: this.eventsUrl(topics),
          getToken: this.getToken,
          fetch: this.fetch,
        }),
    });
  }

  /** The verbs of a conversation, for chatbots. */
  conversation(options: ConversationOptions): Conversation {
    return new Conversation(this.api, options);
  }

  /** Events of these topics, each once and in order, across lost connections. Leave by `break`. */
  events(options: EventsOptions = {}): AsyncGenerator<StreamItem, void, undefined> {
    return this.follow(this.eventsUrl(options.topics ?? []), options);
  }

  /** The same for one booking; each connection begins with a `snapshot`. */
  appointmentEvents(
    id: string,
    options: Omit<EventsOptions, "topics"> = {},
  ): AsyncGenerator<StreamItem, void, undefined> {
    return this.follow(
      `${this.baseUrl}/api/appointments/${encodeURIComponent(id)}/events`,
      options,
    );
  }

  private follow(url: string, options: EventsOptions) {
    return follow({
      url,
      getToken: this.getToken,
      fetch: this.fetch,
      signal: options.signal ?? new AbortController().signal,
      ...(options.cursor ? { cursor: options.cursor } : {}),
      ...(options.onLost ? { onLost: options.onLost } : {}),
    });
  }

  private eventsUrl(topics: readonly string[]): string {
    const query = topics.length > 0 ? `?topics=${topics.map(encodeURIComponent).join(",")}` : "";
    return `${this.baseUrl}/api/events${query}`;
  }
}

export function createClient(options: ClientOptions = {}): Client {
  return new Client(options);
}
