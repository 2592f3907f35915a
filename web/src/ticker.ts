/** What has just changed: the feed as a list of the latest, its rate as a small curve, and flashes for the map. */
import { h, refill, svg } from './dom.ts';
import { ago, clock, inSentence, perSecond, shortId, shortName, typeWords } from './format.ts';
import { Feed, type FeedState, type Message } from './sse.ts';

export interface Change {
  revision: number;
  at: string;
  verb: string;
  id: string;
  type: string[];
  attributes: string[];
  more?: number; // attributes that are not listed
}
export interface TickerEvents {
  changes(list: readonly Change[]): void;
  open(id: string): void;
  nameOf(id: string): string; // empty: it has none, or is not known here
  missed(): void; // changes that are not told one by one
  again(): void; // changes were lost: what was read before may be old
}

const ROWS = 6;
const SECONDS = 60;
const PAINT_MS = 250;
const PATIENCE_MS = 1000;

const SAID: Record<string, string> = { create: 'created', delete: 'deleted', update: 'changed', replace: 'replaced', expire: 'expired' };

export class Ticker {
  private feed: Feed | null = null;
  private latest: Change[] = [];
  private pending: Change[] = [];
  private perSecond: number[] = new Array<number>(SECONDS).fill(0);
  private heard = 0; // seconds for which there are numbers
  private missed = 0; // since the last delivery: they happened, but are not listed
  private last: Change | null = null;
  private paused = false;
  private state: FeedState = 'connecting';

  constructor(
    private readonly parts: {
      list: HTMLElement; status: HTMLElement; pause: HTMLButtonElement; curve: HTMLElement; rate: HTMLElement; last: HTMLElement;
    },
    private readonly events: TickerEvents,
  ) {
    parts.pause.addEventListener('click', () => this.pause(!this.paused));
    document.addEventListener('visibilitychange', () => this.feed?.sleep(document.hidden));
    setInterval(() => this.deliver(), PAINT_MS);
    setInterval(() => this.second(), 1000);
  }

  /** Done when the feed listens, so that what is read afterwards and what it tells leave no gap; or when it does not come soon. */
  connect(headers: Record<string, string>): Promise<void> {
    this.feed?.stop();
    this.latest = [];
    this.pending = [];
    this.last = null;
    this.missed = 0;
    this.heard = 0;
    this.perSecond.fill(0);
    return new Promise((resolve) => {
      setTimeout(resolve, PATIENCE_MS);
      this.feed = new Feed('/events', headers, {
        message: (message) => this.take(message),
        state: (state, ms) => {
          this.say(state, ms);
          if (state !== 'connecting') resolve();
        },
      }, document.hidden);
    });
  }

  /** What was the last change before the page was opened. */
  known(at: string, id: string, type: string[]): void {
    if (!this.last) this.last = { revision: 0, at, verb: 'update', id, type, attributes: [] };
    this.paintLast();
  }

  private take(message: Message): void {
    try {
      if (message.event === 'missed') {
        this.missed += (JSON.parse(message.data) as { count: number }).count;
        this.events.missed();
      }
      if (message.event === 'resync') this.events.again();
      if (message.event !== 'change') return;
      const change = JSON.parse(message.data) as Change;
      change.type = [change.type ?? []].flat();
      change.attributes ??= [];
      this.pending.push(change);
    } catch {
      this.missed++; // a message that cannot be read is one that was not heard
    }
  }

  private deliver(): void {
    const list = this.pending.splice(0);
    this.perSecond[SECONDS - 1]! += list.length + this.missed;
    this.missed = 0;
    if (list.length === 0) return;
    this.last = list[list.length - 1]!;
    this.events.changes(list);
    if (this.paused) return;
    this.latest = [...list.slice(-ROWS).reverse(), ...this.latest].slice(0, ROWS);
    this.paintList();
    this.paintLast();
  }

  private second(): void {
    this.heard = Math.min(SECONDS, this.heard + 1);
    if (!this.paused) {
      this.paintCurve();
      this.paintLast();
    }
    this.perSecond.push(0);
    this.perSecond.shift();
  }

  private pause(paused: boolean): void {
    this.paused = paused;
    this.parts.pause.textContent = paused ? 'Go on' : 'Pause';
    this.parts.pause.setAttribute('aria-pressed', String(paused));
  }

  get resting(): boolean {
    return this.paused;
  }

  private say(state: FeedState, ms = 0): void {
    this.state = state;
    const text = {
      connecting: 'Connecting',
      live: 'Live',
      waiting: `Not connected; next attempt in ${Math.ceil(ms / 1000)} s`,
      absent: 'This twin has no live feed',
    }[state];
    this.parts.status.dataset['state'] = state;
    this.parts.status.textContent = text;
    this.parts.pause.hidden = state === 'absent';
    if (!this.latest.length) this.paintList();
  }

  /** Names have come to be known. */
  repaint(): void {
    if (this.latest.length) this.paintList();
  }

  private paintList(): void {
    const rows = this.latest.map((change) => {
      const what = change.attributes.map(shortName).filter((a) => a !== 'location' || change.attributes.length === 1).map(inSentence);
      const rest = what.length - 3 + (change.more ?? 0);
      const more = rest > 0 ? ` and ${rest} more` : '';
      const open = h('button', { type: 'button', class: 'entity-link', title: change.id }, this.events.nameOf(change.id) || shortId(change.id));
      open.addEventListener('click', () => this.events.open(change.id));
      return h('li', {}, h('time', { datetime: change.at }, clock(Date.parse(change.at))), h('span', { class: 'type-name' }, change.type.map(typeWords).join(', ')),
        change.verb === 'delete' || change.verb === 'expire' ? h('span', {}, shortId(change.id)) : open, h('span', { class: 'dim what' }, said(change), change.verb === 'update' && what.length ? ` ${what.slice(0, 3).join(', ')}${more}` : ''));
    });
    // a row that has the reader's focus stays until they leave it
    if (this.parts.list.contains(document.activeElement)) return;
    const nothing = this.state === 'absent' ? 'Changes are shown here when the twin has a live feed.' : 'Waiting for the first change.';
    refill(this.parts.list, ...(rows.length ? rows : [h('li', { class: 'dim' }, nothing)]));
  }

  private paintLast(): void {
    const { last } = this;
    this.parts.last.textContent = last ? ago(Date.parse(last.at), Date.now()) : 'none seen yet';
    this.parts.last.title = last ? `${last.type.map(typeWords).join(', ')} ${last.id}` : '';
  }

  private paintCurve(): void {
    const most = Math.max(4, ...this.perSecond);
    const at = this.perSecond.map((n, i) => `${((i / (SECONDS - 1)) * 120).toFixed(1)} ${(27 - (n / most) * 25).toFixed(1)}`);
    refill(this.parts.curve, svg('svg', { viewBox: '0 0 120 28', width: 120, height: 28, 'aria-hidden': 'true', preserveAspectRatio: 'none' },
      svg('path', { class: 'curve-fill', d: `M0 28L${at.join('L')}L120 28z` }), svg('path', { class: 'curve-line', d: `M${at.join('L')}` })));
    this.parts.rate.textContent = perSecond(this.perSecond.slice(-Math.min(10, this.heard)));
  }
}

function said(change: Change): string {
  return SAID[change.verb] ?? 'changed';
}
