/**
 * Server-sent events over fetch: unlike EventSource it tells the status (a twin without the feed answers 404),
 * takes a tenant's header, and leaves the waiting between two attempts to us.
 */
export interface Message {
  event: string;
  id: string;
  data: string;
}

/** Bytes in, messages out, whatever the pieces. [HTML, 9.2.6 Interpreting an event stream] */
export class EventParser {
  private rest = '';
  private event = '';
  private data: string[] = [];
  private id = '';

  push(text: string): Message[] {
    const out: Message[] = [];
    this.rest += text;
    for (;;) {
      const end = /\r\n|\n|\r(?!$)/.exec(this.rest);
      if (!end) return out;
      const line = this.rest.slice(0, end.index);
      this.rest = this.rest.slice(end.index + end[0].length);
      const message = this.line(line);
      if (message) out.push(message);
    }
  }

  private line(line: string): Message | null {
    if (line === '') {
      const message = this.data.length ? { event: this.event || 'message', id: this.id, data: this.data.join('\n') } : null;
      this.event = '';
      this.data = [];
      return message;
    }
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'event') this.event = value ?? '';
    else if (field === 'data') this.data.push(value ?? '');
    else if (field === 'id') this.id = value ?? '';
    return null;
  }
}

export type FeedState = 'connecting' | 'live' | 'waiting' | 'absent';

export interface FeedListener {
  message(message: Message): void;
  state(state: FeedState, retryInMs?: number): void;
}

const WAIT_LEAST_MS = 1000;
const WAIT_MOST_MS = 30000;

/** Half of the doubled waiting is left to chance, so that a thousand pages do not come back at once. */
export function waiting(attempt: number, chance: number): number {
  const most = Math.min(WAIT_MOST_MS, WAIT_LEAST_MS * 2 ** Math.min(attempt, 10));
  return most / 2 + (most / 2) * chance;
}

/**
 * Listen until stopped. Asleep it has no connection, of which a browser keeps few for one host: a page that
 * nobody looks at shall not hold one. Awake again it comes back with the last id.
 */
export class Feed {
  private stopped = false;
  private attempt = new AbortController();
  private lastId = '';
  private wakeUp: (() => void) | null = null;

  constructor(
    private readonly url: string,
    private readonly headers: Record<string, string>,
    private readonly listener: FeedListener,
    private asleep = false,
  ) {
    void this.listen();
  }

  stop(): void {
    this.stopped = true;
    this.sleep(false);
    this.attempt.abort();
  }

  sleep(asleep: boolean): void {
    this.asleep = asleep;
    if (asleep) this.attempt.abort();
    else this.wakeUp?.();
  }

  private async listen(): Promise<void> {
    for (let attempt = 0; !this.stopped; attempt++) {
      if (this.asleep) await new Promise<void>((resolve) => (this.wakeUp = resolve));
      if (this.stopped) return;
      this.listener.state('connecting');
      const outcome = await this.once().catch(() => 'failed' as const);
      if (this.stopped) return;
      if (outcome === 'absent') return this.listener.state('absent');
      if (this.attempt.signal.aborted) continue; // by sleep()
      if (outcome === 'heard') attempt = 0;
      const ms = waiting(attempt, Math.random());
      this.listener.state('waiting', ms);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }

  private async once(): Promise<'absent' | 'heard' | 'failed'> {
    const headers: Record<string, string> = { ...this.headers, Accept: 'text/event-stream' };
    if (this.lastId) headers['Last-Event-ID'] = this.lastId;
    this.attempt = new AbortController();
    const answer = await fetch(this.url, { headers, cache: 'no-store', signal: this.attempt.signal });
    if (answer.status === 404) return 'absent';
    if (!answer.ok || !answer.body) return 'failed';
    this.listener.state('live');
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
      if (done) return 'heard';
      for (const message of parser.push(decoder.decode(value, { stream: true }))) {
        if (message.id) this.lastId = message.id;
        this.listener.message(message);
      }
    }
  }
}
